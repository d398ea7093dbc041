// What is wrong with the server that whoever looks after it should know on every page.

import type { Overview } from '../live.svelte';

/** What is wrong with recordings. */
export type Trouble =
  | { readonly kind: 'missing'; readonly reason: string } // of the whole folder
  | { readonly kind: 'elsewhere'; readonly reason: string } // there is one, but not the one that is configured
  | { readonly kind: 'full' | 'read_only' | 'gone' | 'slow'; readonly cameras: readonly string[]; readonly reason: string }
  | { readonly kind: 'crammed' }
  | { readonly kind: 'slow_sync'; readonly seconds: number };

const OF_CAMERAS = [['full', 'full'], ['read_only', 'read_only'], ['missing', 'gone'], ['slow', 'slow']] as const;

/** Says whether something is lost by it now. */
export function isBad(trouble: Trouble): boolean {
  return ['missing', 'full', 'read_only', 'gone'].includes(trouble.kind);
}

/** Finds what is wrong with recordings, what loses something first. Whoever is no admin is told nothing of the disk. */
export function troubleOf(overview: Overview | undefined): Trouble[] {
  const room = overview?.recordings;
  if (!room) return [];
  const recorded = overview.cameras.filter((camera) => camera.recording && camera.recording.mode !== 'off');
  const found: Trouble[] = [];
  if (room.reason && !room.volume) {
    if (recorded.length > 0) found.push({ kind: 'missing', reason: room.reason });
  } else {
    if (room.reason) found.push({ kind: 'elsewhere', reason: room.reason });
    for (const [state, kind] of OF_CAMERAS) {
      const those = recorded.filter((camera) => camera.recording?.state === state);
      if (those.length > 0) found.push({ kind, cameras: those.map(({ id }) => id), reason: those[0]?.recording?.reason ?? '' });
    }
  }
  if (room.crammed) found.push({ kind: 'crammed' });
  if (room.slow_sync) found.push({ kind: 'slow_sync', seconds: room.sync_s });
  return found.sort((a, b) => Number(isBad(b)) - Number(isBad(a)));
}
