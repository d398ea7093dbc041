// What stretch of time a bar shows, and how it moves. All functions are pure; widths
// and places are in whole pixels of the device.

/** A stretch of time that is seen. */
export interface View {
  fromMs: number;
  toMs: number;
}

/** Between which times views may lie. */
export interface Limits {
  oldestMs: number;
  nowMs: number;
}

/** The shortest stretch that is shown. */
export const SHORTEST_MS = 60_000;

const DAY_MS = 86_400_000;
const BEYOND = 0.04; // of a view may lie outside of the limits

/** How long a view is, in ms. */
export function spanOf(v: View): number {
  return v.toMs - v.fromMs;
}

/** Where an instant is. */
export function xOf(v: View, widthPx: number, ms: number): number {
  return Math.round(((ms - v.fromMs) / spanOf(v)) * widthPx);
}

/** Which instant is somewhere, to the millisecond. */
export function msAt(v: View, widthPx: number, xPx: number): number {
  return Math.round(v.fromMs + (xPx / widthPx) * spanOf(v));
}

/** How long one pixel is, in ms. */
export function pixelMs(v: View, widthPx: number): number {
  return spanOf(v) / Math.max(widthPx, 1);
}

/**
 * The view that is nearest to one and within the limits. It ends a little beyond now
 * at most, and where there is less to see than it is long it ends there.
 */
export function clamp(v: View, l: Limits): View {
  const total = Math.max(l.nowMs - l.oldestMs, 0);
  const span = Math.min(Math.max(spanOf(v), SHORTEST_MS), Math.max(total * (1 + 2 * BEYOND), DAY_MS));
  const latest = l.nowMs + span * BEYOND;
  const earliest = Math.min(l.oldestMs - span * BEYOND, latest - span);
  const middle = (v.fromMs + v.toMs) / 2;
  const from = Math.min(Math.max(middle - span / 2, earliest), latest - span);
  return { fromMs: from, toMs: from + span };
}

/** Shows a factor as much, more than 1 is more, with an instant where it is. */
export function zoom(v: View, factor: number, aboutMs: number, l: Limits): View {
  const most = clamp({ fromMs: l.nowMs - Number.MAX_SAFE_INTEGER, toMs: l.nowMs }, l);
  const span = Math.min(Math.max(spanOf(v) * factor, SHORTEST_MS), spanOf(most));
  const part = (aboutMs - v.fromMs) / spanOf(v);
  const from = aboutMs - part * span;
  return clamp({ fromMs: from, toMs: from + span }, l);
}

/** Moves the view, to later times with more than 0. */
export function pan(v: View, byMs: number, l: Limits): View {
  return clamp({ fromMs: v.fromMs + byMs, toMs: v.toMs + byMs }, l);
}

/** The view with an instant in it: moved so that it is in the middle, where it was not seen. */
export function reveal(v: View, ms: number, l: Limits): View {
  if (ms >= v.fromMs && ms <= v.toMs) return v;
  return pan(v, ms - (v.fromMs + v.toMs) / 2, l);
}

/** The view that ends with now, as long as this. */
export function atNow(v: View, l: Limits): View {
  return pan(v, l.nowMs + spanOf(v) - v.toMs, l);
}

/** The view that shows a stretch with a little around it. */
export function around(fromMs: number, toMs: number, l: Limits): View {
  const margin = Math.max((toMs - fromMs) * 0.1, SHORTEST_MS / 4);
  return clamp({ fromMs: fromMs - margin, toMs: toMs + margin }, l);
}

const RECENT_MS = 100; // of a finger's way say how fast it is
const FRICTION_MS = 325; // after which it goes on with 1/e of its speed
const STILL_PX_PER_MS = 0.02;

/** How fast a finger moves, by where it was lately. */
export class Pace {
  private samples: { xPx: number; atMs: number }[] = [];

  /** Says where it is. */
  move(xPx: number, atMs: number): void {
    this.samples = this.samples.filter((s) => atMs - s.atMs <= RECENT_MS);
    this.samples.push({ xPx, atMs });
  }

  /** How fast it is when it is lifted, in pixels per ms: 0 where it had rested. */
  lift(atMs: number): number {
    const recent = this.samples.filter((s) => atMs - s.atMs <= RECENT_MS);
    const first = recent[0], last = recent.at(-1);
    return first && last && last.atMs > first.atMs ? (last.xPx - first.xPx) / (last.atMs - first.atMs) : 0;
  }
}

/** What goes on by itself, and comes to rest by friction. */
export class Fling {
  /** The speed is in pixels per ms. */
  constructor(private pxPerMs: number) {}

  /** Whether it rests. */
  get over(): boolean {
    return Math.abs(this.pxPerMs) < STILL_PX_PER_MS;
  }

  /** How far it goes in so much time, in pixels. */
  advance(passedMs: number): number {
    if (this.over) return 0;
    const left = Math.exp(-passedMs / FRICTION_MS);
    const way = this.pxPerMs * FRICTION_MS * (1 - left);
    this.pxPerMs *= left;
    return way;
  }
}
