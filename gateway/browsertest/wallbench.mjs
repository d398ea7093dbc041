// Measures in Chromium what the app's wall costs, and how fast it is:
//
//     node wallbench.mjs WHAT URL START
//
// It prints an object of JSON: names of metrics with their values. The cameras of
// the gateway send pictures, and ten minutes of each were recorded from START on.
// e2e/bench/wall_test.go calls it.

import { chromium } from 'playwright-core';
import { ceiling, check, flags, inTime, whole } from './chromium.mjs';
import { Costs } from './costs.mjs';

const [what, url, start] = process.argv.slice(2);
const startMs = Date.parse(start);
const cameras = (await (await fetch(`${url}/api/v1/cameras`)).json()).cameras.map(({ id }) => id);
const browser = await chromium.launch({ executablePath: whole, headless: true, args: flags });

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

// open opens a page in a window of its own.
async function open(path, ...scripts) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB' });
  context.setDefaultTimeout(ceiling);
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(String(error)));
  for (const script of scripts) await page.addInitScript(script);
  await page.goto(path === 'about:blank' ? path : url + path);
  return page;
}

// bareFirst opens a page that is nothing but images of all cameras, and gives when the first had a picture.
async function bareFirst() {
  const page = await open('about:blank', () => {
    const look = () => {
      if ([...document.images].some(({ naturalWidth }) => naturalWidth > 0)) window.pictured = performance.now();
      else setTimeout(look, 2);
    };
    look();
  });
  const own = await page.context().newCDPSession(page);
  await own.send('Fetch.enable', { patterns: [{ urlPattern: `${url}/bare` }] }); // the server has no such page
  const body = Buffer.from(`<!doctype html>${cameras.map((id) => `<img src="/live/${id}.mjpeg" width="340" height="190">`).join('')}`).toString('base64');
  own.on('Fetch.requestPaused', ({ requestId }) => own.send('Fetch.fulfillRequest', { requestId, responseCode: 200, responseHeaders: [{ name: 'Content-Type', value: 'text/html' }], body }));
  await page.goto(`${url}/bare`, { waitUntil: 'commit' });
  const ms = await page.waitForFunction(() => window.pictured);
  const pictured = await ms.jsonValue();
  await page.context().close();
  return pictured;
}

const allLive = (page, many = cameras.length) => page.waitForFunction((many) => document.querySelectorAll('[data-camera].live').length === many, many);
const shown = (page) => page.evaluate(() => [...document.querySelectorAll('framegate-player')].reduce((sum, { measure }) => sum + (measure?.shown ?? 0), 0));

// use gives how much CPU is used while somebody looks at a page, in % of a core.
async function use(page, ms) {
  const costs = await Costs.of(page);
  const from = performance.now();
  const { pages, others } = await costs.cpu(() => wait(ms));
  const tookS = (performance.now() - from) / 1000;
  return { page: (100 * pages) / tookS, others: (100 * others) / tookS, tookS };
}

