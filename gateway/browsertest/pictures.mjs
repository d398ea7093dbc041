// Makes pictures of the app for the documents: node pictures.mjs ORIGIN PASSWORD FOLDER,
// which scripts/pictures calls.

import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ceiling, check, flags, whole } from './chromium.mjs';

const [origin, password, folder] = process.argv.slice(2);
const recorded = 30_000; // ms, so that there is something to look back at

const browser = await chromium.launch({ executablePath: whole, headless: true, args: flags });

// The first page asks for a password of one's own until there is one.
const own = `${password}-own`;
const first = await browser.newContext();
check((await first.request.post(`${origin}/api/v1/login`, { data: { name: 'admin', password } })).ok(), 'cannot log in');
check((await first.request.post(`${origin}/api/v1/me/password`, { data: { old: password, password: own } })).ok(), 'the password stays');
await first.close();

// page opens a page of the admin.
async function page(path, options) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(ceiling);
  const answer = await context.request.post(`${origin}/api/v1/login`, { data: { name: 'admin', password: own } });
  check(answer.ok(), await answer.text());
  const opened = await context.newPage();
  await opened.goto(origin + path);
  return opened;
}

const desk = { viewport: { width: 1120, height: 700 }, colorScheme: 'dark' };
const phone = { viewport: { width: 360, height: 700 }, colorScheme: 'light', hasTouch: true, isMobile: true };
await shoot('wall', '/', desk, '.tile.live');
await new Promise((resolve) => setTimeout(resolve, recorded));
await shoot('camera', '/camera/yard', desk, 'framegate-player');
await shoot('phone', '/camera/gate', phone, 'framegate-player');
await browser.close();

async function shoot(name, path, options, there) {
  const opened = await page(path, options);
  await opened.locator(there).first().waitFor();
  await opened.waitForFunction(() => [...document.querySelectorAll('framegate-player')].some((player) => player.state === 'live' && player.delayMs !== null));
  await opened.waitForTimeout(2500); // for what is told every two seconds
  await opened.screenshot({ path: join(folder, `${name}.png`) });
  await opened.context().close();
}
