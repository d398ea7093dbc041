// What is loaded when it is needed, which on most pages is never.

import type * as Aside from './aside';
import type * as Nodes from './nodes';

interface Files {
  aside: typeof Aside;
  nodes: typeof Nodes;
}

const FILES = { aside: 'framegate-player-aside.js', nodes: 'framegate-player-nodes.js' };

/** Loads what shows a camera without our WebSocket (aside), or knows where else it is shown (nodes); null where that is not to be had. */
export async function load<Name extends keyof Files>(name: Name): Promise<Files[Name] | null> {
  const file: unknown = new URL(FILES[name], import.meta.url); // of which import makes a string
  return (import(/* @vite-ignore */ file as string) as Promise<Files[Name]>).catch(() => null);
}