const measures = {
  // Somebody looks at the wall, and at a page of bare images of the same streams.
  async cpu() {
    const of = { wall: [], bare: [] };
    let pictures = 0;
    for (let turn = 0; turn < 3; turn++) {
      const wall = await open('/');
      await allLive(wall);
      await wait(3000);
      const before = await shown(wall);
      const used = await use(wall, 8000);
      of.wall.push(used);
      pictures = (await shown(wall) - before) / used.tookS;
      await wall.context().close();
      const bare = await open('/api/v1/server');
      await (await Costs.of(bare)).bare(url, Object.fromEntries(cameras.map((id) => [id, ''])));
      await wait(3000);
      of.bare.push(await use(bare, 8000));
      await bare.context().close();
    }
    const middle = (all, part) => at(all.map((one) => one[part]), 0.5);
    return {
      'page-cpu-%': middle(of.wall, 'page'), 'page-others-cpu-%': middle(of.wall, 'others'), 'pictures/s': pictures,
      'bare-cpu-%': middle(of.bare, 'page'), 'bare-others-cpu-%': middle(of.bare, 'others'),
    };
  },

  // Somebody opens the wall: from the click on its address to the first picture, and to one of each camera. In turns a
  // page of bare images is opened, which is as fast as a browser can be, on this machine and just now. The page tells
  // by its console when it has all: who waits in a page has it read a script meanwhile.
  async first() {
    const [firsts, alls, loads, bares] = [[], [], [], []];
    for (let turn = 0; turn < 9; turn++) {
      const page = await open('about:blank', `
        window.alive = [];
        new MutationObserver(() => {
          const now = document.querySelectorAll('[data-camera].live').length;
          while (window.alive.length < now) if (window.alive.push(performance.now()) === ${cameras.length}) console.log('all are alive');
        }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
      `);
      const all = page.waitForEvent('console', (message) => message.text() === 'all are alive');
      await page.goto(`${url}/`);
      await all;
      const alive = await page.evaluate(() => window.alive);
      firsts.push(alive[0]);
      alls.push(alive.at(-1));
      loads.push(await page.evaluate(() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd));
      await page.context().close();
      bares.push(await bareFirst());
    }
    return { 'page-loaded-p50-ms': at(loads, 0.5), 'bare-first-p50-ms': at(bares, 0.5), 'bare-first-max-ms': Math.max(...bares), 'first-alive-p50-ms': at(firsts, 0.5), 'first-alive-after-load-p50-ms': at(firsts.map((ms, turn) => ms - loads[turn]), 0.5), 'first-alive-max-ms': Math.max(...firsts), 'all-alive-p50-ms': at(alls, 0.5) };
  },

  // Somebody drags the bar over what was recorded.
  async scrub() {
    const page = await open('/', noteThumbs, noteTasks);
    await allLive(page);
    await openBar(page);
    const metrics = {};
    for (const turn of ['made', 'kept']) {
      await page.evaluate(() => (window.thumbs.length = 0));
      await drag(page);
      await page.waitForFunction(() => window.thumbs.every(({ ms }) => ms !== null));
      const thumbs = await page.evaluate(() => window.thumbs);
      const asked = new Map();
      for (const { address } of thumbs) asked.set(address, (asked.get(address) ?? 0) + 1);
      Object.assign(metrics, {
        [`${turn}-requests`]: thumbs.length, [`${turn}-most-per-tile-and-step`]: Math.max(0, ...asked.values()),
        [`${turn}-p50-ms`]: at(thumbs.map(({ ms }) => ms), 0.5), [`${turn}-p95-ms`]: at(thumbs.map(({ ms }) => ms), 0.95), [`${turn}-max-ms`]: Math.max(...thumbs.map(({ ms }) => ms)),
      });
      await page.getByRole('button', { name: 'Live', exact: true }).first().click();
      await allLive(page);
      if (turn === 'made') await page.reload();
      if (turn === 'made') (await allLive(page), await openBar(page));
    }
    return metrics;
  },

  // Somebody does all that one can do with a wall.
  async touch() {
    const page = await open('/', noteTasks);
    const steps = {};
    const step = async (name, deed) => {
      await page.evaluate(() => window.clearTasks());
      await deed();
      await wait(700);
      steps[name] = await page.evaluate(() => window.longest());
    };
    await allLive(page);
    await wait(2000);
    await step('nothing', () => wait(3000));
    await step('enlarge', () => page.keyboard.press('5'));
    await step('shrink', () => page.keyboard.press('Escape'));
    await step('arrange', () => page.getByRole('button', { name: 'Arrange' }).click());
    await step('move', async () => {
      await page.locator(`[data-slot="${cameras[3]}"]`).focus();
      for (const key of ['ArrowLeft', 'ArrowLeft', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
    });
    await step('done', () => page.getByRole('button', { name: 'Done' }).click());
    await step('find', async () => {
      await page.getByRole('searchbox').pressSequentially('c0');
      await page.getByRole('searchbox').fill('');
    });
    await allLive(page);
    await step('grid', async () => {
      await page.locator('select.grid').selectOption('9');
      await page.locator('select.grid').selectOption('auto');
    });
    await allLive(page);
    await step('look back', () => page.getByRole('button', { name: 'Look back' }).click());
    await step('go to a time', () => goTo(page, startMs + 60_000));
    await step('faster', () => page.getByLabel('Speed').selectOption('4'));
    await step('scrub', () => drag(page));
    await step('to live', () => page.getByRole('button', { name: 'Live', exact: true }).first().click());
    await allLive(page);
    await step('elsewhere', () => page.locator('nav a[href$=recordings]').click());
    await step('and back', () => page.locator('nav a').first().click());
    for (const [name, { task, event }] of Object.entries(steps)) console.error(`${name}: longest task ${task} ms, longest handling of an event ${event} ms`);
    return { 'longest-task-ms': Math.max(...Object.values(steps).map(({ task }) => task)), 'longest-event-ms': Math.max(...Object.values(steps).map(({ event }) => event)) };
  },

  // Somebody plays what was recorded: how far the tiles are from each other, and from the time that is said.
  async step() {
    const metrics = {};
    for (const rate of ['1', '4']) {
      const page = await open('/');
      await allLive(page);
      await openBar(page);
      await goTo(page, startMs + 90_000);
      if (rate !== '1') await page.getByLabel('Speed').selectOption(rate);
      await page.waitForFunction((many) => [...document.querySelectorAll('framegate-player')].filter(({ state }) => state === 'playback').length === many, cameras.length);
      await wait(2000);
      const spreads = await page.evaluate(async () => {
        const spreads = [];
        for (const until = performance.now() + 15_000; performance.now() < until; ) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          const times = [...document.querySelectorAll('framegate-player')].map(({ time }) => time.getTime());
          spreads.push(Math.max(...times) - Math.min(...times));
        }
        return spreads;
      });
      Object.assign(metrics, { [`spread-at-${rate}x-p50-ms`]: at(spreads, 0.5), [`spread-at-${rate}x-p95-ms`]: at(spreads, 0.95), [`spread-at-${rate}x-max-ms`]: Math.max(...spreads) });
      await page.context().close();
    }
    return metrics;
  },

  // Events come ten times as often: the status each second, and four times a second a camera's name.
  async memory() {
    const page = await open('/', hearTwiceAsOften);
    await allLive(page);
    const costs = await Costs.of(page);
    const seconds = Number(process.env.FRAMEGATE_BENCH_SECONDS ?? 120);
    const looks = [];
    for (const began = performance.now(); performance.now() - began < seconds * 1000; ) {
      const next = wait((seconds * 1000) / 20);
      let over = false;
      void next.then(() => (over = true));
      while (!over) {
        await prefer();
        await wait(200);
      }
      looks.push({ ...(await costs.kept()), events: await page.evaluate(() => window.heard), shown: await shown(page) });
      console.error(JSON.stringify(looks.at(-1)));
    }
    const [early, late] = [looks.slice(2, 7), looks.slice(-5)];
    const least = (some, part) => Math.min(...some.map((look) => look[part]));
    const metrics = { 'events/s': looks.at(-1).events / seconds };
    for (const part of ['nodes', 'listeners', 'heap', 'players']) Object.assign(metrics, { [`${part}-early`]: least(early, part), [`${part}-late`]: least(late, part) });
    return metrics;
  },
};

// prefer has something happen of which the page is told.
let count = 0;
async function prefer() {
  const answer = await fetch(`${url}/api/v1/me/preferences`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ order: count++ % 2 ? cameras : [...cameras].reverse() }) });
  check(answer.ok, `${answer.status} ${await answer.text()}`);
}

