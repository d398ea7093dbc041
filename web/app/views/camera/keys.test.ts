import { expect, it } from 'vitest';

import { keysFor, type Deed } from './keys';

it('does a deed once for a key that is held, but for steps', () => {
  const done: Deed[] = [];
  const deeds = new Proxy({} as Record<Deed, () => void>, { get: (_, deed: Deed) => () => done.push(deed) });
  for (const key of keysFor(true, deeds)) for (const repeat of [false, true]) key.run?.({ repeat } as KeyboardEvent);
  expect(done.filter((deed, n) => done[n - 1] === deed)).toEqual(['stepBack', 'stepOn', 'backTen', 'onTen']);
  expect(new Set(done).size).toBe(done.length - 4);
});
