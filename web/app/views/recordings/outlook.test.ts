import { expect, test } from 'vitest';

import { bytesOf, goesNow, limitsOf, msOf, outlooks, type Stock } from './outlook';

const DAY = 86_400_000;
const GB = 1e9;

function stock(id: string, more: Partial<Stock> = {}): Stock {
  return { id, bytes: 10 * GB, protectedBytes: 0, dayBytes: GB, oldestMs: 0, newestMs: 10 * DAY, limits: { maxAgeMs: null, maxBytes: null }, lost: 0, ...more };
}

const days = (some: ReturnType<typeof outlooks>): Record<string, [number, string]> =>
  Object.fromEntries([...some].map(([id, { keptMs, why }]) => [id, [Math.round((keptMs / DAY) * 10) / 10, why]]));

test('what ends the keeping is what comes first', () => {
  const all = [
    stock('age', { limits: { maxAgeMs: 3 * DAY, maxBytes: 10 * GB } }),
    stock('bytes', { limits: { maxAgeMs: 30 * DAY, maxBytes: 6 * GB }, protectedBytes: 2 * GB }),
    stock('none'),
    stock('idle', { dayBytes: 0 }),
  ];
  expect(days(outlooks(all, null))).toEqual({ age: [3, 'age'], bytes: [4, 'bytes'], none: [Infinity, 'none'] });
  // 22 GB, of which 2 are protected, 3 and 4 are taken by bounds of their own: 13 days of one.
  expect(days(outlooks(all, 22 * GB))).toEqual({ age: [3, 'age'], bytes: [4, 'bytes'], none: [13, 'room'] });
  // 8 GB, of which 2 are protected: all three fill 2 days.
  expect(days(outlooks(all, 8 * GB))).toEqual({ age: [2, 'room'], bytes: [2, 'room'], none: [2, 'room'] });
  expect(days(outlooks(all, GB))).toEqual({ age: [0, 'room'], bytes: [0, 'room'], none: [0, 'room'] }); // all of it is protected
});

test('room that bounds of their own leave free ends nothing', () => {
  expect(days(outlooks([stock('a', { limits: { maxAgeMs: 3 * DAY, maxBytes: null } })], 4 * GB))).toEqual({ a: [3, 'age'] });
});

test('bounds are as the configuration says', () => {
  expect(limitsOf({ mode: 'continuous', keep: { max_age: '30d', max_bytes: '200GB' } })).toEqual({ maxAgeMs: 30 * DAY, maxBytes: 200 * GB });
  expect(limitsOf({ mode: 'events', keep: { max_age: '10m' } })).toEqual({ maxAgeMs: 30 * DAY, maxBytes: null });
  expect(limitsOf({ mode: 'events', keep: { marked: { max_age: '7d' } } })).toEqual({ maxAgeMs: 7 * DAY, maxBytes: null });
  expect(limitsOf(undefined)).toEqual({ maxAgeMs: null, maxBytes: null });
  expect([msOf('1m30s'), msOf('0s'), msOf(''), bytesOf('1KiB'), bytesOf('0')]).toEqual([90_000, null, null, 1024, null]);
});

test.each<[string, Partial<Stock>, Stock['limits'], number]>([
  ['no bound', {}, { maxAgeMs: null, maxBytes: null }, 0],
  ['an age that nothing has', {}, { maxAgeMs: 20 * DAY, maxBytes: null }, 0],
  ['an age of three days', {}, { maxAgeMs: 3 * DAY, maxBytes: null }, 7 * GB],
  ['what is protected stays', { protectedBytes: 5 * GB }, { maxAgeMs: 0, maxBytes: null }, 5 * GB],
  ['a size', {}, { maxAgeMs: null, maxBytes: 4 * GB }, 6 * GB],
  ['a size of which most is protected', { protectedBytes: 8 * GB }, { maxAgeMs: null, maxBytes: 4 * GB }, 2 * GB],
  ['both', {}, { maxAgeMs: 3 * DAY, maxBytes: 9 * GB }, 7 * GB],
])('what goes at once: %s', (_, more, limits, bytes) => {
  expect(goesNow(stock('a', more), limits, 10 * DAY)).toBeCloseTo(bytes);
});
