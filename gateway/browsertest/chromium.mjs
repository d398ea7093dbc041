// Chromium, and what all stories need of it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

// Nothing waits for these but a story that fails.
export const ceiling = 60_000; // ms, of one wait
const storyCeiling = 150_000; // ms

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
];

export function check(ok, message) {
  if (!ok) throw new Error(message);
}

// run tells one story to a new Chromium. What goes wrong is on stderr and in
// the exit status, with what describe says of each page.
export async function run(story, describe) {
  const profile = await mkdtemp(join(tmpdir(), 'framegate-browser-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath: '/usr/bin/chromium', headless: true, args: flags });
  try {
    await Promise.race([story(context), tooLong()]);
  } catch (error) {
    for (const page of context.pages()) {
      console.error(`${page.url()}: ${await describe(page).catch(() => '')} ${(page.complaints ?? []).join(' ')}`);
    }
    console.error(String(error.stack));
    process.exitCode = 1;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

// within waits for something in a page that has no ceiling of its own.
export async function within(waited, what) {
  let late;
  const ended = new Promise((_, reject) => (late = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), ceiling)));
  return Promise.race([waited, ended]).finally(() => clearTimeout(late));
}

function tooLong() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error('the story does not end')), storyCeiling).unref());
}

// open opens a page, which keeps what the browser complains about.
export async function open(context, address, ...scripts) {
  const page = await context.newPage();
  page.setDefaultTimeout(ceiling);
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
  for (const { script, path, argument } of scripts) await page.addInitScript(script ?? { path }, argument);
  await page.goto(address);
  return page;
}
