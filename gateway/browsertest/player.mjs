// Tells Chromium one story of <framegate-player>:
//
//     node player.mjs STORY URL
//
// player_test.go calls it. There, the camera phone shows pictures that carry
// the time as a number: Unix milliseconds modulo 65536. A line "do WORD" on
// stdout has the test do something with the camera, and it answers with a line.

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { check, open, run, within } from './chromium.mjs';
import { Line } from './proxy.mjs';

const [story, url] = process.argv.slice(2);
const answers = createInterface({ input: process.stdin });

async function camera(word) {
  console.log(`do ${word}`);
  await once(answers, 'line');
}

const page = async (context, base = url) => {
  const page = await open(context, `${base}/demo/player.html?camera=phone&mode=img`, { path: 'inpage.js' });
  await page.evaluate(() => {
    document.querySelector('framegate-player').remove();
    const style = new CSSStyleSheet();
    style.replaceSync('body { display: grid; grid-template-columns: repeat(4, 1fr) }');
    document.adoptedStyleSheets = [style];
  });
  return page;
};

// moved waits until a player has shown so many more pictures, and gives those.
const moved = (page, n, count) => within(page.evaluate(([n, count]) => window.moved(n, count), [n, count]), `player ${n} to move`);
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const events = (page, n) => page.evaluate((n) => window.player(n).events, n);
const says = (page, n, words) => page.waitForFunction(([n, words]) => window.player(n).words.includes(words), [n, words]);
const isIn = (page, n, state) => page.waitForFunction(([n, state]) => window.player(n).state === state, [n, state]);
const settled = (page, n, ms) => page.waitForFunction(([n, ms]) => {
  const last = window.player(n).seen.slice(-10).map(({ age }) => age);
  return last.length === 10 && Math.max(...last) < ms;
}, [n, ms]);

// As a machine that others use too is slow at times, ages are not asserted to
// be good, but not to be absurd.
const absurd = 2000; // ms

