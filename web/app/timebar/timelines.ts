// Timelines of cameras: fetched for what is seen, kept, and fetched anew when the
// server says that something became another.

import { pixelMs, spanOf, type View } from './geometry';
import { gapAt, isRecorded, type Lane } from './lanes';

/** What the API answers, of GET /api/v1/cameras/{id}/timeline, as far as it is used. */
export interface TimelineAnswer {
  from: string;
  to: string;
  spans: { from: string; to: string }[];
  gaps: { from: string; to: string; reason: string; open?: boolean }[];
  marks: { id: number; kind: string; from: string; to?: string; keep: boolean; count: number }[];
}

/** What is asked of the API. */
export interface TimelineQuery {
  camera: string;
  fromMs: number;
  toMs: number;
  resolutionMs: number;
}

/** The query as parameters of the address. */
export function parametersOf(q: TimelineQuery): Record<string, string> {
  return { from: new Date(q.fromMs).toISOString(), to: new Date(q.toMs).toISOString(), resolution: `${q.resolutionMs}ms` };
}

/** What a store of timelines needs. */
export interface TimelinesOptions {
  /** Asks the API. It rejects where there is no answer. */
  ask(q: TimelineQuery, signal: AbortSignal): Promise<TimelineAnswer>;
  /** The server's time. */
  now(): number;
  /** Is called when there is something new to see of a camera. */
  changed(camera: string): void;
  /** Calls do later; what it gives calls that off. It is a timer, if left out. */
  later?(do_: () => void, ms: number): () => void;
}

/** A lane that was fetched, and when. */
export interface Kept extends Lane {
  resolutionMs: number;
  /** The server's time when it was asked for: what is later is not in it. */
  askedMs: number;
}

const FRESH_MS = 15_000; // before it was asked for, and what ended then goes on
const GROWS_MS = 150_000; // for so long nobody need have heard that a file is finished

/**
 * What goes on behind the end of a lane, until now: what was being recorded when it
 * was asked for, or a gap that was open. Events tell when that is over.
 */
export function grownTo(lane: Kept, nowMs: number): { kind: 'span' | 'gap'; fromMs: number } | null {
  const end = lane.spans.at(-1) ?? -Infinity;
  const gap = lane.gaps.at(-1);
  if (gap?.open && gap.toMs >= end) return gap.toMs < lane.toMs ? { kind: 'gap', fromMs: gap.toMs } : null;
  const fresh = end >= lane.askedMs - FRESH_MS && nowMs - lane.askedMs < GROWS_MS;
  return fresh && end < Math.min(nowMs, lane.toMs) ? { kind: 'span', fromMs: end } : null;
}

/** What there is at an instant: something recorded, a gap with its reason, or neither. */
export function contentAt(lane: Kept, ms: number, nowMs: number): 'recorded' | { reason: string } | null {
  if (isRecorded(lane, ms)) return 'recorded';
  const gap = gapAt(lane, ms);
  if (gap) return { reason: gap.reason };
  const grown = grownTo(lane, nowMs);
  if (!grown || ms < grown.fromMs || ms > nowMs) return null;
  return grown.kind === 'span' ? 'recorded' : { reason: lane.gaps.at(-1)!.reason };
}

const MOST_KEPT = 8; // of a camera
const REST_MS = 1000; // before a stretch that became another is asked for again
const FIRST_RETRY_MS = 2000, LAST_RETRY_MS = 60_000;

/**
 * The timelines of cameras. Of each camera one request is in the air at most: what is
 * wanted meanwhile is asked for next, and only the newest of it.
 */
export class Timelines {
  private readonly cameras = new Map<string, Camera>();
  private readonly options: Required<TimelinesOptions>;

  constructor(options: TimelinesOptions) {
    this.options = { later: timer, ...options };
  }