// noteThumbs runs in the page: it keeps which small pictures were asked for, and how long each took.
function noteThumbs() {
  window.thumbs = [];
  const ask = window.fetch;
  window.fetch = async (...all) => {
    const address = String(all[0]?.url ?? all[0]);
    if (!address.includes('thumbnail.jpg')) return ask(...all);
    const thumb = { address, ms: null };
    window.thumbs.push(thumb);
    const began = performance.now();
    try {
      const answer = await ask(...all);
      await answer.clone().arrayBuffer();
      return answer;
    } finally {
      thumb.ms = performance.now() - began;
    }
  };
}

// noteTasks runs in the page: it keeps how long it was blocked.
function noteTasks() {
  let [tasks, events] = [[], []];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  new PerformanceObserver((list) => events.push(...list.getEntries().map(({ processingStart, processingEnd }) => processingEnd - processingStart))).observe({ type: 'event', durationThreshold: 16 });
  window.clearTasks = () => (tasks = [], events = []);
  window.longest = () => ({ task: Math.max(0, ...tasks), event: Math.max(0, ...events) });
}

// hearTwiceAsOften runs in the page: the status comes each second, and what is heard is counted.
function hearTwiceAsOften() {
  window.heard = 0;
  window.EventSource = class extends EventSource {
    constructor(address) {
      super(String(address).replace('status=2s', 'status=1s'));
    }
    addEventListener(kind, hear) {
      super.addEventListener(kind, (event) => (window.heard++, hear(event)));
    }
  };
}

const openBar = (page) => page.getByRole('button', { name: 'Look back' }).click();

async function goTo(page, ms) {
  const field = page.getByRole('textbox', { name: 'Go to a time' });
  await field.fill(new Date(ms).toISOString());
  await field.press('Enter');
}

// drag has the bar go over nine recorded minutes, a pixel at a time, which is much of them: the bar is zoomed in.
async function drag(page) {
  await goTo(page, startMs + 570_000);
  const slider = page.getByRole('slider', { name: 'Time bar' });
  await slider.focus();
  for (let i = 0; i < 14; i++) await page.keyboard.press('+');
  await wait(1500);
  const { x, y, width, height } = await slider.boundingBox();
  await page.mouse.move(x + width * 0.3, y + height - 10);
  await page.mouse.down();
  for (let i = 1; i <= 60; i++) await page.mouse.move(x + width * (0.3 + (0.6 * i) / 60), y + height - 10);
  await wait(1000);
  await page.mouse.up();
}

try {
  const metrics = await inTime(measures[what]());
  console.log(JSON.stringify(metrics));
} catch (error) {
  console.error(error.stack);
  process.exitCode = 1;
} finally {
  await browser.close();
}
