import { beforeEach, expect, test, vi } from 'vitest';

let line: typeof import('./line');

beforeEach(async () => {
  vi.resetModules(); // a page of its own
  line = await import('./line');
});

test('a line is too bad when pictures are left out several times, and one outage is none of that', () => {
  const one = new line.Line();
  expect([0, 500, 1000, 1500].map((ms) => one.leftOut(ms))).toEqual([false, false, false, false]);
  expect(one.leftOut(10_000)).toBe(false);
  expect(one.leftOut(20_000)).toBe(true);
  const seldom = new line.Line();
  expect([0, 16_000, 32_000, 48_000, 64_000].map((ms) => seldom.leftOut(ms))).not.toContain(true);
});

test('a line is good again after a minute without a loss, and longer each time that was of no use', () => {
  const one = new line.Line();
  const bad = (atMs: number) => [0, 5000, 10_000].map((ms) => one.leftOut(atMs + ms)).at(-1);
  // good gives how long it takes until a WebSocket is tried.
  const good = (atMs: number, missedAt = -1): number => {
    for (let ms = 0; ms < 2_000_000; ms += 500) if (one.passed(atMs + ms, 100, ms === missedAt ? 1 : 0)) return ms;
    return NaN;
  };
  expect(bad(0)).toBe(true);
  expect(good(10_000, 30_000)).toBe(90_000); // from the loss on
  expect(bad(110_000)).toBe(true);
  expect(good(120_000)).toBe(120_000);
  expect(bad(250_000)).toBe(true);
  expect(good(260_000)).toBe(240_000);
  expect(bad(2_000_000)).toBe(true); // much later it is another line
  expect(good(2_010_000)).toBe(60_000);
});

test('one packet of many is no loss', () => {
  const one = new line.Line();
  for (let ms = 0; ms < 60_000; ms += 500) expect(one.passed(ms, 1000, 4)).toBe(false);
  expect(one.passed(60_000, 1000, 4)).toBe(true);
});

test('what does not come through is left alone by all players of a page, longer each time', () => {
  const bad = (one: InstanceType<typeof line.Line>, atMs: number) => [0, 5000, 10_000].map((ms) => one.leftOut(atMs + ms)).at(-1);
  line.noteWebRTC(false, 0);
  expect([line.mayTry(299_000), line.mayTry(300_000)]).toEqual([false, true]);
  expect([bad(new line.Line(), 100_000), bad(new line.Line(), 300_000)]).toEqual([false, true]);
  line.noteWebRTC(false, 400_000);
  expect([line.mayTry(999_000), line.mayTry(1_000_000)]).toEqual([false, true]);
  line.noteWebRTC(true, 1_000_000);
  line.noteWebRTC(false, 1_000_000);
  expect(line.mayTry(1_300_000)).toBe(true);
});