  /** Says what is looked at: these cameras and no others, this stretch of time, on so many pixels of CSS. */
  look(cameras: readonly string[], view: View, widthPx: number): void {
    for (const [id, camera] of this.cameras) {
      if (!cameras.includes(id)) camera.rest();
    }
    for (const id of cameras) this.camera(id).look(view, pixelMs(view, widthPx));
  }

  /** What is known of a view of a camera, the best last, so that it is drawn over the others. */
  lanes(camera: string, view: View): readonly Kept[] {
    return this.cameras.get(camera)?.lanes(view) ?? [];
  }

  /** What is known best of an instant of a camera. */
  laneAt(camera: string, ms: number): Kept | null {
    return this.lanes(camera, { fromMs: ms, toMs: ms + 1 }).at(-1) ?? null;
  }

  /** Why nothing can be fetched of a camera at present; null while it can. */
  failure(camera: string): unknown {
    return this.cameras.get(camera)?.failure ?? null;
  }

  /**
   * Says that something became another: what was recorded in a stretch, or marks, of
   * which no stretch is known. Without a camera it is any, as when events were lost: then
   * nobody waits any more after a failure.
   */
  outdate(camera?: string, fromMs = -Infinity, toMs = Infinity): void {
    for (const [id, c] of this.cameras) {
      if (camera === undefined) c.wake();
      if (camera === undefined || camera === id) c.outdate(fromMs, toMs);
    }
  }

  /** Ends requests and timers, and forgets all. */
  close(): void {
    for (const camera of this.cameras.values()) camera.rest();
    this.cameras.clear();
  }

  private camera(id: string): Camera {
    let camera = this.cameras.get(id);
    if (!camera) this.cameras.set(id, (camera = new Camera(id, this.options)));
    return camera;
  }
}

interface Entry extends Kept {
  stale: boolean;
}

/** One camera's. */
class Camera {
  failure: unknown = null;

  private kept: Entry[] = []; // the one that was looked at last is last
  private wanted: { view: View; pixelMs: number } | null = null;
  private flight: { abort: AbortController; outdated: boolean } | null = null;
  private pause: { cancel: () => void; failed: boolean } | null = null;
  private retryMs = FIRST_RETRY_MS;

  constructor(
    private readonly id: string,
    private readonly options: Required<TimelinesOptions>,
  ) {}

  look(view: View, pixel: number): void {
    this.wanted = { view, pixelMs: pixel };
    this.go();
  }

  /** Nobody looks any more. What is kept stays. */
  rest(): void {
    this.wanted = null;
    this.pause?.cancel();
    this.pause = null;
    this.flight?.abort.abort();
    this.flight = null;
  }

  /** Ends the pause after a failure, since the server is there again. What is wanted is asked for with the next call. */
  wake(): void {
    this.retryMs = FIRST_RETRY_MS;
    if (!this.pause?.failed) return;
    this.pause.cancel();
    this.pause = null;
  }

  outdate(fromMs: number, toMs: number): void {
    for (const entry of this.kept) {
      if (fromMs < entry.toMs && toMs > entry.fromMs) entry.stale = true;
    }
    if (this.flight) this.flight.outdated = true;
    this.go();
  }

  lanes(view: View): Kept[] {
    const seen = this.kept.filter((e) => e.fromMs < view.toMs && e.toMs > view.fromMs);
    const wanted = this.wanted?.pixelMs ?? 0;
    const best = seen.filter((e) => covers(e, view) && e.resolutionMs <= resolutionFor(wanted)).at(-1);
    if (best) return [best];
    return seen.sort((a, b) => b.resolutionMs - a.resolutionMs || a.askedMs - b.askedMs);
  }

  // Asks for what is wanted and not there, unless a request is in the air or has to
  // wait. What is not there at all waits only after a failure.
  private go(): void {
    if (!this.wanted || this.flight || this.pause?.failed) return;
    const { view, pixelMs: pixel } = this.wanted;
    const entry = this.find(view, pixel);
    if (entry && (!entry.stale || this.pause)) return;
    this.pause?.cancel();
    this.pause = null;
    void this.ask(queryFor(this.id, view, pixel));
  }

