import { describe, expect, it } from 'vitest';

import { moved, ordered, shown } from './arrange';

const cameras = [{ id: 'c', name: 'Attic' }, { id: 'a' }, { id: 'b', name: 'Ümit' }];
const ids = (some: { id: string }[]): string => some.map(({ id }) => id).join('');

describe('the order of cameras', () => {
  it('is by name at first', () => expect(ids(ordered(cameras))).toBe('acb'));
  it('is that of languages, also where names are plain', () => {
    const names = ['Yard 10', 'yard 10', 'yard 1', 'yard', 'Yard', 'yard x', 'Attic', 'attic 2', '2nd floor', '10', '9', ' Z', 'a b', 'ab', 'A'];
    const sorted = ordered(names.map((id) => ({ id }))).map(({ id }) => id);
    expect(sorted).toEqual([...names].sort((a, b) => a.localeCompare(b)));
  });
  it('is as chosen, others follow', () => {
    expect(ids(ordered(cameras, ['b', 'gone']))).toBe('bac');
    expect(ids(ordered(cameras, ['c', 'b', 'a']))).toBe('cba');
  });
  it('changes by moving one before another', () => {
    expect(moved(['a', 'b', 'c'], 'c', 'a')).toEqual(['c', 'a', 'b']);
    expect(moved(['a', 'b', 'c'], 'a', 'c')).toEqual(['b', 'a', 'c']);
    expect(moved(['a', 'b', 'c'], 'a', null)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b'], 'a', 'a')).toEqual(['a', 'b']);
  });
});

describe('what is shown', () => {
  const groups = [{ name: 'In', cameras: ['c', 'b', 'gone'] }];
  it('is all that is not hidden', () => expect(ids(shown(cameras, { hidden: ['a'], groups }, null))).toBe('cb'));
  it('is a group, hidden or not', () => expect(ids(shown(cameras, { hidden: ['b'], groups }, 'In'))).toBe('cb'));
  it('is all again where the group is gone', () => expect(ids(shown(cameras, { hidden: ['a'], groups }, 'Out'))).toBe('cb'));
  it('has the text in the name or the id', () => expect(ids(shown(cameras, {}, null, ' ÜM'))).toBe('b'));
});
