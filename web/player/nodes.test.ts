import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Address } from './address';
import { Nodes } from './nodes';

const no = { width: null, height: null, fps: null, quality: null };

// What servers answer, by the address that is asked, and which were asked.
let answers: Record<string, unknown> = {};
let asked: string[] = [];

beforeEach(() => {
  answers = {};
  asked = [];
  vi.stubGlobal('fetch', (url: URL) => {
    asked.push(url.href);
    const answer = answers[url.origin];
    return answer === undefined ? Promise.reject(new TypeError('nobody is there')) : Promise.resolve(new Response(JSON.stringify(answer)));
  });
});
afterEach(() => vi.unstubAllGlobals());

const home = (src = 'https://a.test/live/front?width=640'): Address => new Address(src, 'https://a.test/', no);

// heard gives what knows where a camera is, once its server has said so.
async function heard(nodes: unknown, src?: string): Promise<Nodes> {
  const known = new Nodes(home(src));
  answers['https://a.test'] = nodes;
  known.tick(0);
  await vi.waitFor(() => expect(asked.length).toBe(1));
  await new Promise((resolve) => setTimeout(resolve));
  return known;
}

const at = (known: Nodes): string => known.address.url.href;

test('the others are tried in turn, at once, and then all with pauses', async () => {
  const known = await heard({ nodes: ['https://b.test/live/front?way=B', 'https://c.test/x/live/front?way=C'], here: '' });
  expect(at(known)).toBe('https://a.test/live/front?width=640');
  expect(known.next()).toBeLessThan(1000);
  expect(at(known)).toBe('https://b.test/live/front?way=B&width=640');
  expect(known.next()).toBeLessThan(1000);
  expect(at(known)).toBe('https://c.test/x/live/front?way=C&width=640');
  expect(known.next()).toBeUndefined();
  expect(at(known)).toBe('https://a.test/live/front?width=640');
  expect(known.next()).toBeUndefined();
  known.reached();
  expect(at(known)).toBe('https://b.test/live/front?way=B&width=640');
  expect(known.next()).toBeLessThan(1000);
});

test('a server that is alone is tried with pauses', async () => {
  for (const answer of [{ nodes: [], here: '' }, { nodes: 7 }, null, 'x', { nodes: ['https://a.test/live/front?way=A'], here: '' }]) {
    asked = [];
    const known = await heard(answer);
    expect(known.next()).toBeUndefined();
    expect(at(known)).toBe('https://a.test/live/front?width=640');
  }
});

test('it asks the place where it is, once a minute, with what is good for longest', async () => {
  const known = await heard({ nodes: ['https://b.test/live/front?way=B'], here: '' });
  known.tick(59_000);
  expect(asked).toEqual(['https://a.test/live/front/nodes?width=640']);
  known.next();
  answers['https://b.test'] = { nodes: ['https://c.test/live/front?way=C'], here: 'https://b.test/live/front?way=B2' };
  known.tick(60_000);
  await vi.waitFor(() => expect(at(known)).toBe('https://b.test/live/front?way=B2&width=640'));
  expect(asked[1]).toBe('https://b.test/live/front/nodes?way=B&width=640');
  known.reached();
  known.next();
  expect(at(known)).toBe('https://c.test/live/front?way=C&width=640');
  known.next();
  expect(at(known)).toBe('https://a.test/live/front?width=640'); // which lets in without one
});

test('an answer that comes when the player is elsewhere moves it nowhere', async () => {
  const known = await heard({ nodes: ['https://b.test/live/front?way=B'], here: '' });
  known.next();
  answers['https://b.test'] = { nodes: [], here: 'https://b.test/live/front?way=B2' };
  known.tick(60_000);
  known.next();
  await new Promise((resolve) => setTimeout(resolve));
  expect(at(known)).toBe('https://a.test/live/front?width=640');
});

test('a link in the page’s address lets in at the others', async () => {
  const known = await heard({ nodes: ['https://b.test/live/front'], here: '' }, 'https://a.test/live/front?exp=1&sig=x');
  known.next();
  expect(at(known)).toBe('https://b.test/live/front?exp=1&sig=x');
});

test('what no page may ask for, or is no address, is left out', async () => {
  const known = await heard({ nodes: ['http://b.test/live/front', 'javascript:alert(1)', '/live/front', 7, null, 'wss://d.test/live/front', 'https://c.test/live/front'], here: '' });
  known.next();
  expect(at(known)).toBe('https://c.test/live/front?width=640');
});
