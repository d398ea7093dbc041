import { expect, test } from 'vitest';

import { faultsOf, isRefusal } from './faults';

test('a fault is told at its field, and what has none above the form', () => {
  const problem = Object.assign(new Error('the camera cannot be taken'), { faults: [
    { location: 'body.source', detail: 'names no host' },
    { location: 'body.record.keep.max_age', detail: 'is too short' },
    { location: 'body.grants[3]', detail: 'is no grant' },
    { location: 'body.secret', detail: 'is not known' },
    { location: 'body', detail: 'is odd' },
  ] });
  expect(faultsOf(problem, ['source', 'record.keep.max_age', 'grants'])).toEqual({
    source: 'names no host',
    'record.keep.max_age': 'is too short',
    grants: 'is no grant',
    '': 'secret: is not known; is odd',
  });
});

test('a problem without faults is told above the form', () => {
  expect(faultsOf(Object.assign(new Error('there is one already'), { faults: [] }), ['id'])).toEqual({ '': 'there is one already' });
});

test('a refusal is what the server says of what was sent', () => {
  expect([0, 400, 422, 500, 503].map((status) => isRefusal(Object.assign(new Error(''), { status })))).toEqual([false, true, true, false, false]);
  expect(isRefusal(new TypeError('no network'))).toBe(false);
});
