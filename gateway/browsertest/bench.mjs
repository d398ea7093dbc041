// Measures in Chromium how a player shows pictures, one way:
//
//     node bench.mjs MODE URL
//
// It prints an object of JSON: names of metrics with their values.
// e2e/bench/player_test.go calls it. There, the camera phone shows pictures that
// carry the time as a number: Unix milliseconds modulo 65536.

import { check, open, run, whole, within } from './chromium.mjs';
import { Line } from './proxy.mjs';

const [mode, url] = process.argv.slice(2);
const warmPictures = 75; // until the line and the decoder are as they will be
const measuredMs = 8000;
const outageMs = 300;
const stepMs = 500;
const steps = 8;
const nearMs = 20; // more is as old as ever
const few = 13; // pictures, of half a second

// noteArrivals runs in the page, before the player: it keeps when each picture
// came, and when it was taken.
function noteArrivals() {
  window.arrivals = [];
  window.WebSocket = class extends WebSocket {
    constructor(...all) {
      super(...all);
      this.addEventListener('message', ({ data }) => {
        const atMs = performance.now();
        if (typeof data === 'string' || new DataView(data).getUint8(1) !== 2) return;
        window.arrivals.push({ atMs, captureMs: Number(new DataView(data).getBigUint64(8) / 1000n) });
      });
    }
  };
}

// notePaints runs in the page: it keeps which picture is on the screen since
// when, as a video tells, and by looking at each refresh at what does not. The
// player cannot be wrong there, since it is not asked.
function notePaints() {
  window.paints = [];
  const { surface } = window.player(0);
  const again = surface.requestVideoFrameCallback ? (f) => surface.requestVideoFrameCallback(f) : requestAnimationFrame;
  const look = () => {
    const atMs = performance.now();
    const number = window.numberOn(surface);
    if (number !== null && number !== window.paints.at(-1)?.number) {
      window.paints.push({ number, atMs, age: (Math.round(performance.timeOrigin + atMs) - number) & 0xffff });
    }
    again(look);
  };
  again(look);
  window.shownDelays = [];
  window.player(0).addEventListener('framegate-delay', ({ detail }) => window.shownDelays.push(detail.delayMs));
}

const at = (numbers, share) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)];
const ages = (paints) => paints.map(({ age }) => age);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// waits gives how long pictures took from their message to the screen. The
// message is that of the first picture that was taken when its number was made
// or later.
function waits(paints, arrivals) {
  const all = [];
  for (const { number, atMs } of paints) {
    let message = null;
    for (const arrival of arrivals) {
      const after = (arrival.captureMs - number) & 0xffff;
      if (after < 1000 && after < (message?.after ?? 1000)) message = { after, ms: atMs - arrival.atMs };
    }
    if (message) all.push(message.ms);
  }
  return all;
}

async function outage(page, line, normalMs) {
  await page.evaluate(() => (window.paints.length = 0));
  await line.hold(outageMs);
  const fromMs = await page.evaluate(() => performance.now());
  await wait(stepMs * steps);
  const paints = (await page.evaluate(() => window.paints)).filter(({ atMs }) => atMs >= fromMs);
  const metrics = {};
  for (let step = 1; step <= steps; step++) {
    const those = paints.filter(({ atMs }) => Math.ceil((atMs - fromMs) / stepMs) === step);
    if (those.length > 0) metrics[`age-${((step * stepMs) / 1000).toFixed(1)}s-after-outage-ms`] = at(ages(those), 0.5);
  }
  // It is normal again from where half a second of pictures are, and all that
  // come behind them.
  let normal = paints.length - few;
  while (normal > 0 && at(ages(paints.slice(normal - 1, normal - 1 + few)), 0.5) <= normalMs + nearMs) normal--;
  if (normal < paints.length - few) metrics['normal-after-outage-s'] = (paints[normal].atMs - fromMs) / 1000;
  else console.error(`after ${(steps * stepMs) / 1000} s it is not as it was`);
  return metrics;
}

await run(async (context) => {
  const line = await Line.to(url);
  const page = await open(context, `${line.url}/demo/player.html?camera=phone&mode=${mode}`, { script: noteArrivals }, { path: 'inpage.js' });
  await page.evaluate(() => window.watch(window.player(0)));
  await within(page.evaluate((count) => window.moved(0, count), warmPictures), 'pictures');
  await page.evaluate(notePaints);
  await wait(measuredMs);
  const { paints, arrivals, shown } = await page.evaluate(() => ({ paints: window.paints, arrivals: window.arrivals, shown: window.shownDelays }));
  const waited = waits(paints, arrivals);
  check(waited.length > 50, `${waited.length} of ${paints.length} pictures have a message, of ${arrivals.length}`);
  const normalMs = at(ages(paints), 0.5);
  const metrics = {
    'paint-p50-ms': at(waited, 0.5),
    'paint-p95-ms': at(waited, 0.95),
    'age-p50-ms': normalMs,
    'said-less-measured-ms': at(shown, 0.5) - normalMs,
    'pictures/s': paints.length / (measuredMs / 1000),
  };
  if (mode === 'mse') Object.assign(metrics, await outage(page, line, normalMs));
  line.close();
  console.log(JSON.stringify(metrics));
}, (page) => page.evaluate(() => window.player(0).words), [], whole);
process.exit();
