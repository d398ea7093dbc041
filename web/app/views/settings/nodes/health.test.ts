import { expect, test, vi } from 'vitest';

import type { Schemas } from '../../../api/client';
import { keyOf, ratesOf, stateOf, wrongWith } from './health';

vi.hoisted(() => vi.stubGlobal('navigator', { languages: ['en'] }));

const now = Date.parse('2026-11-30T04:00:00Z');
const node = (name: string, change: Partial<Schemas['ClusterNode']> = {}): Schemas['ClusterNode'] => ({
  name, alive: true, left: false, since: '2026-11-30T03:58:00Z', heard_ms: 100, relay: `${name}:7422`, version: '1.0', roles: [], labels: [], cameras: 1, viewers: 0,
  load: 0.2, clock_ms: -1, agrees: true, common: 0, shut_out: false, pending_bytes: 0, direct: false, ...change,
});
const cluster = (...nodes: Schemas['ClusterNode'][]) => ({ node: 'a', nodes });

test('each thing that is wrong with a node is told', () => {
  for (const [change, words, tone] of [
    [{}, [], 'good'],
    [{ alive: false }, [/Nothing was heard of it for 2 min/], 'bad'],
    [{ alive: false, left: true }, [/was ended 2 minutes ago/], 'quiet'],
    [{ alive: false, shut_out: true }, [/is shut out/], 'quiet'],
    [{ clock_ms: 3000 }, [/clock is 3 s ahead/], 'warn'],
    [{ clock_ms: -61_000 }, [/clock is 1 min 1 s behind/], 'warn'],
    [{ version: '2.0', agrees: false }, [/version 2.0, and this one 1.0/, /other cameras/], 'warn'],
    [{ pending_bytes: 9e6 }, [/9(\.0)? MB wait for it/], 'warn'],
    [{ load: 0.97 }, [/97%/], 'warn'],
  ] as const) {
    const b = node('b', change);
    const wrong = wrongWith(b, cluster(node('a'), b), now);
    expect(wrong.length).toBe(words.length);
    words.forEach((pattern, i) => expect(wrong[i]?.[0]).toMatch(pattern));
    expect(stateOf(b, wrong).tone).toBe(tone);
  }
});

test('rates are between two looks, of relays that did not begin anew', () => {
  const relay = (to: string, bytes: number, since = 's') => ({ camera: 'front', rendition: '', from: 'a', to, since, bytes });
  const before = { atMs: 1000, relays: [relay('b', 500), relay('c', 900)] };
  const after = { atMs: 3000, relays: [relay('b', 2500), relay('c', 10, 't')] };
  expect(ratesOf(undefined, before).size).toBe(0);
  expect([...ratesOf(before, after)]).toEqual([[keyOf(relay('b', 0)), 1000]]);
});
