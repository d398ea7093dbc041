// Makes the icons of the app that is installed, of web/assets/icon.svg:
//
//     node icons.mjs
//
// They are committed; it is to be run when that changes.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { flags, whole } from './chromium.mjs';

const assets = new URL('../../web/assets/', import.meta.url);
const svg = (await readFile(new URL('icon.svg', assets))).toString('base64');
const icons = [
  { name: 'icon-192', size: 192, part: 1 },
  { name: 'icon-512', size: 512, part: 1 },
  { name: 'icon-maskable', size: 512, part: 0.62, ground: '#111418' }, // all of it in the circle that is always shown
];

const browser = await chromium.launch({ executablePath: whole, headless: true, args: flags });
for (const { name, size, part, ground = 'transparent' } of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<body style="margin: 0; display: grid; place-items: center; height: 100vh; background: ${ground}">
    <img src="data:image/svg+xml;base64,${svg}" style="width: ${part * 100}%">`);
  await page.locator('img').evaluate((image) => image.decode());
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, assets)), omitBackground: true });
}
await browser.close();
