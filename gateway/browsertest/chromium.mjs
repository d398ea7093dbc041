// Chromium, and what all stories need of it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

// Nothing waits for these but a story that fails.
export const ceiling = 120_000; // ms, of one wait
const storyCeiling = Number(process.env.STORY_CEILING ?? 600_000); // ms

// Chromium as people have it; and without its window, which is drawn by pages too and
// takes a third of the processor's time where nobody sees it.
export const whole = '/usr/bin/chromium';
export const shell = '/usr/bin/chromium-headless-shell';
export const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
];

export function check(ok, message) {
  if (!ok) throw new Error(message);
}

// launch starts a Chromium of its own, with more flags. The second result ends it.
export async function launch(more = [], executablePath = shell) {
  const profile = await mkdtemp(join(tmpdir(), 'framegate-browser-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, headless: true, args: [...flags, ...more] });
  const end = async () => {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return [context, end];
}

// run tells one story to a new Chromium. What goes wrong is on stderr and in
// the exit status, with what describe says of each page. more are flags.
export async function run(story, describe, more = [], executablePath = shell) {
  const [context, end] = await launch(more, executablePath);
  try {
    await inTime(story(context));
  } catch (error) {
    console.error(await explain(error, context.pages(), describe));
    process.exitCode = 1;
  } finally {
    await end();
  }
}

// explain puts into words what went wrong, and what there is to see of it.
export async function explain(error, pages, describe) {
  const lines = [];
  for (const page of pages) {
    lines.push(`${page.url()}: ${await describe(page).catch(() => '')} ${(page.complaints ?? []).join(' ')}`);
  }
  return [...lines, String(error.stack)].join('\n');
}

// inTime is a story that ends, in whatever way.
export function inTime(story) {
  return before(story, storyCeiling, 'the story does not end');
}

// within waits for something in a page that has no ceiling of its own.
export function within(waited, what) {
  return before(waited, ceiling, `waited in vain for ${what}`);
}

function before(waited, ms, otherwise) {
  let late;
  const ended = new Promise((_, reject) => (late = setTimeout(() => reject(new Error(otherwise)), ms)));
  return Promise.race([waited, ended]).finally(() => clearTimeout(late));
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

// follow goes on in a page of the app as a link of it does.
export const follow = (page, path) => page.evaluate((path) => {
  const link = Object.assign(document.createElement('a'), { href: path });
  document.body.append(link);
  link.click();
  link.remove();
}, path);
