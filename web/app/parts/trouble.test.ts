import { expect, test } from 'vitest';

import type { Overview } from '../live.svelte';
import { aroundOf, troubleOf } from './trouble';

const room = { volume: 'v', free: 1, total: 2, recorded: 1, protected: 0, crammed: false, sync_s: 1, slow_sync: false };

function overview(recordings: Partial<typeof room> & { reason?: string }, ...states: string[]): Overview {
  const cameras = states.map((state, i) => ({ id: `c${i}`, recording: { mode: state === 'off' ? 'off' : 'continuous', state, reason: `is ${state}` } }));
  return { version: '1', started: '', recordings: { ...room, ...recordings }, cameras } as unknown as Overview;
}

test.each([
  ['all is well', overview({}, 'recording', 'waiting', 'off'), []],
  ['a disk that is away', overview({ volume: '', reason: 'not mounted' }, 'missing', 'missing'), [{ node: '', kind: 'missing', reason: 'not mounted' }]],
  ['a disk that is away, and nothing to record', overview({ volume: '', reason: 'not mounted' }, 'off'), []],
  ['another folder than the one that is wanted', overview({ reason: 'cannot write' }, 'recording'), [{ node: '', kind: 'elsewhere', reason: 'cannot write' }]],
  ['full', overview({}, 'recording', 'full', 'full'), [{ node: '', kind: 'full', cameras: ['c1', 'c2'], reason: 'is full' }]],
  ['full, slow and crammed', overview({ crammed: true, slow_sync: true, sync_s: 7 }, 'slow', 'full'), [
    { node: '', kind: 'full', cameras: ['c1'], reason: 'is full' }, { node: '', kind: 'slow', cameras: ['c0'], reason: 'is slow' }, { node: '', kind: 'crammed' }, { node: '', kind: 'slow_sync', seconds: 7 },
  ]],
] as const)('%s', (_, all, found) => {
  expect(troubleOf(all)).toEqual(found);
});

test('whoever is no admin is told nothing', () => {
  expect(troubleOf({ ...overview({}, 'full'), recordings: undefined } as unknown as Overview)).toEqual([]);
  expect(troubleOf(undefined)).toEqual([]);
});

test('each node tells of its own disk, and of what is wrong around it', () => {
  const one = (node: string, recordings: object, state: string, troubles: object[] = []): object =>
    ({ node, own: node === 'a', away: false, viewers: 0, recordings: { ...room, ...recordings }, recorded: [{ camera: 'front', mode: 'continuous', state, reason: `is ${state}`, kept: {} }], troubles });
  const clock = { name: 'clock', code: 'clock_wrong', text: 'is wrong', since: '' };
  const all = {
    ...overview({ crammed: true }, 'full'), troubles: [],
    nodes: [one('a', { slow_sync: true, sync_s: 9 }, 'recording'), one('b', { volume: '', reason: 'not mounted' }, 'missing', [clock]), { node: 'c', away: true, recorded: [] }],
  } as unknown as Overview;
  expect(troubleOf(all)).toEqual([{ node: 'b', kind: 'missing', reason: 'not mounted' }, { node: 'a', kind: 'slow_sync', seconds: 9 }]);
  expect(aroundOf(all)).toEqual([{ ...clock, node: 'b' }]);
  expect(aroundOf({ ...overview({}), troubles: [clock] } as unknown as Overview)).toEqual([{ ...clock, node: '' }]);
  expect(aroundOf(undefined)).toEqual([]);
});
