import { expect, test } from 'vitest';

import { appended, asText, matches, type LogRecord } from './lines';

const lines = (from: number, to: number): LogRecord[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ number: from + i, at: '', level: 'info', message: '', attributes: {} }));
const numbers = (records: readonly LogRecord[]): number[] => records.map(({ number }) => number);

test('what is added comes behind what was there', () => {
  expect(numbers(appended(lines(1, 2), lines(3, 4)))).toEqual([1, 2, 3, 4]);
  expect(numbers(appended(lines(1, 2), []))).toEqual([1, 2]);
});

test('the newest thousand stay', () => {
  const kept = numbers(appended(lines(1, 1000), lines(1001, 1003)));
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1000, 4, 1003]);
});

test('a server that was started anew counts anew', () => {
  expect(numbers(appended(lines(1, 50), lines(1, 2)))).toEqual([1, 2]);
});

test('a line is copied as it reads, and found by its words', () => {
  const record: LogRecord = { number: 1, at: '2026-11-29T10:32:17Z', level: 'warn', message: 'source ended', attributes: { stream: 'front', error: 'no route to host', by: '' } };
  expect(asText(record)).toBe('2026-11-29T10:32:17Z WARN source ended stream=front error="no route to host" by=""');
  expect(matches(record, ['front', 'route'])).toBe(true);
  expect(matches(record, ['front', 'back'])).toBe(false);
});
