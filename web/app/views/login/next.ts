// Where a login leads.

import { below, root } from '../../root';
import { isView } from '../../router.svelte';

/** Where to go: within the app, or to a page of the server that is none of its views. */
export interface Next {
  /** The path below the root, with query and fragment. */
  readonly path: string;
  readonly href: string;
  readonly isView: boolean;
}

/** Reads what stands behind ?next=. Whatever could lead elsewhere, or here again, leads to the start. */
export function nextOf(asked: string | null, base: URL = root): Next {
  const start = { path: '/', href: base.href, isView: true };
  if (!asked?.startsWith('/')) return start;
  let url: URL;
  try {
    url = new URL(`./${asked.replace(/^[/\\]+/, '')}`, base);
  } catch {
    return start;
  }
  const path = below(url, base);
  if (path === null || path === '/login') return start;
  return { path: path + url.search + url.hash, href: url.href, isView: isView(path) };
}