  // What was asked for this: rather what is not stale. It is the one that was looked at last.
  private find(view: View, pixel: number): Entry | undefined {
    const fitting = this.kept.filter((e) => covers(e, view) && fits(e.resolutionMs, pixel));
    const entry = fitting.filter((e) => !e.stale).at(-1) ?? fitting.at(-1);
    if (entry) this.kept.push(...this.kept.splice(this.kept.indexOf(entry), 1));
    return entry;
  }

  private async ask(q: TimelineQuery): Promise<void> {
    const flight = { abort: new AbortController(), outdated: false };
    this.flight = flight;
    const askedMs = this.options.now();
    try {
      const answer = await this.options.ask(q, flight.abort.signal);
      if (this.flight !== flight) return;
      this.keep({ ...laneOf(answer), resolutionMs: q.resolutionMs, askedMs, stale: flight.outdated });
      this.failure = null;
      this.retryMs = FIRST_RETRY_MS;
      this.wait(REST_MS, false);
    } catch (error) {
      if (this.flight !== flight) return;
      this.failure = error;
      this.wait(this.retryMs, true);
      this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
    }
    this.flight = null;
    this.options.changed(this.id);
    this.go();
  }

  private wait(ms: number, failed: boolean): void {
    const cancel = this.options.later(() => {
      this.pause = null;
      this.go();
    }, ms);
    this.pause = { cancel, failed };
  }

  private keep(entry: Entry): void {
    this.kept = this.kept.filter((e) => !(covers(entry, e) && (e.stale || e.resolutionMs >= entry.resolutionMs)));
    this.kept.push(entry);
    if (this.kept.length > MOST_KEPT) this.kept.shift();
  }
}

const FINEST_MS = 16;

/** How fine it is asked for where pixels are so long: a power of two of ms, so that small zooms ask for nothing. */
export function resolutionFor(pixel: number): number {
  return Math.max(2 ** Math.floor(Math.log2(pixel)), FINEST_MS);
}

/** The query for a view: with half as much before and behind it, between round times. */
export function queryFor(camera: string, view: View, pixel: number): TimelineQuery {
  const margin = spanOf(view) / 2;
  const round = Math.max(2 ** Math.floor(Math.log2(margin / 2)), 1);
  return {
    camera,
    fromMs: Math.max(Math.floor((view.fromMs - margin) / round) * round, 0),
    toMs: Math.ceil((view.toMs + margin) / round) * round,
    resolutionMs: resolutionFor(pixel),
  };
}

function covers(e: View, v: View): boolean {
  return e.fromMs <= Math.max(v.fromMs, 0) && e.toMs >= v.toMs;
}

// Neither too coarse, nor so fine that far more is drawn than is seen.
function fits(resolutionMs: number, pixel: number): boolean {
  const best = resolutionFor(pixel);
  return resolutionMs <= best && resolutionMs >= best / 8;
}

/** An answer of the API as a lane. */
export function laneOf(t: TimelineAnswer): Lane {
  const spans = new Float64Array(2 * t.spans.length);
  t.spans.forEach((s, i) => {
    spans[2 * i] = Date.parse(s.from);
    spans[2 * i + 1] = Date.parse(s.to);
  });
  return {
    fromMs: Date.parse(t.from), toMs: Date.parse(t.to), spans,
    gaps: t.gaps.map((g) => ({ fromMs: Date.parse(g.from), toMs: Date.parse(g.to), reason: g.reason, open: g.open === true })),
    marks: t.marks.map((m) => ({
      id: m.id, kind: m.kind, fromMs: Date.parse(m.from), toMs: m.to === undefined ? null : Date.parse(m.to), keep: m.keep, count: m.count,
    })),
  };
}

function timer(do_: () => void, ms: number): () => void {
  const id = setTimeout(do_, ms);
  return () => clearTimeout(id);
}
