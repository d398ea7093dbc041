import { expect, test } from 'vitest';

import { Feed, fits, type Ask, type Mark } from './feed';

const PAGE = 3;

function mark(camera: string, id: number, second: number, more: Partial<Mark> = {}): Mark {
  const start = new Date(second * 1000).toISOString();
  return { id, camera, kind: 'motion', start, end: start, before: '0s', after: '0s', keep: false, by: 'user:anna', created: start, ...more };
}

// server lists as the API does: the latest first, a few at a time.
function server(marks: readonly Mark[]): { ask: Ask; asked: string[] } {
  const asked: string[] = [];
  const ask: Ask = (camera, after) => {
    asked.push(camera);
    const all = marks.filter((m) => m.camera === camera).sort((a, b) => Date.parse(b.start) - Date.parse(a.start) || b.id - a.id);
    const from = Number(after ?? 0);
    const next = from + PAGE < all.length ? String(from + PAGE) : undefined;
    return Promise.resolve({ marks: all.slice(from, from + PAGE), ...(next !== undefined && { next }) });
  };
  return { ask, asked };
}

const ids = (feed: Feed): number[] => feed.marks.map((m) => m.id);

// Of a, every second; of b, three in between; c has none.
const some = [...Array.from({ length: 10 }, (_, i) => mark('a', i + 1, 10 * i)), mark('b', 20, 85), mark('b', 21, 86), mark('b', 22, 5)];

test('lists are joined by time, and no more is asked for than is read', async () => {
  const { ask, asked } = server(some);
  const feed = new Feed(['a', 'b', 'c'], ask);
  await feed.read(4);
  expect(ids(feed)).toEqual([10, 21, 20, 9]);
  expect(asked).toEqual(['a', 'b', 'c']);
  expect(feed.more).toBe(true);
  await feed.read(100);
  expect(ids(feed)).toEqual([10, 21, 20, 9, 8, 7, 6, 5, 4, 3, 2, 22, 1]);
  expect(feed.more).toBe(false);
});

test('what comes while somebody reads is where it belongs, once', async () => {
  const all = [...some];
  const { ask } = server(all);
  const feed = new Feed(['a', 'b', 'c'], ask);
  await feed.read(4);
  feed.put(mark('b', 30, 200)); // newest of all
  feed.put(mark('c', 31, 4)); // of a list that has ended, far behind
  const old = mark('a', 32, 3); // which the server has yet to tell
  all.push(old);
  feed.put(old);
  feed.put(mark('a', 9, 80, { note: 'changed' }));
  expect(ids(feed)).toEqual([30, 10, 21, 20]); // 9 moved behind what is read, since it is the last of it
  await feed.read(100);
  expect(ids(feed)).toEqual([30, 10, 21, 20, 9, 8, 7, 6, 5, 4, 3, 2, 22, 31, 32, 1]);
  expect(feed.marks.find((m) => m.id === 9)?.note).toBe('changed');
  feed.put(mark('c', 33, 0)); // behind all
  expect(ids(feed).at(-1)).toBe(1);
  expect(ids(feed)).toContain(33);
});

test('what is gone is gone, also where it was not read yet', async () => {
  const feed = new Feed(['a', 'b'], server(some).ask);
  await feed.read(2);
  feed.drop(10);
  feed.drop(20);
  await feed.read(2);
  expect(ids(feed)).toEqual([21, 9, 8]);
});

test('a failure costs nothing of what was read', async () => {
  let fails = false;
  const { ask } = server(some);
  const feed = new Feed(['a', 'b'], (camera, after) => (fails ? Promise.reject(new Error('away')) : ask(camera, after)));
  await feed.read(5);
  fails = true;
  await expect(feed.read(5)).rejects.toThrow('away');
  fails = false;
  await feed.read(100);
  expect(ids(feed)).toEqual([10, 21, 20, 9, 8, 7, 6, 5, 4, 3, 2, 22, 1]);
});

test.each<[string, Partial<Parameters<typeof fits>[1]>, boolean]>([
  ['all', {}, true],
  ['another camera', { cameras: ['b'] }, false],
  ['its kind', { kind: 'motion' }, true],
  ['another kind', { kind: 'person' }, false],
  ['what protects', { keep: true }, false],
  ['what begins before', { toMs: 101_000 }, true],
  ['what begins earlier', { toMs: 100_000 }, false],
  ['what ends later', { fromMs: 99_000 }, true],
  ['what ends after that', { fromMs: 100_000 }, false],
])('whether a mark is among %s', (_, filter, wanted) => {
  expect(fits(mark('a', 1, 100), { cameras: ['a'], kind: '', keep: false, fromMs: null, toMs: null, ...filter })).toBe(wanted);
});

test('a mark that is open has no end', () => {
  const { end: _, ...open } = mark('a', 1, 100);
  expect(fits(open, { cameras: ['a'], kind: '', keep: false, fromMs: 1e9, toMs: null })).toBe(true);
});
