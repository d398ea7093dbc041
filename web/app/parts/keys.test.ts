import { expect, test } from 'vitest';

import { fits } from './keys.svelte';

const press = (key: string, shiftKey = false): { key: string; shiftKey: boolean } => ({ key, shiftKey });

test.each([
  ['f', press('f'), true],
  ['f', press('F', true), false],
  ['F', press('F', true), true],
  ['?', press('?', true), true], // as on most keyboards
  ['?', press('?'), true],
  ['ArrowLeft', press('ArrowLeft'), true],
  ['ArrowLeft', press('ArrowLeft', true), false],
  ['Shift+ArrowLeft', press('ArrowLeft', true), true],
  ['Shift+ArrowLeft', press('ArrowLeft'), false],
  [' ', press(' '), true],
  [' ', press(' ', true), false],
  ['Shift+ ', press(' ', true), true],
])('%j is %j: %j', (name, event, fit) => {
  expect(fits(name, event)).toBe(fit);
});
