// What a wall of 16 cameras costs, each of which sends ten pictures a second. Nothing here
// is how long something took: on a machine that others use, too, it is as often and as much.

import { check } from '../chromium.mjs';
import { Costs } from '../costs.mjs';

const many = 16;

const alive = (page) => page.waitForFunction((many) => document.querySelectorAll('[data-camera].live').length === many, many);
const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

// The page's processor does little more than with bare images of the same cameras.
export async function processor({ as, api, expect, origin }) {
  const page = await as('admin', { path: '/' });
  await alive(page);
  const costs = await Costs.of(page);
  const sent = async () => (await api('GET', 'status')).cameras.reduce((sum, { streams: [own] }) => sum + own.frames, 0);
  const looked = () => costs.cpu(async () => {
    for (const enough = (await sent()) + 500; (await sent()) < enough; ) await soon();
  });
  const wall = await looked();
  expect(/favicon\.ico/, /asks elsewhere: http:\/\/c\d\d\.localhost:/); // or six of them would be all that the browser asks for
  const link = async ({ id }) => [id, (await api('POST', `cameras/${id}/links`, { action: 'view', expires_in: '1h' })).query];
  await costs.bare(origin, Object.fromEntries(await Promise.all((await api('GET', 'cameras')).cameras.map(link))));
  const bare = await looked();
  check(wall.pages < 2 * bare.pages, `of 500 pictures the wall takes ${wall.pages.toFixed(2)} s of CPU, bare images ${bare.pages.toFixed(2)} s`);
}
processor.windows = ['wide'];

// A tile shows a camera's sub-stream as it comes, and all of the camera while it fills the page.
export async function small({ as, api, origin }) {
  const page = await as('admin', { path: '/' });
  await alive(page);
  const read = async (...want) => {
    for (let now; now !== want.join(); await soon()) {
      const { streams } = await api('GET', 'cameras/c15/status');
      const all = streams.filter(({ readers }) => readers > 0);
      check(!all.some(({ encoder }) => encoder), 'an encoder makes a tile');
      now = all.map(({ rendition }) => rendition.replace(/\d+/, '')).join();
    }
  };
  await read('own-m-sub', 'sub');
  await page.goto(`${origin}/?camera=c15`);
  await page.locator('[data-camera=c15].large.live').waitFor();
  await read('');
  await page.keyboard.press('Escape');
  await read('own-m-sub', 'sub');
}
small.windows = ['wide'];

// Whoever drags the bar of time asks for a small picture of each camera and of each ten seconds, once.
export async function scrubbed({ as, api, expect, origin }) {
  expect(/thumbnail\.jpg/); // which a server that is busy puts off
  const page = await as('admin');
  const asked = [];
  page.on('request', (request) => request.url().includes('/thumbnail.jpg') && asked.push(request.url()));
  page.on('response', (response) => response.status() === 503 && asked.splice(asked.indexOf(response.url()), 1)); // and is asked again
  const { segments: [film] } = await api('GET', 'cameras/c00/segments?from=-3h&to=now');
  await page.goto(`${origin}/?at=${new Date(Date.parse(film.start) + 50_000).toISOString()}`);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const slider = page.getByRole('slider', { name: 'Time bar' });
  await slider.focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press('+'); // a pixel is two seconds
  const { x, y, width, height } = await slider.boundingBox();
  const moved = async (px) => {
    await page.mouse.move(x + width * 0.2 + px, y + height - 10);
    await page.waitForFunction((many) => document.querySelectorAll('[data-camera] canvas.thumb').length === many, many);
  };
  await page.mouse.move(x + width * 0.2, y + height - 10);
  await page.locator('.tip', { hasText: 'nothing recorded' }).waitFor();
  asked.length = 0;
  await page.mouse.down();
  for (let px = 5; px <= 25; px++) await moved(px);
  const steps = new Set(asked.map((url) => new URL(url).searchParams.get('at'))).size;
  check(steps > 2 && asked.length === steps * many && new Set(asked).size === asked.length, `for ${steps} steps of ${many} cameras it asks ${asked.length} times, ${new Set(asked).size} different ones`);
  for (let px = 25; px >= 5; px--) await moved(px);
  check(asked.length === steps * many, 'it asks again for what it had');
  await page.mouse.up();
}
scrubbed.windows = ['wide'];

