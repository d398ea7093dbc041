import { afterEach, beforeEach, expect, it, vi } from 'vitest';

// A server that keeps preferences, or fails with a status.
const server = vi.hoisted(() => ({ kept: {} as unknown, status: 200, asked: [] as string[], late: [] as number[], heard: () => undefined as void }));
vi.mock('./api/ahead', () => ({ ahead: () => undefined }));
vi.mock('./api/client', () => {
  class Problem extends Error {
    constructor(readonly status: number) {
      super();
    }
  }
  return {
    Problem,
    call: async (method: string, _path: string, { body }: { body?: unknown } = {}) => {
      server.asked.push(method);
      if (server.status !== 200) throw new Problem(server.status);
      if (method === 'put') server.kept = body;
      const { kept, late } = server;
      if (late.length > 0) await new Promise((resolve) => setTimeout(resolve, late.shift()));
      return kept;
    },
  };
});
const live = vi.hoisted(() => ({ me: { name: 'a', kind: 'user' } as { name: string; kind: string } | null }));
vi.mock('./live.svelte', () => ({ live, onEvent: (_kinds: string[], heard: () => void) => ((server.heard = heard), () => undefined) }));
vi.mock('./text.svelte', () => ({ language: { choose: () => undefined } }));

import { followPreferences, prefer, preferences } from './preferences.svelte';

let leave: () => void;
beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { documentElement: { dataset: {} } });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('removeEventListener', () => undefined);
  Object.assign(server, { kept: { grid: 4 }, status: 200 });
  live.me = { name: 'a', kind: 'user' };
  leave = followPreferences();
  await vi.advanceTimersByTimeAsync(0);
  server.asked = [];
});
afterEach(() => {
  leave();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('has the server keep what is chosen, at once for several changes', async () => {
  prefer({ grid: 9 });
  prefer({ theme: 'dark' });
  expect(preferences.now).toEqual({ grid: 9, theme: 'dark' });
  await vi.advanceTimersByTimeAsync(500);
  expect([server.asked, server.kept]).toEqual([['put'], { grid: 9, theme: 'dark' }]);
});

it('sends one change after the other', async () => {
  server.late = [1000];
  prefer({ grid: 9 });
  await vi.advanceTimersByTimeAsync(500);
  prefer({ grid: 16 });
  await vi.advanceTimersByTimeAsync(900);
  expect(server.asked).toEqual(['put']);
  await vi.advanceTimersByTimeAsync(1000);
  expect([server.asked, server.kept]).toEqual([['put', 'put'], { grid: 16 }]);
});

it('takes the newest answer, though an older one comes later', async () => {
  server.late = [1000, 10];
  server.heard();
  server.kept = { grid: 16 };
  server.heard();
  await vi.advanceTimersByTimeAsync(2000);
  expect(preferences.now.grid).toBe(16);
});

it.each([0, 503])('keeps what could not be saved by %d, and saves it later', async (status) => {
  server.status = status;
  prefer({ grid: 9 });
  await vi.advanceTimersByTimeAsync(1000);
  server.status = 200;
  server.heard(); // the server is there again, with what it had before
  await vi.advanceTimersByTimeAsync(100);
  expect(preferences.now.grid).toBe(9);
  await vi.advanceTimersByTimeAsync(5000);
  expect([server.asked, server.kept]).toEqual([['put', 'put'], { grid: 9 }]);
  server.kept = { grid: 16 };
  server.heard();
  await vi.advanceTimersByTimeAsync(0);
  expect(preferences.now.grid).toBe(16);
});

it('does not save again what is refused, nor for who comes next', async () => {
  server.status = 422;
  prefer({ grid: 9 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.asked).toEqual(['put']);
  server.status = 0;
  prefer({ grid: 1 });
  await vi.advanceTimersByTimeAsync(1000);
  live.me = null;
  leave();
  live.me = { name: 'b', kind: 'user' };
  server.status = 200;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(server.asked).toEqual(['put', 'put']);
});
