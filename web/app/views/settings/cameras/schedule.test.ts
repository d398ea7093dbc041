import { expect, test } from 'vitest';

import { readHours, writeHours } from './schedule';

test('hours are read and written', () => {
  for (const text of ['mon-fri 08:00-18:00, sat 22:00-02:00', 'daily 00:00-24:00', 'mon tue sat sun 09:30-10:00', 'wed 00:00-01:00']) {
    expect(writeHours(readHours(text) ?? [])).toBe(text);
  }
});

test('what the server writes in other ways is understood', () => {
  expect(writeHours(readHours('sat-mon 8:00-9:00') ?? [])).toBe('mon sat sun 08:00-09:00');
  expect(writeHours(readHours(' mon-sun  7:00-24:00 ') ?? [])).toBe('daily 07:00-24:00');
  expect(readHours('someday 08:00-09:00')).toBeNull();
  expect(readHours('08:00-09:00')).toBeNull();
  expect(readHours('')).toBeNull();
});
