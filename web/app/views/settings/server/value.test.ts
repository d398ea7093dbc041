import { expect, test, vi } from 'vitest';

import { filled, readable, sent } from './value';

vi.hoisted(() => vi.stubGlobal('navigator', { languages: ['en'] }));

test.each([
  ['limits.frame_bytes', 8_388_608, '8.4 MB'],
  ['recordings.max_bytes', 0, '0'],
  ['recordings.min_free', 1_073_741_824, '1.1 GB'],
  ['limits.viewers', 2000, '2,000'],
  ['limits.idle_timeout', '1m0s', '1 min'],
  ['limits.viewer_patience', '10s', '10 s'],
  ['limits.post_time', '1h30m0s', '1 h 30 min'],
  ['tls.mode', 'off', 'off'],
  ['hosts', ['a', 'b'], 'a, b'],
  ['hosts', [], ''],
  ['base_path', '', ''],
])('%s %j reads %s', (key, value, text) => {
  expect(readable(key, value)).toBe(text);
});

test.each([
  ['number', 7, 5, undefined, '7'],
  ['bytes', 8_388_608, 1, undefined, '8388608B'],
  ['bytes', 0, 0, undefined, ''], // nothing is bounded
  ['bytes', 0, 1_073_741_824, undefined, '0B'],
  ['bytes', 5, 5, 7, '7B'],
  ['duration', '1m0s', '1s', undefined, '1m0s'],
  ['list', ['a', 'b'], [], undefined, 'a\nb'],
  ['text', '', '', undefined, ''],
])('of a %s that is %j, of %j by default, is filled in what waits, %j: %j', (kind, value, usual, next, text) => {
  expect(filled({ kind, value, default: usual, waiting: next !== undefined, next })).toBe(text);
});

test.each([
  ['number', '7', '7'],
  ['number', ' ', null],
  ['bytes', '0GB', '0'],
  ['bytes', '8MiB', '8MiB'],
  ['bytes', '', null],
  ['list', ' a \n\nb\n', ['a', 'b']],
  ['list', '', []],
  ['text', '', null],
])('of a %s %j is sent as %j', (kind, text, value) => {
  expect(sent(kind, text)).toEqual(value);
});
