// What the app keeps for a user, on the server: the same on each device. The
// last change counts, of whatever page it is.

import { ahead } from './api/ahead';
import { call, Problem } from './api/client';
import { keepLooks, looks, read, type Preferences } from './chosen';
import { live, onEvent } from './live.svelte';
import { language } from './text.svelte';

/** What becomes of a change: undefined chooses nothing any more. */
export type Change = { readonly [K in keyof Preferences]?: Preferences[K] | undefined };

const CALM_MS = 500; // several changes often come together
const AGAIN_MS = 5000;

let kept = $state.raw<Preferences>(looks());
let known = $state(false);
let unsaved: ReturnType<typeof setTimeout> | undefined; // saves what the server does not have yet

/** What was chosen. Reactive. */
export const preferences = {
  get now(): Preferences {
    return kept;
  },
  /** The server has said what was chosen, or failed to. Reactive. */
  get known(): boolean {
    return known;
  },
};

/** Chooses something, at once on this page, and soon everywhere. */
export function prefer(change: Change): void {
  take(Object.fromEntries(Object.entries({ ...kept, ...change }).filter(([, value]) => value !== undefined)));
  clearTimeout(unsaved);
  unsaved = setTimeout(() => void save(), CALM_MS);
}

/** Follows what is kept for who is logged in, until the result is called. */
export function followPreferences(): () => void {
  const ask = (): void => void load().finally(() => (known = true));
  ask();
  const deaf = onEvent(['ready', 'preferences_changed'], ask); // what was changed before 'ready' is heard of by nobody
  const leave = (): void => {
    if (unsaved !== undefined) void save(true);
  };
  addEventListener('pagehide', leave);
  return () => {
    deaf();
    removeEventListener('pagehide', leave);
    leave();
  };
}

let asks = 0;
async function load(): Promise<void> {
  if (unsaved !== undefined || !live.me || live.me.kind === 'token') return; // ours is newer, and on its way
  const mine = ++asks;
  const found = ahead('/api/v1/me/preferences') ?? (await call('get', '/api/v1/me/preferences').catch(() => null)); // the next event asks again
  if (found && mine === asks && unsaved === undefined) take(read(found));
}

// save has the server keep what was chosen, and tries again where it cannot now. What it refuses holds on this page all the same.
let saving = 0;
async function save(leaving = false): Promise<void> {
  clearTimeout(unsaved);
  if (saving > 0 && !leaving) {
    unsaved = setTimeout(() => void save(), CALM_MS); // or the one before might come later than this one
    return;
  }
  const mine = unsaved;
  saving++;
  const later = live.me && live.me.kind !== 'token' && (await call('put', '/api/v1/me/preferences', { body: kept as Record<string, unknown>, keepalive: true }).then(() => false, isPassing));
  saving--;
  if (unsaved === mine) unsaved = later ? setTimeout(() => void save(), AGAIN_MS) : undefined; // or something was chosen meanwhile
}

function isPassing(error: unknown): boolean {
  return error instanceof Problem && (error.status === 0 || error.status >= 500);
}

function take(chosen: Preferences): void {
  kept = chosen;
  wear();
  keepLooks(chosen);
}

/** Gives the page its theme and language. */
export function wear(): void {
  if (kept.theme) document.documentElement.dataset['theme'] = kept.theme;
  else delete document.documentElement.dataset['theme'];
  language.choose(kept.language ?? null);
}
