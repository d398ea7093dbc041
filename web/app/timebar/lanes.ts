// What was recorded of a camera, for drawing and for finding one's way: stretches,
// gaps and marks, in arrays by time, of which some thousands are looked at per frame.

import { pixelMs, xOf, type View } from './geometry';

/** A gap: why nothing is there. */
export interface Gap {
  fromMs: number;
  toMs: number;
  /** In the server's words. */
  reason: string;
  /** Whether it goes on. */
  open: boolean;
}

/** A mark, or several that the server shows as one. */
export interface Mark {
  id: number;
  kind: string;
  fromMs: number;
  /** null while it is open. */
  toMs: number | null;
  /** Whether it protects what it reaches. */
  keep: boolean;
  count: number;
}

/** What is known of a stretch of a camera's time. Nothing changes in it. */
export interface Lane {
  fromMs: number;
  toMs: number;
  /** Beginnings and ends in turn, by time, none touching the next. */
  spans: Float64Array;
  /** By time, none over another. */
  gaps: readonly Gap[];
  /** By their beginnings. */
  marks: readonly Mark[];
}

/** Stretches of pixels: beginnings and ends in turn, of which length are used. It is filled anew for each drawing. */
export class Runs {
  at = new Int32Array(256);
  length = 0;

  /** Adds a stretch, to the last one where it touches that. Stretches come by their beginnings. */
  add(fromX: number, toX: number): void {
    if (this.length > 0 && fromX <= this.at[this.length - 1]!) {
      this.at[this.length - 1] = Math.max(this.at[this.length - 1]!, toX);
      return;
    }
    if (this.length === this.at.length) {
      const larger = new Int32Array(2 * this.length);
      larger.set(this.at);
      this.at = larger;
    }
    this.at[this.length++] = fromX;
    this.at[this.length++] = toX;
  }
}

/**
 * Puts the pixels of stretches into runs, each at least one wide. What is shown lies
 * between fromX and toX.
 */
export function spanRuns(lane: Lane, v: View, widthPx: number, runs: Runs, fromX = 0, toX = widthPx): void {
  runs.length = 0;
  const { spans } = lane;
  for (let i = 2 * firstSpan(spans, v.fromMs); i < spans.length && spans[i]! < v.toMs; i += 2) {
    const from = Math.max(xOf(v, widthPx, spans[i]!), fromX);
    const to = Math.min(Math.max(xOf(v, widthPx, spans[i + 1]!), from + 1), toX);
    if (from < to) runs.add(from, to);
  }
}

/** The same of gaps. */
export function gapRuns(lane: Lane, v: View, widthPx: number, runs: Runs, fromX = 0, toX = widthPx): void {
  runs.length = 0;
  const { gaps } = lane;
  for (let i = firstGap(gaps, v.fromMs); i < gaps.length && gaps[i]!.fromMs < v.toMs; i++) {
    const from = Math.max(xOf(v, widthPx, gaps[i]!.fromMs), fromX);
    const to = Math.min(Math.max(xOf(v, widthPx, gaps[i]!.toMs), from + 1), toX);
    if (from < to) runs.add(from, to);
  }
}

/** Marks that are shown as one: where, and which is the first. */
export interface Flag {
  fromX: number;
  toX: number;
  mark: Mark;
  count: number;
}

/** Marks of a view, where they begin at least so many pixels apart; nearer ones are one. */
export function flagsOf(lane: Lane, v: View, widthPx: number, nowMs: number, apartPx: number): Flag[] {
  const flags: Flag[] = [];
  const reach = apartPx * pixelMs(v, widthPx);
  for (const mark of lane.marks) {
    if (mark.fromMs > v.toMs + reach) break;
    const endMs = mark.toMs ?? nowMs;
    if (endMs < v.fromMs - reach && mark.fromMs < v.fromMs - reach) continue;
    const fromX = xOf(v, widthPx, mark.fromMs);
    const toX = Math.max(xOf(v, widthPx, endMs), fromX + 1);
    const last = flags.at(-1);
    if (last && fromX - last.fromX < apartPx) {
      last.toX = Math.max(last.toX, toX);
      last.count += mark.count;
    } else {
      flags.push({ fromX, toX, mark, count: mark.count });
    }
  }
  return flags;
}

/** Whether an instant was recorded. */
export function isRecorded(lane: Lane, ms: number): boolean {
  const i = 2 * firstSpan(lane.spans, ms);
  return i < lane.spans.length && lane.spans[i]! <= ms;
}

/** The first recorded instant at or behind one; null is none in the lane. */
export function nextRecorded(lane: Lane, ms: number): number | null {
  const i = 2 * firstSpan(lane.spans, ms);
  return i < lane.spans.length ? Math.max(lane.spans[i]!, ms) : null;
}

/** The last recorded instant at or before one; null is none in the lane. Of a stretch the last millisecond is it, not its end. */
export function previousRecorded(lane: Lane, ms: number): number | null {
  if (isRecorded(lane, ms)) return ms;
  const i = 2 * firstSpan(lane.spans, ms);
  return i > 0 ? lane.spans[i - 1]! - 1 : null;
}

/** The gap that an instant lies in. */
export function gapAt(lane: Lane, ms: number): Gap | null {
  const gap = lane.gaps[firstGap(lane.gaps, ms)];
  return gap && gap.fromMs <= ms ? gap : null;
}

/** The first mark that begins behind an instant. */
export function nextMark(lane: Lane, ms: number): Mark | null {
  return lane.marks[firstMark(lane.marks, ms + 1)] ?? null;
}

/** The last mark that begins before an instant. */
export function previousMark(lane: Lane, ms: number): Mark | null {
  return lane.marks[firstMark(lane.marks, ms) - 1] ?? null;
}

// The first that ends behind an instant.
function firstSpan(spans: Float64Array, ms: number): number {
  return first(spans.length / 2, (i) => spans[2 * i + 1]! > ms);
}

function firstGap(gaps: readonly Gap[], ms: number): number {
  return first(gaps.length, (i) => gaps[i]!.toMs > ms);
}

// The first that begins at an instant, or behind it.
function firstMark(marks: readonly Mark[], ms: number): number {
  return first(marks.length, (i) => marks[i]!.fromMs >= ms);
}

function first(count: number, is: (i: number) => boolean): number {
  let low = 0, high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