const stories = {
  // Each way shows pictures that move, and says how old they are.
  async shows(context) {
    const shown = await page(context);
    const modes = ['mse', 'webcodecs', 'jpeg', 'img'];
    await shown.evaluate((modes) => window.add(...modes.map((mode) => ({ src: '/live/phone', mode, delay: '' })), { src: '/live/phone' }), modes);
    for (const [n, mode] of [...modes, 'jpeg'].entries()) {
      await moved(shown, n, 15);
      const player = await shown.evaluate((n) => {
        const { activeMode, state, delayMs, seen } = window.player(n);
        return { activeMode, state, delayMs, ages: seen.slice(-10).map(({ age }) => age) };
      }, n);
      check(player.activeMode === mode, `it is shown by ${player.activeMode}, not ${mode}`);
      check(player.state === 'live', `${mode} is ${player.state}`);
      console.error(`${mode}: ${median(player.ages)} ms measured, ${player.delayMs} ms shown`);
      if (mode === 'img') continue;
      const off = player.delayMs - median(player.ages);
      check(Math.abs(off) < 500, `${mode} says ${player.delayMs} ms, the pictures are ${median(player.ages)} ms old`);
    }
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // After the line was away for 300 ms, and for 5 s, pictures are soon as
  // young as before, and on the same connection.
  async outage(context) {
    const line = await Line.to(url);
    const shown = await page(context, line.url);
    await shown.evaluate(() => window.add({ src: '/live/phone', mode: 'mse' }, { src: '/live/phone', mode: 'webcodecs' }));
    for (const n of [0, 1]) await settled(shown, n, absurd);
    const normal = median((await moved(shown, 0, 20)).map(({ age }) => age));
    const accepted = line.accepted;
    for (const ms of [300, 5000]) {
      await line.hold(ms);
      for (const n of [0, 1]) await settled(shown, n, normal + 150);
    }
    check(line.accepted === accepted, `it connected anew, ${line.accepted - accepted} times`);
    // And cut off, it comes back by itself.
    await line.cut(1500);
    check((await events(shown, 0)).some(({ state }) => state === 'error' || state === 'connecting'), 'it says nothing of it');
    for (const n of [0, 1]) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 10);
      await settled(shown, n, normal + 150);
    }
    line.close();
  },

  // A line that shakes makes pictures older, and neither stops nor mixes them.
  async shaky(context) {
    const line = await Line.to(url);
    const shown = await page(context, line.url);
    await shown.evaluate(() => window.add({ src: '/live/phone', mode: 'mse' }, { src: '/live/phone', mode: 'jpeg' }));
    for (const n of [0, 1]) await moved(shown, n, 10);
    line.shake = () => 80 * Math.random();
    for (const n of [0, 1]) {
      const seen = await moved(shown, n, 60);
      check(median(seen.map(({ age }) => age)) < absurd, `${median(seen.map(({ age }) => age))} ms old`);
      check((await events(shown, n)).every(({ name }) => name !== 'error'), JSON.stringify(await events(shown, n)));
    }
    line.close();
  },

  // A camera may change its size, and go and come back.
  async changes(context) {
    const shown = await page(context);
    await shown.evaluate(() => window.add(...['mse', 'webcodecs', 'jpeg'].map((mode) => ({ src: '/live/phone', mode }))));
    for (const n of [0, 1, 2]) await moved(shown, n, 10);
    await camera('larger');
    for (const n of [0, 1, 2]) {
      await shown.waitForFunction((n) => (({ videoWidth, width }) => videoWidth ?? width)(window.player(n).surface) === 320, n);
      await moved(shown, n, 10);
    }
    await camera('away');
    for (const n of [0, 1, 2]) await says(shown, n, 'Camera offline');
    await camera('back');
    for (const n of [0, 1, 2]) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 10);
      await settled(shown, n, absurd);
      check((await events(shown, n)).every(({ name }) => name !== 'error'), JSON.stringify(await events(shown, n)));
    }
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // Who does not look costs nothing, and sees the present when he looks again.
  async leaves(context) {
    const line = await Line.to(url);
    const shown = await page(context, line.url);
    const sockets = new Set();
    shown.on('websocket', (socket) => sockets.add(socket).size && socket.on('close', () => sockets.delete(socket)));
    await shown.evaluate(() => window.add({ src: '/live/phone', mode: 'mse' }, { src: '/live/phone', mode: 'webcodecs' }));
    for (const n of [0, 1]) await moved(shown, n, 5);
    const away = {
      async hidden() {
        await shown.evaluate(() => {
          Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
          document.dispatchEvent(new Event('visibilitychange'));
        });
      },
      async scrolled() {
        await shown.evaluate(() => {
          delete document.visibilityState;
          document.dispatchEvent(new Event('visibilitychange'));
        });
        for (const n of [0, 1]) await isIn(shown, n, 'live');
        await shown.evaluate(() => {
          const space = document.createElement('canvas');
          space.height = 5000;
          space.style.gridColumn = '1 / -1';
          document.body.prepend(space);
          scrollTo(0, 0);
        });
      },
    };
    for (const leave of Object.values(away)) {
      await leave();
      for (const n of [0, 1]) await isIn(shown, n, 'idle');
      while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await shown.evaluate(() => scrollTo(0, 5000));
    for (const n of [0, 1]) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 5);
      await settled(shown, n, absurd);
    }
    line.close();
  },

  // Sixteen on a page over HTTP/1.1, and the server still answers it.
  async crowd(context) {
    const shown = await page(context);
    await shown.evaluate(() => {
      const tiles = Array.from({ length: 16 }, (_, n) => ({ src: '/live/phone', mode: ['mse', 'webcodecs', 'jpeg', 'auto'][n % 4] }));
      window.add(...tiles);
    });
    for (let n = 0; n < 16; n++) await moved(shown, n, 3);
    const statuses = await shown.evaluate(async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetch('/healthz', { cache: 'no-store' })));
      return answers.map(({ status }) => status);
    });
    check(statuses.every((status) => status === 200), statuses.join(' '));
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // Where a way of showing does not work, the next one does; and where there
  // is no worker, the page draws.
  async falls(context) {
    await context.route('**/framegate-player-worker.js', (route) => route.abort());
    const shown = await page(context);
    shown.complaints.length = 0; // but what follows
    await shown.evaluate(() => {
      window.broken = { webcodecs: false, mse: false, slow: false };
      const { configure, decode } = VideoDecoder.prototype;
      VideoDecoder.prototype.decode = function (chunk) {
        setTimeout(() => this.state === 'configured' && decode.call(this, chunk), window.broken.slow ? 800 : 0);
      };
      VideoDecoder.prototype.configure = function (config) {
        configure.call(this, window.broken.webcodecs ? { ...config, codec: 'avc1.ffffff' } : config);
      };
      const { addSourceBuffer } = MediaSource.prototype;
      MediaSource.prototype.addSourceBuffer = function (type) {
        return addSourceBuffer.call(this, window.broken.mse ? 'video/nonsense' : type);
      };
    });
    // With a size it is encoded, as the codec that the player likes best.
    const expected = [['webcodecs'], ['webcodecs', 'mse'], ['webcodecs', 'mse'], ['webcodecs', 'mse', 'jpeg']];
    const broken = [{}, { slow: true }, { webcodecs: true }, { webcodecs: true, mse: true }];
    for (const [n, modes] of expected.entries()) {
      await shown.evaluate((broken) => Object.assign(window.broken, broken), broken[n]);
      await shown.evaluate(() => window.add({ src: '/live/phone', width: '160' }));
      await shown.waitForFunction(([n, mode]) => window.player(n).activeMode === mode, [n, modes.at(-1)]);
      await moved(shown, n, 10);
      const taken = (await events(shown, n)).filter(({ name }) => name === 'mode').map(({ mode }) => mode);
      check(taken.join() === modes.join(), `it went ${taken.join()}, not ${modes.join()}`);
    }
  },

  // Where no WebSocket comes through, an image does.
  async withoutSockets(context) {
    const shown = await page(context);
    await shown.evaluate(() => window.add({ src: '/live/phone' }));
    await moved(shown, 0, 10);
    check((await shown.evaluate(() => window.player(0).activeMode)) === 'img', 'it is no image');
    await isIn(shown, 0, 'live');
  },

  // What cannot be shown is said in words, and can be tried again by keyboard.
  async words(context) {
    const shown = await page(context);
    await shown.evaluate(() => window.add({ src: '/live/nobody' }, { src: '/live/gone' }, { src: '/live/phone' }));
    await says(shown, 0, 'no such camera');
    await says(shown, 1, 'Camera offline');
    await isIn(shown, 2, 'live');
    await shown.locator('framegate-player').nth(0).getByRole('button', { name: 'Try again' }).focus();
    const before = (await events(shown, 0)).length;
    await shown.keyboard.press('Enter');
    await shown.waitForFunction((before) => window.player(0).events.length > before, before);
    await says(shown, 0, 'no such camera');
  },
};

await run(stories[story], (page) => page.evaluate(() => JSON.stringify([...document.querySelectorAll('framegate-player')].map((player) => [player.words, player.activeMode, player.measure, player.seen?.slice(-3), player.events]))));
process.exit();
