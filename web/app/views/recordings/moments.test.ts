import { expect, test } from 'vitest';

import { momentsOf } from './moments';

test.each([
  ['the first that lies in it', 3, 12, 60, [10, 0]],
  ['the nearest, before', 3, 4, 60, [0, 10]],
  ['the nearest, behind', 8, 9, 60, [10, 0]],
  ['its own', 10, 10, 60, [10]],
  ['of one that is open', 3, null, 60, [10, 0]],
  ['nothing of the future', 8, 9, 9.5, [0]],
  ['nothing of what is to come', 80, 90, 60, []],
])('%s', (_, start, end, now, wanted) => {
  expect(momentsOf(start * 1000, end === null ? null : end * 1000, now * 1000)).toEqual(wanted.map((s) => `1970-01-01T00:00:${String(s).padStart(2, '0')}Z`));
});
