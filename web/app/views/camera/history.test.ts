import { expect, it } from 'vitest';

import type { CameraStatus } from '../../live.svelte';
import type { Measure } from '../../../player/stage';
import { History } from './history.svelte';

const stream = { state: 'online' as const, fps: 10, readers: 1, runs: 1, failures: 0, refused: 0 };
const status = (frames: number, bytes: number, dropped: number): CameraStatus => ({
  id: 'front', name: 'Front', state: 'online', fps: 10, viewers: 3, links: {},
  streams: [{ ...stream, rendition: '', frames, bytes, dropped }, { ...stream, rendition: 'jpeg', frames: 9, bytes: 9, dropped: 1 }],
});
const measure = (dropped: number): Measure => ({ delayMs: 80, errorMs: 1, bufferMs: 0, soundMs: null, shown: 5, dropped });

it('makes rates of counters', () => {
  const history = new History();
  history.take(0, status(0, 0, 0), measure(0));
  history.take(2000, status(50, 1000, 4), measure(2));
  expect(history.rows[0]).toMatchObject({ bitsPerSecond: null, fps: null, dropped: null, viewers: 3, delayMs: 80 });
  expect(history.rows[1]).toEqual({ atMs: 2000, bitsPerSecond: 4000, fps: 25, delayMs: 80, droppedHere: 2, dropped: 4, viewers: 3 });
});

it('knows nothing across a gap, or where counters began anew', () => {
  const history = new History();
  history.take(0, status(50, 1000, 0), null);
  history.take(2000, status(10, 100, 0), null);
  history.take(60_000, status(20, 200, 0), null);
  expect(history.rows.map((row) => row.fps)).toEqual([null, null, null]);
});

it('forgets what is older than ten minutes, and takes one of two at once', () => {
  const history = new History();
  for (let i = 0; i <= 400; i++) history.take(i * 2000, status(i, i, 0), null);
  history.take(400 * 2000 + 100, status(401, 401, 0), null);
  expect(history.rows).toHaveLength(300);
  expect(history.rows[0]!.atMs).toBe(400 * 2000 - 299 * 2000);
});
