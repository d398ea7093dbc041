// What was recorded of a camera, asked of the API.

import { call } from '../../api/client';
import { live } from '../../live.svelte';
import { holeIn } from './holes';
import type { Hole } from './transport.svelte';

const DAY_MS = 86_400_000;
const YEARS_MS = 20 * 365 * DAY_MS;

/** When the newest picture was taken that was recorded; null: there is none. It throws where that may not be known. */
export async function newestOf(id: string, signal: AbortSignal): Promise<number | null> {
  for (const from of [DAY_MS, YEARS_MS]) {
    const { spans } = await call('get', '/api/v1/cameras/{id}/timeline', { path: { id }, query: { from: iso(live.nowMs() - from), to: 'now' }, signal });
    const last = spans.at(-1);
    if (last) return Date.parse(last.to);
  }
  return null;
}

/** The first stretch between two moments of which nothing was recorded. */
export async function holeOf(id: string, fromMs: number, toMs: number): Promise<Hole | null> {
  const { spans, gaps } = await call('get', '/api/v1/cameras/{id}/timeline', { path: { id }, query: { from: iso(fromMs), to: iso(toMs), resolution: '500ms' } });
  return holeIn(
    spans.map((span) => [Date.parse(span.from), Date.parse(span.to)]),
    gaps.map((gap) => ({ fromMs: Date.parse(gap.from), toMs: Date.parse(gap.to), reason: gap.reason })),
    fromMs,
    toMs,
  );
}

/** How long a picture lasts in the recording of a moment, in ms; null: not known. */
export async function pictureMsAt(id: string, ms: number, signal: AbortSignal): Promise<number | null> {
  const { segments } = await call('get', '/api/v1/cameras/{id}/segments', { path: { id }, query: { from: iso(ms), to: iso(ms + 1), limit: 1 }, signal });
  const segment = segments[0];
  return segment && segment.frames > 1 ? (Date.parse(segment.end) - Date.parse(segment.start)) / segment.frames : null;
}

/** A time as addresses have it. */
export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
