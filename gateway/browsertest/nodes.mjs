// Tells Chromium the story of somebody whose node of a cluster dies:
//
//     node nodes.mjs URL NAME PASSWORD
//
// e2e/nodes calls it, and does what is asked for in lines on stdout ("do WORD"), which it answers
// by a line each.

import { createInterface } from 'node:readline';
import { check, open, run, within } from './chromium.mjs';

const [url, name, password] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// ask has the test do something.
async function ask(word) {
  console.log(`do ${word}`);
  await lines.next();
}

const words = (page) => page.evaluate(() => document.querySelector('framegate-player')?.words);

// moves waits for pictures that are newer than those of now.
const moves = (page) => within(page.evaluate(async () => {
  const player = document.querySelector('framegate-player');
  for (const from = player.painted; player.painted < from + 10 || player.state !== 'live'; ) await new Promise((resolve) => setTimeout(resolve, 50));
}), 'pictures that move');

const knows = (page) => within(page.evaluate(async () => {
  const asked = () => performance.getEntriesByType('resource').some(({ name, responseEnd }) => name.includes('/live/front/nodes') && responseEnd > 0);
  while (!asked()) await new Promise((resolve) => setTimeout(resolve, 50));
}), 'where else the camera is');

await run(async (context) => {
  const page = await open(context, `${url}/login?next=%2Fcamera%2Ffront`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('framegate-player').waitFor();
  await moves(page);
  await knows(page);
  page.complaints.length = 0; // that nobody was logged in at first
  await ask('kill');
  await moves(page);
  const there = page.getByRole('link', { name: /127\.0\.0\.2/ });
  await there.waitFor(); // the app says where the page is to be had
  check(!page.complaints.some((text) => text.includes('Content Security Policy')), page.complaints.join('\n'));
  check((await there.getAttribute('href')).endsWith('/camera/front'), await there.getAttribute('href'));
  await ask('remove');
  await page.waitForFunction(() => document.querySelector('framegate-player').state === 'error');
  await page.waitForFunction(() => document.querySelector('framegate-player').words.includes('the permission was taken away'));
}, words);
process.stdin.destroy(); // or it waits for the test
