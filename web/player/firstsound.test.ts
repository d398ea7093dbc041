import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Follower, LEAD_S } from './follow';
import { Hold } from './hold';
import { LipSync } from './lipsync';
import type { SoundOrder, SoundReport } from './ring';

// A worklet as a browser has it, and its clock.
interface Processor {
  port: { postMessage(report: SoundReport): void; onmessage(event: { data: SoundOrder }): void };
  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
const RATE = 48_000;
const BLOCK_MS = (128 / RATE) * 1000;
let contextS = 0;
let make: () => Processor;

beforeEach(async () => {
  contextS = 0;
  vi.resetModules();
  vi.stubGlobal('sampleRate', RATE);
  vi.stubGlobal('AudioWorkletProcessor', class { port = {}; });
  vi.stubGlobal('registerProcessor', (_: string, Made: new () => Processor) => (make = () => new Made()));
  Object.defineProperty(globalThis, 'currentTime', { configurable: true, get: () => contextS });
  await import('./soundworklet');
});
afterEach(() => vi.unstubAllGlobals());

const PICTURE_MS = 20; // from the camera to the page
const PAINT_MS = 15; // from the element to the screen
const MESSAGE_MS = 5; // between page and worklet

// told makes a sample of the time that it is of, which said gives, or null where what is
// given out is silent, or fades.
const SCALE = 10_000;
const told = (ms: number): number => ms / SCALE;
function said(block: Float32Array): number | null {
  const lastMs = block[127]! * SCALE;
  return Math.abs((lastMs - block[0]! * SCALE) / BLOCK_MS - 127 / 128) < 0.1 ? lastMs : null;
}

// off gives by how much sound is behind its picture in what is heard of the first seconds
// after it was turned on, in ms, where a media element shows the pictures. Sound is there
// so much later than it was, and pictures are known to be seen so long after it was turned on.
function off(soundMs: number, forMs: number, paintsMs = 0): number[] {
  let nowMs = 0;
  const later: { atMs: number; what: () => void }[] = [];
  const after = (ms: number, what: () => void): void => void later.push({ atMs: nowMs + ms, what });

  const sync = new LipSync({ stockMs: 30, bend: 0.005, leapMs: 40, firstLeapMs: 5 });
  const worklet = make();
  const order = (data: SoundOrder): void => after(MESSAGE_MS, () => worklet.port.onmessage({ data }));
  let step = { number: 0, rate: 1 };
  worklet.port.postMessage = ({ mediaMs, contextS: atS, number }) =>
    after(MESSAGE_MS, () => {
      if (mediaMs === null || number < step.number) return;
      const { rate, skipMs } = sync.heard(mediaMs, atS * 1000);
      step = { number: step.number + 1, rate };
      order({ type: 'step', ...step, skipMs, offMs: (sync.behindMs ?? NaN) - skipMs });
    });

  // Pictures go through what holds them to an element, which follows them.
  const follower = new Follower();
  const shown: { mediaMs: number; heldMs: number }[] = [];
  let newestS = 0;
  let currentS = PICTURE_MS / -1000 - LEAD_S;
  let speed = 1;
  let lagMs = NaN; // of the picture on the screen
  const situation = (): Parameters<Follower['arrived']>[0] => ({ nowMs, currentS, newestS, ranges: [[-10, newestS + 0.04]] });
  const pass = (picture: { mediaMs: number; heldMs: number }): void => {
    shown.push(picture);
    newestS = picture.mediaMs / 1000;
    speed = follower.arrived(situation()).rate;
  };
  vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout'] });
  const hold = new Hold(pass, () => nowMs);

  const behind: number[] = [];
  const out = new Float32Array(128);
  const startMs = 2000; // the person turns the sound on
  for (; nowMs < startMs + 200 + forMs; nowMs += 1, vi.advanceTimersByTime(1)) {
    for (const { what } of later.filter(({ atMs }) => atMs <= nowMs)) what();
    later.splice(0, later.length, ...later.filter(({ atMs }) => atMs > nowMs));
    if (nowMs % 40 === 0) {
      hold.set(nowMs < startMs ? 0 : sync.holdMs());
      follower.slower = hold.slower;
      const picture = { mediaMs: nowMs, heldMs: hold.heldMs };
      after(PICTURE_MS, () => hold.take(picture));
    }
    if (nowMs % 20 === 0 && nowMs > startMs) {
      const from = nowMs;
      after(soundMs, () => {
        sync.arrived(from, nowMs);
        order({ type: 'push', piece: { startMs: from, rate: RATE, planes: [Float32Array.from({ length: 0.02 * RATE }, (_, i) => told(from + (i / RATE) * 1000))] } });
      });
    }
    currentS = Math.min(newestS + 0.04, currentS + speed / 1000);
    for (; shown[0] && shown[0].mediaMs <= currentS * 1000; shown.shift()) {
      const { mediaMs, heldMs } = shown[0];
      after(PAINT_MS, () => {
        lagMs = nowMs - mediaMs;
        if (nowMs > startMs + paintsMs) sync.painted(mediaMs, nowMs, heldMs);
      });
    }
    for (; contextS * 1000 < nowMs; contextS += BLOCK_MS / 1000) {
      worklet.process([], [[out]]);
      const heardMs = said(out);
      if (heardMs !== null) behind.push(nowMs - heardMs - lagMs);
    }
  }
  hold.reset();
  vi.useRealTimers();
  return behind;
}
function quantile(values: number[], q: number): number {
  const sorted = values.map(Math.abs).sort((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))]!;
}

it.each([20, 60, 100, 130, 200])('sound that is there %d ms late is heard in step from the beginning', (soundMs) => {
  const behind = off(soundMs, 2500);
  expect(quantile(behind, 0.95)).toBeLessThan(20);
  expect(quantile(behind, 1)).toBeLessThan(40);
  expect(behind.length * BLOCK_MS).toBeGreaterThan(2500 - 4.5 * soundMs); // pictures wait a quarter longer
});

it('is silent until pictures are known to be seen, and then in step', () => {
  const behind = off(200, 2500, 300);
  expect(quantile(behind, 0.95)).toBeLessThan(20);
  expect(quantile(behind, 1)).toBeLessThan(40);
  expect(behind.length * BLOCK_MS).toBeGreaterThan(2500 - 300 - 4.5 * 200);
});
