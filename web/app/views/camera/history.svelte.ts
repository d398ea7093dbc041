// What a camera did in the last ten minutes, for plots: a row for each status that came.

import type { CameraStatus } from '../../live.svelte';
import type { Measure } from '../../../player/stage';

const KEPT_MS = 10 * 60_000;
const GAP_MS = 10_000; // so long without a status: nothing is known

/** One moment. null: not known. */
export interface Row {
  atMs: number;
  bitsPerSecond: number | null;
  fps: number | null;
  delayMs: number | null;
  /** Pictures that were left out since the row before, by this player and by all viewers. */
  droppedHere: number | null;
  dropped: number | null;
  viewers: number | null;
}

interface Counters {
  atMs: number;
  frames: number;
  bytes: number;
  dropped: number;
  droppedHere: number | null;
}

/** The rows, the oldest first. Reactive: each time it is another array. */
export class History {
  rows = $state.raw<readonly Row[]>([]);
  private last: Counters | null = null;

  /** Takes what a camera does, and how far behind the player is. */
  take(atMs: number, status: CameraStatus, measure: Measure | null): void {
    const own = status.streams.find((stream) => stream.rendition === '');
    const now: Counters = {
      atMs,
      frames: own?.frames ?? 0,
      bytes: own?.bytes ?? 0,
      dropped: status.streams.reduce((sum, stream) => sum + stream.dropped, 0),
      droppedHere: measure?.dropped ?? null,
    };
    const before = this.last && atMs - this.last.atMs < GAP_MS ? this.last : null;
    this.last = now;
    const seconds = before ? (atMs - before.atMs) / 1000 : 0;
    if (before && seconds < 0.5) {
      this.last = before; // two at once, of which one is enough
      return;
    }
    this.rows = [
      ...this.rows.filter((row) => row.atMs > atMs - KEPT_MS),
      {
        atMs,
        bitsPerSecond: rise(before?.bytes, now.bytes, seconds / 8),
        fps: rise(before?.frames, now.frames, seconds),
        delayMs: measure?.delayMs ?? null,
        droppedHere: rise(before?.droppedHere, now.droppedHere, 1),
        dropped: rise(before?.dropped, now.dropped, 1),
        viewers: status.state === undefined ? null : status.viewers,
      },
    ];
  }
}

// rise gives by how much a counter rose; one that fell has begun anew.
function rise(before: number | null | undefined, now: number | null, per: number): number | null {
  if (before === null || before === undefined || now === null || now < before || per <= 0) return null;
  return (now - before) / per;
}
