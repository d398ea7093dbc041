// What is missing between two moments of a recording.

import type { Hole } from './transport.svelte';

const SHORT_MS = 1000; // so little is missing between two pictures of a slow camera

/** The first stretch between two moments that is in none of those that were recorded, which are by time; gaps say why. */
export function holeIn(spans: readonly (readonly [number, number])[], gaps: readonly Hole[], fromMs: number, toMs: number): Hole | null {
  let at = fromMs;
  for (const [begin, end] of [...spans, [toMs, toMs] as const]) {
    if (begin - at >= SHORT_MS) return { fromMs: at, toMs: begin, reason: gaps.find((gap) => gap.fromMs < begin && gap.toMs > at)?.reason ?? '' };
    at = Math.max(at, end);
  }
  return null;
}
