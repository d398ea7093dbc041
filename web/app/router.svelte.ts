// The address is the state: which view is shown, and what of it. Links are
// plain links; those to views of ours need no new page.

import { address, below } from './root';

/** A place in the app: the path below the root, and the query. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly hash: string;
}

let current = $state.raw<Place>(place());
let guard: (() => boolean) | null = null; // says whether the view may be left
let old = (): boolean => false;
let at = 0; // the number of this entry of the history; each new one has the next

function place(): Place {
  return { path: below(new URL(location.href)) ?? '/', query: new URLSearchParams(location.search), hash: location.hash.slice(1) };
}

// number reads what is kept with an entry of the history; null for one that is not of the app.
function number(state: unknown): number | null {
  return (state as { n?: number } | null)?.n ?? null;
}

// enter puts an address into the history.
function enter(url: string, push: boolean): void {
  if (push) history.pushState({ n: ++at }, '', url);
  else history.replaceState({ n: at }, '', url);
  current = place();
}

/** Where the app is. Reactive. */
export const router = {
  get path(): string {
    return current.path;
  },
  get query(): URLSearchParams {
    return current.query;
  },
  get hash(): string {
    return current.hash;
  },
};

/** Goes to a path of the app, such as "/camera/front?at=…": with a new page where this one is old. */
export function go(path: string, { replace = false } = {}): void {
  if (path !== router.path) {
    if (guard && !guard()) return;
    if (old()) return location[replace ? 'replace' : 'assign'](address(path));
  }
  enter(address(path), !replace);
  if (!replace) scrollTo(0, 0);
}

/** Changes keys of the query; null removes one. It makes no new entry of the history unless asked to. */
export function setQuery(changes: Record<string, string | null>, { push = false } = {}): void {
  const query = new URLSearchParams(current.query);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  if (text === current.query.toString()) return;
  enter(address(current.path) + (text && `?${text}`), push);
}

/** Has someone asked before the view is left, as where something is not saved. The result takes it back. */
export function guardLeaving(mayLeave: () => boolean): () => void {
  guard = mayLeave;
  return () => {
    if (guard === mayLeave) guard = null;
  };
}

/** Follows links and the history, until the result is called. Where the page is old each view is loaded with a new one. */
export function startRouter(isOld: () => boolean): () => void {
  old = isOld;
  at = number(history.state) ?? 0;
  history.replaceState({ n: at }, '', location.href);
  // The browser has gone there before it tells: who is to stay is led back.
  const popped = ({ state }: PopStateEvent): void => {
    const to = number(state) ?? at; // a link to a part of the page is no step of ours
    if (to !== at && guard && !guard()) {
      history.go(at - to);
      return;
    }
    at = to;
    if (old() && place().path !== current.path) location.reload();
    else current = place();
  };
  const clicked = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href]');
    if (!link || link.target || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    const path = below(url);
    if (path === null || !isView(path)) return;
    event.preventDefault();
    go(path + url.search + url.hash);
  };
  addEventListener('popstate', popped);
  document.addEventListener('click', clicked);
  return () => {
    removeEventListener('popstate', popped);
    document.removeEventListener('click', clicked);
  };
}

/** Says whether a path is one of the app's views. front/routes.go has the same. */
export function isView(path: string): boolean {
  return /^\/(|login|welcome|camera\/[^/]+|broadcast\/[^/]+|(recordings|settings)(\/[^/]+)?)$/.test(path);
}
