import { describe, expect, it } from 'vitest';

import { match } from './views';

describe('paths of views', () => {
  it('has named parts', () => {
    expect(match('/camera/:id', '/camera/front')).toEqual({ id: 'front' });
    expect(match('/camera/:id', '/camera/a%20b')).toEqual({ id: 'a b' });
  });
  it('takes optional parts or none', () => {
    expect(match('/settings/:part?', '/settings')).toEqual({});
    expect(match('/settings/:part?', '/settings/users')).toEqual({ part: 'users' });
  });
  it('refuses what is longer, shorter or no encoding', () => {
    expect(match('/camera/:id', '/camera')).toBeNull();
    expect(match('/camera/:id', '/camera/a/b')).toBeNull();
    expect(match('/camera/:id', '/camera/%E0%A4%A')).toBeNull();
    expect(match('/', '/settings')).toBeNull();
    expect(match('/', '/')).toEqual({});
  });
});
