import { expect, test } from 'vitest';

import { readDuration, readSize } from './amounts';

test('durations are read in the largest unit', () => {
  const units = ['m', 'h', 'd'];
  expect(readDuration('30d', units)).toEqual({ number: '30', unit: 'd' });
  expect(readDuration('24h', units)).toEqual({ number: '1', unit: 'd' });
  expect(readDuration('1h30m', units)).toEqual({ number: '90', unit: 'm' });
  expect(readDuration('90s', units)).toEqual({ number: '1.5', unit: 'm' });
  expect(readDuration('500ms', ['ms', 's'])).toEqual({ number: '500', unit: 'ms' });
  expect(readDuration('', units)).toBeNull();
  expect(readDuration('5 parsecs', units)).toBeNull();
});

test('sizes are read', () => {
  const units = ['MB', 'GB', 'TB'];
  expect(readSize('200GB', units)).toEqual({ number: '200', unit: 'GB' });
  expect(readSize('1500000000B', units)).toEqual({ number: '1500', unit: 'MB' });
  expect(readSize('1GiB', units)).toEqual({ number: '1073.741824', unit: 'MB' });
  expect(readSize('much', units)).toBeNull();
});
