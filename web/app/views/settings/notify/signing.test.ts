import { expect, test } from 'vitest';

import { newSecret, sameSet } from './signing';

test('a secret is 32 bytes in base64, and another one each time', () => {
  const [a, b] = [newSecret(), newSecret()];
  expect(a).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(a).not.toBe(b);
});

test('two lists are the same in whatever order', () => {
  expect(sameSet(['a', 'b'], ['b', 'a'])).toBe(true);
  expect(sameSet([], [])).toBe(true);
  expect(sameSet(['a'], ['a', 'b'])).toBe(false);
  expect(sameSet(['a', 'c'], ['a', 'b'])).toBe(false);
});
