// The bar of time, on the page of a camera of which a film was recorded two hours ago.

import { check } from '../chromium.mjs';

// bar opens the page, and gives the bar and what it says. Where it is played stands in the field.
async function bar({ as }) {
  const page = await as('viewer', { path: '/camera/film' });
  const slider = page.getByRole('slider', { name: 'Time bar' });
  await slider.waitFor();
  const field = page.getByLabel('Go to a time');
  const said = (pattern) => page.waitForFunction((source) => new RegExp(source).test(document.querySelector('[role="slider"]').ariaValueText), pattern.source);
  const played = async () => Number(await slider.getAttribute('aria-valuenow'));
  const box = () => slider.boundingBox();
  return { page, slider, field, said, played, box };
}

// What the bar says while the present is played, and while something else is.
const live = /^Live/, past = /20\d\d/;
const pixelMs = 60_000; // is a pixel of a bar that nobody has zoomed, on windows as wide as ours

// dragged drags with the mouse from one x to another, at a height, and has something done before it lets go.
async function dragged(page, fromX, toX, y, meanwhile) {
  await page.mouse.move(fromX, y);
  await page.mouse.down();
  for (let i = 1; i <= 8; i++) await page.mouse.move(fromX + ((toX - fromX) * i) / 8, y);
  await meanwhile?.();
  await page.mouse.up();
}

// Somebody drags the bar back, sees a small picture of that time, and comes back to the present.
export async function dragBack(traveller) {
  const { page, slider, said, played, box } = await bar(traveller);
  await said(live);
  const { x, y, width, height } = await box();
  const before = Date.now() / 1000;
  await dragged(page, x + width * 0.3, x + width * 0.6, y + height - 10, async () => {
    await page.locator('.tip strong').waitFor();
    await traveller.shot('dragged');
  });
  await said(past);
  const back = before - (await played());
  check(back * 1000 > width * 0.25 * pixelMs, `a drag over ${Math.round(width * 0.3)} px went back ${Math.round(back)} s`);
  await slider.press('End');
  await said(live);
}

// Somebody points at the film, which was recorded, and at what was not.
export async function pictures(traveller) {
  const { page, field, slider, said, box } = await bar(traveller);
  const { spans: [stretch] } = await traveller.api('GET', 'cameras/film/timeline?from=-3h&resolution=1s');
  const middleMs = (Date.parse(stretch.from) + Date.parse(stretch.to)) / 2;
  await said(live);
  const { x, y, width, height } = await box();
  const headX = x + width * 0.96 - (Date.now() - middleMs) / pixelMs;
  await field.fill(new Date(middleMs).toISOString());
  await field.press('Enter');
  await said(past);
  await page.getByRole('button', { name: 'Pause' }).click();
  await field.fill(new Date(middleMs).toISOString());
  await field.press('Enter');
  await slider.focus();
  for (let i = 0; i < 10; i++) await page.keyboard.press('+');
  await page.mouse.move(headX, y + height - 10);
  await page.locator('.tip canvas').waitFor();
  await traveller.shot('picture');
  await page.mouse.move(headX - 200, y + height - 10);
  await page.locator('.tip', { hasText: 'nothing recorded' }).waitFor();
}
pictures.windows = ['wide']; // what is pointed at with a mouse

// Somebody has only a keyboard, and somebody writes times.
export async function keysAndWords(traveller) {
  const { page, slider, field, said, played } = await bar(traveller);
  await slider.focus();
  await page.keyboard.press('PageDown');
  await said(past);
  const first = await played();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction((was) => Number(document.querySelector('[role="slider"]').ariaValueNow) < was, first);
  await page.keyboard.press('End');
  await said(live);
  await field.fill('soon');
  await field.press('Enter');
  await page.getByText('That is no time').waitFor();
  await traveller.axe();
  await field.fill('-90m');
  await field.press('Enter');
  await said(past);
  const back = Date.now() / 1000 - (await played());
  check(Math.abs(back - 5400) < 60, `-90m is ${Math.round(back)} s ago`);
  await slider.press('End');
  await said(live);
}
