// What is loaded when it is needed, which on most pages is never.

import type * as Module from './aside';

const FILE = 'framegate-player-aside.js';

/** Loads what shows a camera without our WebSocket. */
export function loadAside(): Promise<typeof Module> {
  return import(/* @vite-ignore */ new URL(FILE, import.meta.url).href) as Promise<typeof Module>;
}
