import { afterEach, expect, it, vi } from 'vitest';

const answers: Record<string, unknown> = { me: { name: 'a', session: 's' }, cameras: { cameras: [{ id: 'front' }] }, status: { cameras: [{ id: 'front' }] } };

// begun begins a page anew that came with some answers, and gives what it asks for.
async function begun(carried: readonly string[], status = 200): Promise<{ asked: string[]; begin: () => Promise<void>; live: { cameras: unknown; overview: unknown; me: unknown }; hear: (kind: string, told: unknown) => void }> {
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
  vi.stubGlobal('location', new URL('http://gate/'));
  vi.stubGlobal('EventSource', class {
    addEventListener = (kind: string, heard: (event: { data: string }) => void): unknown => hearers.set(kind, heard);
    close(): void {}
  });
  vi.stubGlobal('fetch', (url: string) => {
    const what = new URL(url).pathname.split('/').at(-1)!;
    asked.push(what);
    return Promise.resolve(new Response(JSON.stringify(answers[what] ?? {}), { status }));
  });
  const { begin, live } = await import('./live.svelte');
  return { asked, begin, live, hear: (kind, told) => hearers.get(kind)?.({ data: JSON.stringify(told) }) };
}

afterEach(() => vi.unstubAllGlobals());

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

it('asks for nothing more where nobody is logged in', async () => {
  const { asked, begin, live } = await begun([], 401);
  await begin();
  expect(live.me).toBeNull();
  expect(asked).toEqual(['me']);
});
