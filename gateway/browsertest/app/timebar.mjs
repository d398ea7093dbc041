// The bar of time, on the page of a camera of which a film was recorded two hours ago.

import { check } from '../chromium.mjs';
import { Fingers, pixelMs } from '../fingers.mjs';

// bar opens the page, and gives the bar and what it says. Where it is played stands in the field.
async function bar({ as }) {
  const page = await as('viewer', { path: '/camera/film' });
  const slider = page.getByRole('slider', { name: 'Time bar' });
  await slider.waitFor();
  const field = page.getByLabel('Go to a time');
  const said = (pattern) => page.waitForFunction((source) => new RegExp(source).test(document.querySelector('[role="slider"]')?.ariaValueText), pattern.source);
  const played = async () => Number(await slider.getAttribute('aria-valuenow'));
  const box = () => slider.boundingBox();
  return { page, slider, field, said, played, box };
}

// What the bar says while the present is played, and while something else is.
const live = /^Live/, past = /20\d\d/;

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
  traveller.expect(/ 404 .*\/thumbnail/); // of moments of which there is none
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
  await page.keyboard.press('ArrowLeft');
  await said(past);
  const first = await played();
  await page.keyboard.press('PageDown');
  await page.waitForFunction((was) => Number(document.querySelector('[role="slider"]')?.ariaValueNow) < was, first);
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

// Two fingers spread the bar, so that a drag is over less time; and what is flung goes on.
export async function touched(traveller) {
  traveller.expect(/ 404 .*\/thumbnail/); // of moments of which there is none
  const { page, slider, said, played } = await bar(traveller);
  await said(live);
  const fingers = await Fingers.on(page, slider);
  await fingers.pinch(0.95, 16, 64); // around the present
  const before = Date.now();
  await fingers.drag(0.3, 60, () => traveller.shot('spread'));
  await said(past);
  const wentMs = before - (await played()) * 1000;
  check(wentMs / pixelMs > 10 && wentMs / pixelMs < 20, `with the bar spread to four times as much a drag over 60 px went back ${Math.round(wentMs / 1000)} s`);
  await slider.press('End');
  await said(live);
  await fingers.fling(0.3, 60);
  const farS = (before - 1.2 * wentMs) / 1000;
  await page.waitForFunction((farS) => Number(document.querySelector('[role="slider"]')?.ariaValueNow) < farS, farS);

  // Whoever returns to the present while the bar still moves is there, and stays.
  for (let i = 0; i < 3; i++) {
    await fingers.fling(0.3, 60);
    await said(past);
    await slider.press('End');
    await said(live);
    await page.evaluate(async () => {
      for (let frame = 0; frame < 30; frame++) await new Promise(requestAnimationFrame);
    });
    await said(live);
  }
}
touched.windows = ['phone'];

// How the bar says what the server knows of a hole.
const reasons = { 'framegate did not run': 'Framegate did not run', full: 'the disk was full', slow: 'the disk was too slow' };
const why = ({ reason }) => reasons[reason] ?? reason;

// Each hole in a recording says why it is there, and takes no time to who plays it, unless it is wanted to.
export async function holes(traveller) {
  traveller.expect(/ 404 .*\/thumbnail/); // of moments of which there is none
  const { page, field, said, box } = await bar(traveller);
  const { spans, gaps: all } = await traveller.api('GET', 'cameras/film/timeline?from=-3h&resolution=1s');
  const gaps = all.filter(({ to }) => Date.parse(to) <= Date.parse(spans.at(-1).from)); // the server itself did not run
  check(spans.length === 6 && gaps.length === 5, `${spans.length} stretches, ${gaps.length} holes`);
  const goTo = async (ms) => {
    await field.blur(); // or what plays goes on in it
    await field.fill(new Date(ms).toISOString());
    await field.press('Enter');
  };
  for (const gap of gaps) {
    await goTo((Date.parse(gap.from) + Date.parse(gap.to)) / 2);
    await said(new RegExp(why(gap)));
  }
  for (let i = 0; i < 6; i++) await page.getByRole('button', { name: 'Show less time' }).click();
  if (!traveller.touch) {
    const { x, y, width, height } = await box();
    const told = new Set();
    for (let part = 0; part <= 1; part += 0.01) {
      await page.mouse.move(x + part * width, y + height - 10);
      for (const text of await page.locator('.tip').allInnerTexts()) told.add(text.split('\n').at(-1));
    }
    for (const gap of gaps) check(told.has(why(gap)), `of ${why(gap)} nothing is told, but ${[...told]}`);
  }
  await traveller.shot('holes');
  if (!traveller.touch) return;

  // All six stretches are played, and no hole. A machine that stalls may miss some, and plays them again.
  const speed = page.getByRole('combobox', { name: 'Speed' });
  const starts = spans.map(({ from }) => Date.parse(from));
  await page.evaluate((starts) => {
    window.shown = new Set();
    const look = () => {
      const ms = document.querySelector('framegate-player')?.time?.getTime();
      const stretch = starts.findLastIndex((start) => start <= ms);
      if (ms) window.shown.add(document.querySelector('.hole') ? 'a hole' : stretch);
      requestAnimationFrame(look);
    };
    look();
  }, starts);
  for (let whole = false; !whole; ) {
    await goTo(starts[0] + 500);
    await speed.selectOption({ label: '8×' });
    await page.waitForFunction((ms) => document.querySelector('framegate-player')?.time?.getTime() > ms, starts[5] + 1000);
    whole = await page.evaluate(() => [0, 1, 2, 3, 4, 5].every((stretch) => window.shown.has(stretch)));
  }
  check(await page.evaluate(() => !window.shown.has('a hole')), 'a hole takes time');

  await page.getByRole('button', { name: 'How it is shown' }).click();
  await page.getByLabel('Skip what was not recorded').uncheck();
  await page.keyboard.press('Escape');
  await speed.selectOption({ label: '1×' });
  const hole = page.locator('.hole');
  for (let reached = false; !reached; ) { // unless the machine stalls until the next
    await goTo(starts[1] + 2000);
    await hole.getByText('Nothing was recorded here').waitFor();
    reached = await hole.getByText(why(gaps[1])).isVisible();
  }
  await traveller.axe();
  await traveller.shot('hole');
  const at = new URL(page.url()).searchParams.get('at');
  await page.waitForFunction((at) => Date.parse(new URL(location.href).searchParams.get('at')) > Date.parse(at) + 1000, at); // the address goes on with the time in it
  await page.getByRole('button', { name: 'Skip the gap' }).click();
  await page.waitForFunction((ms) => document.querySelector('framegate-player')?.time?.getTime() >= ms, starts[2]);
  await hole.waitFor({ state: 'detached' });
}
