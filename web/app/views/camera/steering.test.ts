import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Steering, type Told } from './steering';

let told: Told[];
let answer: () => Promise<void>;
const failed = vi.fn();
let steering: Steering;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  answer = () => Promise.resolve();
  failed.mockReset();
  steering = new Steering((what) => (told.push(what), answer()), failed);
});
afterEach(() => vi.useRealTimers());

const move = (pan: number, tilt = 0, zoom = 0): Told => ({ pan, tilt, zoom, for: '1s' });

test('what is held is said again before its time is over, and a stop at the end', async () => {
  steering.press('a', { pan: 1 });
  steering.press('a', { pan: 1 });
  await vi.advanceTimersByTimeAsync(900);
  expect(told).toEqual([move(0.5), move(0.5), move(0.5)]);
  steering.release('a');
  steering.release();
  await vi.advanceTimersByTimeAsync(2000);
  steering.release();
  await vi.advanceTimersByTimeAsync(2000);
  expect(told.slice(3)).toEqual([{}]);
});

test('two that are held go both ways, and against each other nowhere', async () => {
  steering.speed = 1;
  steering.press('a', { pan: 1 });
  steering.press('b', { tilt: -1 });
  steering.press('c', { pan: -1 });
  await vi.advanceTimersByTimeAsync(0);
  steering.release('c');
  await vi.advanceTimersByTimeAsync(0);
  steering.release();
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual([move(1), move(0, -1), move(1, -1), {}]);
});

test('one thing is told at a time, the newest next', async () => {
  let done = (): void => undefined;
  answer = () => new Promise((resolve) => (done = resolve));
  steering.press('a', { zoom: 1 });
  steering.release('a');
  steering.press('b', { zoom: -1 });
  steering.release('b');
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toEqual([move(0, 0, 0.5)]);
  answer = () => Promise.resolve();
  done();
  await vi.advanceTimersByTimeAsync(5000);
  expect(told.slice(1)).toEqual([{}]);
});

test('what fails is told, and not tried on', async () => {
  answer = () => Promise.reject(new Error('no'));
  steering.press('a', { pan: 1 });
  await vi.advanceTimersByTimeAsync(5000);
  expect(told).toHaveLength(1);
  expect(failed).toHaveBeenCalledOnce();
  answer = () => Promise.resolve();
  steering.press('a', { pan: -1 });
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toHaveLength(2);
});
