// What is wrong with the server that whoever looks after it should know on every page.

import type { Overview } from '../live.svelte';

/** What is wrong with recordings, and at which node of a cluster; '' for a server alone. */
export type Trouble = { readonly node: string } & (
  | { readonly kind: 'missing'; readonly reason: string } // of the whole folder
  | { readonly kind: 'elsewhere'; readonly reason: string } // there is one, but not the one that is configured
  | { readonly kind: 'full' | 'read_only' | 'gone' | 'slow'; readonly cameras: readonly string[]; readonly reason: string }
  | { readonly kind: 'crammed' }
  | { readonly kind: 'slow_sync'; readonly seconds: number }
);

interface Recorded {
  readonly camera: string;
  readonly mode: string;
  readonly state: string;
  readonly reason?: string;
}

const OF_CAMERAS = [['full', 'full'], ['read_only', 'read_only'], ['missing', 'gone'], ['slow', 'slow']] as const;

/** Says whether something is lost by it now. */
export function isBad(trouble: Trouble): boolean {
  return ['missing', 'full', 'read_only', 'gone'].includes(trouble.kind);
}

/** Finds what is wrong with recordings, what loses something first. Whoever is no admin is told nothing of the disk. */
export function troubleOf(overview: Overview | undefined): Trouble[] {
  if (!overview) return [];
  const found = overview.nodes
    ? overview.nodes.flatMap(({ node, recordings, recorded }) => at(node, recordings, recorded))
    : at('', overview.recordings, overview.cameras.flatMap(({ id, recording }) => (recording ? { ...recording, camera: id } : [])));
  return found.sort((a, b) => Number(isBad(b)) - Number(isBad(a)));
}

function at(node: string, room: Overview['recordings'], all: readonly Recorded[]): Trouble[] {
  if (!room) return [];
  const recorded = all.filter(({ mode }) => mode !== 'off');
  const found: Trouble[] = [];
  if (room.reason && !room.volume) {
    if (recorded.length > 0) found.push({ node, kind: 'missing', reason: room.reason });
  } else {
    if (room.reason) found.push({ node, kind: 'elsewhere', reason: room.reason });
    for (const [state, kind] of OF_CAMERAS) {
      const those = recorded.filter((camera) => camera.state === state);
      if (those.length > 0) found.push({ node, kind, cameras: those.map(({ camera }) => camera), reason: those[0]?.reason ?? '' });
    }
  }
  if (room.crammed) found.push({ node, kind: 'crammed' });
  if (room.slow_sync) found.push({ node, kind: 'slow_sync', seconds: room.sync_s });
  return found;
}

/** What is wrong around the server, or around which node. */
export function aroundOf(overview: Overview | undefined): (NonNullable<Overview['troubles']>[number] & { readonly node: string })[] {
  return (overview?.nodes ?? [{ node: '', troubles: overview?.troubles }]).flatMap(({ node, troubles }) => (troubles ?? []).map((trouble) => ({ ...trouble, node })));
}
