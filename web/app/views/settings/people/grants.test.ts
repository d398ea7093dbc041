import { expect, test } from 'vitest';

import { allows, camerasOf, summary, tidy, withGrant } from './grants';

test('what is allowed for all is allowed for each', () => {
  expect(allows(['view:*'], 'view', 'front')).toBe(true);
  expect(allows(['view:front'], 'view', 'front')).toBe(true);
  expect(allows(['view:front'], 'view', '*')).toBe(false);
  expect(allows(['view:front'], 'playback', 'front')).toBe(false);
});

test('grants come and go', () => {
  expect(withGrant(['metrics'], 'view:*', true)).toEqual(['metrics', 'view:*']);
  expect(withGrant(['metrics', 'view:*'], 'view:*', false)).toEqual(['metrics']);
});

test('what is said twice is sent once', () => {
  expect(tidy(['view:*', 'view:front', 'publish:front', 'metrics'])).toEqual(['view:*', 'publish:front', 'metrics']);
  expect(tidy(['view:*', 'admin'])).toEqual(['admin']);
});

test('grants are summed up by what they allow', () => {
  expect(summary(['publish:phone', 'view:front', 'view:*', 'metrics'])).toEqual([['view', ['*']], ['publish', ['phone']]]);
  expect(camerasOf(['view:front', 'playback:front', 'view:*', 'metrics', 'publish:x'])).toEqual(['front', 'x']);
});
