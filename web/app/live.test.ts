import { afterEach, expect, it, vi } from 'vitest';

const answers: Record<string, unknown> = { me: { name: 'a', session: 's' }, cameras: { cameras: [{ id: 'front' }] }, status: { cameras: [{ id: 'front' }] } };

// begun begins a page anew that came with some answers, and gives what it asks for.
async function begun(carried: readonly string[], status = 200): Promise<{ asked: string[]; begin: () => Promise<void>; live: typeof import('./live.svelte').live; loggedIn: typeof import('./live.svelte').loggedIn; reload: () => void; hear: (kind: string, told: unknown) => void }> {
  vi.resetModules();
  const asked: string[] = [];
  const left = new Set(carried);
  const hearers = new Map<string, (event: { data: string }) => void>();
  vi.stubGlobal('navigator', { languages: ['en'] });
  vi.stubGlobal('document', {
    addEventListener: () => undefined,
    querySelector: (selector: string) => {
      const what = [...left].find((path) => selector === `script[data-answer="/api/v1/${path}"]`);
      return what === undefined ? null : { textContent: JSON.stringify(answers[what]), remove: () => left.delete(what) };
    },
  });
  vi.stubGlobal('addEventListener', () => undefined);
  const reload = vi.fn();
  vi.stubGlobal('location', Object.assign(new URL('http://gate/'), { reload }));
  vi.stubGlobal('EventSource', class {
    addEventListener = (kind: string, heard: (event: { data: string }) => void): unknown => hearers.set(kind, heard);
    close(): void {}
  });
  vi.stubGlobal('fetch', (url: string) => {
    const what = new URL(url).pathname.split('/').at(-1)!;
    asked.push(what);
    return Promise.resolve(new Response(JSON.stringify(answers[what] ?? {}), { status }));
  });
  const { begin, live, loggedIn } = await import('./live.svelte');
  return { asked, begin, live, loggedIn, reload, hear: (kind, told) => hearers.get(kind)?.({ data: JSON.stringify(told) }) };
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('knows at once what the page came with', async () => {
  const { asked, begin, live } = await begun(['me', 'cameras', 'status']);
  void begin();
  expect(live.me).toEqual(answers['me']);
  expect(live.cameras).toHaveLength(1);
  expect(live.overview).toBeDefined();
  expect(asked).toEqual([]);
});

it('takes what it came with but once', async () => {
  const { asked, begin, live } = await begun(['me', 'cameras', 'status']);
  await begin();
  await begin();
  expect(asked).toEqual(['me']);
  expect(live.cameras).toHaveLength(1);
});

it('asks for what the page did not come with, and again once no change is missed', async () => {
  const { asked, begin, live, hear } = await begun(['me']);
  await begin();
  await vi.waitFor(() => expect(live.cameras).toHaveLength(1));
  hear('ready', { kind: 'ready', at: new Date(0).toISOString() });
  hear('status', answers['status']);
  expect(live.overview).toBeDefined();
  await vi.waitFor(() => expect(asked).toEqual(['cameras', 'cameras']));
});

it('is not told by an old answer who is logged in', async () => {
  const { begin, live, loggedIn } = await begun([]);
  const answered = [Promise.resolve(new Response('{}', { status: 401 }))];
  vi.stubGlobal('fetch', () => answered.shift() ?? new Promise(() => undefined));
  const begins = begin();
  loggedIn(answers['me'] as Parameters<typeof loggedIn>[0]);
  await begins;
  expect(live.me).toEqual(answers['me']);
});

it('asks for nothing more where nobody is logged in', async () => {
  const { asked, begin, live } = await begun([], 401);
  await begin();
  expect(live.me).toBeNull();
  expect(asked).toEqual(['me']);
});

it('knows when the server was updated, and then begins anew for who logs in', async () => {
  const { begin, hear, live, loggedIn, reload } = await begun(['me', 'cameras']);
  await begin();
  for (const [version, updated] of [['1', false], ['1', false], ['2', true], ['1', false], ['2', true]] as const) {
    hear('status', { version, cameras: [] });
    expect(live.updated).toBe(updated);
  }
  expect(reload).not.toHaveBeenCalled();
  loggedIn(null);
  expect(reload).toHaveBeenCalled();
});

it('stays where somebody logs out of the server that the page is of', async () => {
  const { begin, hear, loggedIn, reload } = await begun(['me', 'cameras']);
  await begin();
  hear('status', { version: '1', cameras: [] });
  loggedIn(null);
  expect(reload).not.toHaveBeenCalled();
});

it('goes by the clock of the server, also when its own is set', async () => {
  const { begin, hear, live } = await begun(['me', 'cameras']);
  await begin();
  let passedMs = 0, setMs = 0;
  vi.spyOn(Date, 'now').mockImplementation(() => passedMs + setMs);
  const status = (lateMs: number): void => hear('status', { at: new Date(5_000_000 + passedMs - lateMs).toISOString(), cameras: [] });
  hear('ready', { kind: 'ready', at: new Date(5_000_000).toISOString() });
  for (const [steppedMs, lateMs, aheadMs] of [[0, 0, 0], [0, 1900, 0], [0, 9000, 0], [0, 0, 0], [-3_600_000, 0, 0], [7_200_000, 0, 7_200_000], [0, 0, 0], [0, 1200, 0], [-1500, 0, 0]] as const) { // of one status alone it may be late
    passedMs += 2000;
    setMs += steppedMs;
    status(lateMs);
    expect(live.nowMs()).toBe(5_000_000 + passedMs + aheadMs);
  }
});
