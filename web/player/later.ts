// What is loaded when it is needed, which on most pages is never.

import type * as Module from './aside';

const FILE = 'framegate-player-aside.js';

/** Loads what shows a camera without our WebSocket. */
export function loadAside(): Promise<typeof Module> {
  const file: unknown = new URL(FILE, import.meta.url); // of which import makes a string
  return import(/* @vite-ignore */ file as string) as Promise<typeof Module>;
}
