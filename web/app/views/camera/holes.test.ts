import { expect, it } from 'vitest';

import { holeIn } from './holes';

it('finds the first stretch that is missing, and says why', () => {
  const gaps = [{ fromMs: 20_000, toMs: 30_000, reason: 'the camera was away' }];
  expect(holeIn([[0, 20_000], [30_000, 60_000]], gaps, 10_000, 50_000)).toEqual({ fromMs: 20_000, toMs: 30_000, reason: 'the camera was away' });
  expect(holeIn([[0, 20_000]], [], 10_000, 50_000)).toEqual({ fromMs: 20_000, toMs: 50_000, reason: '' });
  expect(holeIn([], [], 0, 5000)).toEqual({ fromMs: 0, toMs: 5000, reason: '' });
});

it('finds none between pictures of a slow camera', () => {
  expect(holeIn([[0, 20_000], [20_500, 60_000]], [], 10_000, 50_000)).toBeNull();
});
