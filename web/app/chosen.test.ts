import { describe, expect, it } from 'vitest';

import { read } from './chosen';

describe('what is kept for a user', () => {
  it('is read as it was written', () => {
    const kept = { theme: 'dark', language: 'de', order: ['b', 'a'], hidden: ['c'], groups: [{ name: 'In', cameras: ['a'] }], grid: 9 };
    expect(read(kept)).toEqual(kept);
  });
  it('is what can be understood, whoever wrote it', () => {
    expect(read(null)).toEqual({});
    expect(read({ theme: 'pink', language: 'xx', order: ['a', 1], hidden: 'b', groups: [{ name: '' }, { name: 'x' }, 7], grid: 5, other: {} })).toEqual({
      order: ['a'],
      groups: [{ name: 'x', cameras: [] }],
    });
  });
});
