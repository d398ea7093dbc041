// What was recorded, as all bars of the app know it: timelines, small pictures, and
// since when there is something. It hears the server's events while somebody looks.

import { call } from '../api/client';
import { live, onEvent } from '../live.svelte';
import { address } from '../root';
import { isRecorded, nextMark, previousMark } from './lanes';
import { Thumbs, loadBitmap, thumbMoment } from './thumbs';
import { Timelines, contentAt, laneOf, parametersOf } from './timelines';

const USUAL_MS = 7 * 86_400_000; // is shown of the past where nobody knows

const looking = new Set<(camera: string) => void>();
const oldest = new Map<string, number | null>(); // by camera; null: not known yet, or nothing
let deafen: (() => void) | null = null;

function tell(camera: string): void {
  for (const look of looking) look(camera);
}

/** The timelines of cameras. */
export const timelines = new Timelines({
  ask: (q, signal) => call('get', '/api/v1/cameras/{id}/timeline', { path: { id: q.camera }, query: parametersOf(q), signal }),
  now: () => live.nowMs(),
  changed: tell,
});

const thumbs = new Thumbs<ImageBitmap>({ load: loadBitmap, close: (picture) => picture.close(), changed: tell });

/** Has look called when there is something new to see of a camera, until the result is. */
export function onRecorded(look: (camera: string) => void): () => void {
  looking.add(look);
  deafen ??= listen();
  return () => {
    looking.delete(look);
    if (looking.size > 0) return;
    deafen?.();
    deafen = null;
    timelines.look([], { fromMs: 0, toMs: 1 }, 1);
    thumbs.rest();
  };
}

/** A small picture of a moment: null where there is none, undefined until it has come. Pixels are of CSS. */
export function thumbOf(camera: string, ms: number, pixelMs: number): ImageBitmap | null | undefined {
  const lane = timelines.laneAt(camera, ms);
  const grows = lane !== null && !isRecorded(lane, ms) && contentAt(lane, ms, live.nowMs()) === 'recorded';
  const moment = thumbMoment(ms, pixelMs, grows ? null : lane);
  if (moment === null) return null;
  const at = new Date(moment).toISOString().replace('.000Z', 'Z');
  return thumbs.wish(camera, address(`live/${encodeURIComponent(camera)}/thumbnail.jpg?at=${at}`));
}

/** Wishes for no more pictures. */
export function restThumbs(): void {
  thumbs.rest();
}

/** Since when something of cameras is kept. It is asked for once, and then known. */
export function oldestOf(cameras: readonly string[]): number {
  const known = cameras.map((camera) => {
    if (!oldest.has(camera)) void askOldest(camera);
    return oldest.get(camera);
  });
  return known.reduce<number>((least, ms) => Math.min(least, ms ?? Infinity), live.nowMs() - USUAL_MS);
}

/** The next mark of cameras behind a time, or before it: one that is not known yet, so those near to each other may be one. */
export async function farMark(cameras: readonly string[], ms: number, direction: 1 | -1): Promise<number | null> {
  const oldestMs = oldestOf(cameras), now = live.nowMs();
  const [fromMs, toMs] = direction > 0 ? [ms, now] : [oldestMs, ms];
  if (toMs - fromMs < 1) return null;
  const query = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  const found = await Promise.all(cameras.map(async (id) => {
    const lane = laneOf(await call('get', '/api/v1/cameras/{id}/timeline', { path: { id }, query }));
    return (direction > 0 ? nextMark(lane, ms) : previousMark(lane, ms))?.fromMs ?? null;
  }));
  return nearest(found, direction);
}

/** The nearest of marks, of those behind a time the first, of those before it the last. */
export function nearest(marks: readonly (number | null)[], direction: 1 | -1): number | null {
  const known = marks.filter((ms) => ms !== null);
  if (known.length === 0) return null;
  return direction > 0 ? Math.min(...known) : Math.max(...known);
}

async function askOldest(camera: string): Promise<void> {
  oldest.set(camera, null);
  try {
    const query = { from: '1970-01-01T00:00:00Z', limit: 1 };
    const { segments } = await call('get', '/api/v1/cameras/{id}/segments', { path: { id: camera }, query });
    if (segments[0]) oldest.set(camera, Date.parse(segments[0].start));
    tell(camera);
  } catch {
    // The bar goes back a week then, and says why there is nothing to see.
  }
}

// Begins to hear. What happened before nobody has heard.
function listen(): () => void {
  timelines.outdate();
  const recorded = onEvent(['recordings_added', 'recordings_deleted', 'recording_gap'], (e) => {
    if (e.kind === 'recordings_deleted') {
      thumbs.forget(e.camera);
      oldest.delete(e.camera ?? '');
    } else {
      thumbs.reconsider(e.camera);
    }
    timelines.outdate(e.camera, e.from ? Date.parse(e.from) : undefined, e.to ? Date.parse(e.to) : undefined);
  });
  const marked = onEvent(['recording_mark_added', 'recording_mark_changed', 'recording_mark_deleted'], (e) => timelines.outdate(e.camera));
  const missed = onEvent(['ready'], () => {
    for (const [camera, ms] of oldest) if (ms === null) oldest.delete(camera);
    timelines.outdate();
  });
  return () => {
    recorded();
    marked();
    missed();
  };
}
