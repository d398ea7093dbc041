// Which view is at which path. A view is loaded when it is first wanted.

import type { Component } from 'svelte';

import type { Text } from '../text.svelte';
import { common } from '../texts/common';

/** A view of the app. */
export interface View {
  /** Another key is another view, which begins anew. */
  readonly key: string;
  /** What it is called, until it says more itself. */
  readonly title?: Text;
  /** Whether it stands without the header. */
  readonly bare?: boolean;
  /** Whether it shows cameras at once. */
  readonly shows?: boolean;
  readonly load: () => Promise<{ default: Component<Record<string, string>> }>;
  readonly parameters: Record<string, string>;
}

type Load = () => Promise<{ default: unknown }>;

// Each path, with names for its parts; a "?" makes a part optional.
const table: [pattern: string, load: Load, options?: { bare?: boolean; shows?: boolean; title?: Text }][] = [
  ['/', () => import('./wall/Wall.svelte'), { shows: true, title: common.cameras }],
  ['/camera/:id', () => import('./camera/Camera.svelte'), { shows: true }],
  ['/recordings/:part?', () => import('./recordings/Recordings.svelte'), { title: common.recordings }],
  ['/broadcast/:id', () => import('./broadcast/Broadcast.svelte')],
  ['/settings/:part?', () => import('./settings/Settings.svelte'), { title: common.settings }],
  ['/welcome', () => import('./welcome/Welcome.svelte'), { bare: true, title: common.welcome }],
];

/** Gives the view at a path of the app; null where there is none. */
export function viewOf(path: string): View | null {
  for (const [pattern, load, options] of table) {
    const parameters = match(pattern, path);
    if (parameters) return { key: `${pattern} ${parameters['id'] ?? ''}`, load: () => once(pattern, load as View['load']), parameters, ...options };
  }
  return null;
}

const loads = new Map<string, ReturnType<View['load']>>();

// once gives the same promise each time, or else the view would begin anew with
// each change of the address. What failed is tried again.
function once(pattern: string, load: View['load']): ReturnType<View['load']> {
  let loading = loads.get(pattern);
  if (!loading) {
    loading = load();
    loads.set(pattern, loading);
    loading.catch(() => loads.delete(pattern));
  }
  return loading;
}

/** Compares a path with a pattern, and gives its named parts. */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').slice(1);
  const parts = path.split('/').slice(1);
  if (parts.length > wanted.length) return null;
  const found: Record<string, string> = {};
  for (const [i, want] of wanted.entries()) {
    const part = parts[i];
    if (!want.startsWith(':')) {
      if (part !== want) return null;
    } else if (part) {
      try {
        found[want.replace(/[:?]/g, '')] = decodeURIComponent(part);
      } catch {
        return null; // what is no encoding of anything
      }
    } else if (!want.endsWith('?')) return null;
  }
  return found;
}
