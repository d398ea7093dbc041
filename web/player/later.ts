// What is loaded when it is needed, which on most pages is never.

import type * as Aside from './aside';
import type * as Nodes from './nodes';
import type * as Speakers from './speakers';

interface Files {
  aside: typeof Aside;
  nodes: typeof Nodes;
  speakers: typeof Speakers;
}

const FILES = { aside: 'framegate-player-aside.js', nodes: 'framegate-player-nodes.js', speakers: 'framegate-player-speakers.js' };

/** Loads what shows a camera without our WebSocket (aside), knows where else it is shown (nodes), or plays its sound (speakers); null where that is not to be had. */
export async function load<Name extends keyof Files>(name: Name): Promise<Files[Name] | null> {
  const file: unknown = new URL(FILES[name], import.meta.url); // of which import makes a string
  return (import(/* @vite-ignore */ file as string) as Promise<Files[Name]>).catch(() => null);
}
