import { afterEach, beforeEach, expect, it, vi } from 'vitest';

// What stands in for the page and its history.
const page = vi.hoisted(() => {
  const heard = new Map<string, (event: unknown) => void>();
  const location = { href: 'http://gate/', search: '', hash: '', assign: vi.fn(), replace: vi.fn(), reload: vi.fn() };
  const enter = (_state: unknown, _title: string, url: string): void => void (location.href = url);
  const listen = (kind: string, does: (event: unknown) => void): void => void heard.set(kind, does);
  vi.stubGlobal('location', location);
  vi.stubGlobal('history', { state: null, pushState: enter, replaceState: enter });
  vi.stubGlobal('document', { addEventListener: listen, removeEventListener: () => undefined });
  vi.stubGlobal('addEventListener', listen);
  vi.stubGlobal('removeEventListener', () => undefined);
  vi.stubGlobal('scrollTo', () => undefined);
  return { heard, location };
});
import { go, guardLeaving, router, startRouter } from './router.svelte';

let stop: () => void, old: boolean;
beforeEach(() => {
  old = false;
  stop = startRouter(() => old);
  go('/');
  vi.clearAllMocks();
});
afterEach(() => stop());

// click clicks a link, and gives whether the browser follows it by itself.
function click(href: string): boolean {
  const preventDefault = vi.fn();
  page.heard.get('click')!({ button: 0, preventDefault, target: { closest: () => ({ href, hasAttribute: () => false }) } });
  return preventDefault.mock.calls.length === 0;
}

it('goes to a view without a new page, and leaves other links to the browser', () => {
  expect(click('http://gate/settings')).toBe(false);
  expect(router.path).toBe('/settings');
  expect(click('http://gate/api/docs')).toBe(true);
  expect(click('http://elsewhere/settings')).toBe(true);
  expect(page.location.assign).not.toHaveBeenCalled();
});

it('loads the page anew where it is old', () => {
  old = true;
  click('http://gate/settings/people?user=a');
  expect(page.location.assign).toHaveBeenCalledWith('http://gate/settings/people?user=a');
  go('/welcome', { replace: true });
  expect(page.location.replace).toHaveBeenCalledWith('http://gate/welcome');
  expect(router.path).toBe('/'); // until the new page is there
  page.location.href = 'http://gate/recordings'; // as the browser goes back
  page.heard.get('popstate')!({ state: { n: 0 } });
  expect(page.location.reload).toHaveBeenCalled();
  expect(router.path).toBe('/');
});

it('stays where that is asked for, also before a new page', () => {
  old = true;
  const free = guardLeaving(() => false);
  click('http://gate/settings');
  free();
  expect(page.location.assign).not.toHaveBeenCalled();
});
