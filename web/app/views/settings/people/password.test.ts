import { expect, test } from 'vitest';

import { makePassword } from './password';

test('passwords are groups of letters that do not look alike', () => {
  const made = makePassword();
  expect(made).toMatch(/^([a-kmnp-z2-9]{5}-){3}[a-kmnp-z2-9]{5}$/);
  expect(makePassword()).not.toBe(made);
});