// However much happens, the page keeps no more of it.
export async function stays({ as, api, expect, origin }) {
  expect(/\/live\/extra/); // of which nothing is there for a moment, when it is gone
  const page = await as('admin');
  await page.addInitScript(() => {
    window.EventSource = class extends EventSource {
      constructor(...all) {
        super(...all);
        window.source = this;
        super.addEventListener('status', ({ data }) => (window.told = data));
      }
    };
    // happen has the status come so many times, each time another.
    window.happen = async (times) => {
      const status = JSON.parse(window.told);
      for (let i = 0; i < times; i++) {
        for (const [n, camera] of status.cameras.entries()) {
          camera.frame_age_ms = i;
          camera.viewers = i % 7;
          camera.recording = { ...camera.recording, state: (i + n) % 2 ? 'recording' : 'off' };
        }
        window.source.dispatchEvent(new MessageEvent('status', { data: JSON.stringify(status) }));
        await new Promise((resolve) => setTimeout(resolve));
      }
    };
  });
  await page.goto(`${origin}/`);
  await alive(page);
  const costs = await Costs.of(page);
  const round = async () => {
    await page.evaluate(() => window.happen(200));
    for (let i = 0; i < 2; i++) {
      await api('POST', 'cameras', { id: 'extra', name: 'Extra', source: 'upload:' });
      await page.locator('[data-camera=extra]').waitFor();
      await api('DELETE', 'cameras/extra');
      await page.locator('[data-camera=extra]').waitFor({ state: 'detached' });
    }
    await page.locator('nav a[href$=recordings]').click();
    await page.locator('[data-camera]').first().waitFor({ state: 'detached' });
    await page.locator('nav a').first().click();
    await alive(page);
    await page.waitForFunction(() => [...document.querySelectorAll('framegate-player')].every(({ measure }) => measure?.shown > 20));
    return costs.kept();
  };
  await round(); // until all that is kept once is there
  const first = await round();
  let { heap } = first;
  for (let rounds = 1; ; rounds++) { // what is kept of each grows with every one, and what the browser learns of the scripts does not
    const now = await round();
    const told = `after all of it once more the page has ${JSON.stringify(now)}, ${JSON.stringify(first)} at first, a heap of ${heap} before`;
    check(now.players === many && now.nodes <= 1.02 * first.nodes && now.listeners <= 1.02 * first.listeners, told);
    if (now.heap <= 1.03 * heap) break;
    check(rounds < 3, told);
    heap = now.heap;
  }
}
stays.windows = ['wide'];

// Whatever somebody does, the page is not at work with it for long.
export async function touched({ as, api }) {
  const page = await as('admin', { path: '/' });
  await alive(page);
  const costs = await Costs.of(page);
  const { segments: [film] } = await api('GET', 'cameras/c00/segments?from=-3h&to=now');
  const longest = await costs.longestTask(async () => {
    await page.keyboard.press('5');
    await page.waitForURL(/camera=/);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Arrange' }).click();
    await page.locator('[data-slot=c03]').focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => document.activeElement.dataset.slot === 'c03');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Look back' }).click();
    const field = page.getByRole('textbox', { name: 'Go to a time' });
    await field.fill(film.start);
    await field.press('Enter');
    await page.waitForFunction((many) => document.querySelectorAll('[data-camera].playback').length === many, many);
    await page.getByRole('button', { name: 'Live', exact: true }).click();
    await alive(page);
  });
  await api('PUT', 'me/preferences', {});
  check(longest < 50, `the page was at work for ${longest.toFixed(0)} ms without a pause`);
}
touched.windows = ['wide'];

// As many tiles as somebody chose fill the screen, and others are scrolled for; and back again.
export async function chosen({ as, api }) {
  const page = await as('admin', { path: '/' });
  const fits = (columns) => page.waitForFunction((columns) => {
    const tiles = [...document.querySelectorAll('[data-camera]')].map((tile) => tile.getBoundingClientRect());
    const { top, bottom } = document.querySelector('.space').getBoundingClientRect();
    const rest = document.documentElement.scrollHeight - (bottom - top); // of the page, but for the tiles
    const rows = new Set(tiles.map(({ top }) => top));
    const tall = [...rows][columns - 1] + tiles[0].height - tiles[0].top;
    return tiles[columns - 1].top === tiles[0].top && tiles[columns].top > tiles[0].top && tall + rest <= innerHeight && tall + rest > innerHeight * 0.8;
  }, columns);
  await page.locator('[data-camera]').nth(15).waitFor(); // until the page is there, nothing can be measured
  await fits(4);
  await page.locator('select.grid').selectOption('9');
  await fits(3);
  await page.setViewportSize({ width: 1400, height: 860 });
  await fits(3);
  await page.locator('select.grid').selectOption('auto');
  await fits(4);
  await api('PUT', 'me/preferences', {});
}
chosen.windows = ['wide'];
