import { expect, test, vi } from 'vitest';

import { readable } from './value';

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
