import { afterEach, expect, it, vi } from 'vitest';

const ahead = ['cameras', 'status'];
const answers: Record<string, unknown> = { me: { name: 'a', session: 's' }, cameras: { cameras: [{ id: 'front' }] }, status: { cameras: [{ id: 'front' }] } };

// begun begins a page anew, and says whether that is over, of which requests.
async function begin(answer: (what: string) => Promise<Response>): Promise<{ asked: string[]; over: () => boolean; live: { cameras: unknown; overview: unknown; me: unknown } }> {
  vi.resetModules();
  const asked: string[] = [];
  vi.stubGlobal('navigator', { languages: ['en'] });
  vi.stubGlobal('document', { addEventListener: () => undefined, head: { querySelector: (selector: string) => ahead.find((path) => selector.includes(`/${path}"`)) ?? null } });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('location', new URL('http://gate/'));
  vi.stubGlobal('EventSource', class { addEventListener(): void {} close(): void {} });
  vi.stubGlobal('fetch', async (url: string) => {
    const what = new URL(url).pathname.split('/').at(-1)!;
    asked.push(what);
    return answer(what);
  });
  const { begun, live } = await import('./live.svelte');
  let over = false;
  void begun().then(() => (over = true));
  return { asked, over: () => over, live };
}
const json = (what: string, status = 200): Response => new Response(JSON.stringify(answers[what] ?? {}), { status });

afterEach(() => vi.unstubAllGlobals());

it('waits for what the page has ahead, and asks for each once', async () => {
  let late = (): void => undefined;
  const { asked, over, live } = await begin((what) => (what === 'status' ? new Promise((resolve) => (late = () => resolve(json(what)))) : Promise.resolve(json(what))));
  await vi.waitFor(() => expect(live.cameras).toHaveLength(1));
  expect(over()).toBe(false);
  late();
  await vi.waitFor(() => expect(over()).toBe(true));
  expect(live.overview).toBeDefined();
  expect(asked).toEqual(['me', 'cameras', 'status']);
});

it('waits for nothing more where nobody is logged in', async () => {
  const { asked, over, live } = await begin((what) => Promise.resolve(json(what, 401)));
  await vi.waitFor(() => expect(over()).toBe(true));
  expect(live.me).toBeNull();
  expect(asked).toEqual(['me']);
});
