// What a time bar does when it is pressed, dragged, rolled over or told by keys:
// which stretch it shows, and which time that means. It draws nothing.

import { Fling, SHORTEST_MS, around, atNow, clamp, msAt, pan, pixelMs, reveal, spanOf, zoom, type Limits, type View } from './geometry';
import { stepFor } from './ticks';

/** A stretch of time that was chosen. */
export interface Selection {
  fromMs: number;
  toMs: number;
}

/** Who is told, and asked. */
export interface BarOptions {
  /** The server's time. */
  now(): number;
  /** Since when something may be recorded. */
  oldest(): number;
  /** Whether what moves by itself is not wanted. */
  still(): boolean;
  /** Another time is wanted; while dragging more follow. */
  seek(ms: number, how: { dragging: boolean }): void;
  live(): void;
  /** null: nothing is chosen any more. Not there: nothing can be chosen. */
  select?: (selection: Selection | null) => void;
  /** The first mark behind or before a time; null is none. It may have to be asked for. */
  mark(ms: number, direction: 1 | -1): number | null | Promise<number | null>;
  /** There is something to draw. */
  changed(): void;
}

/** What is being dragged: the view, time under the playhead, the playhead, or an end of the selection. */
export type Hold = 'view' | 'time' | 'head' | 'from' | 'to';

const LIVE_PX = 2; // so near to now is now
const EDGE = 0.04; // of the view before its ends, where a playhead begins to move it
const SETTLE_MS = 70;
const DAY_MS = 86_400_000;

/** The state of a bar. Places and widths are in pixels of CSS. */
export class Bar {
  view: View = { fromMs: 0, toMs: DAY_MS };
  selection: Selection | null = null;
  hold: Hold | null = null;

  private widthPx = 0;
  private playhead: number | null = null; // as the page says; null is live
  private wanted: number | null = null; // what was asked of the page since
  private begun: { view: View; headX: number; x: number } | null = null;
  private fling: Fling | null = null;
  private seen = true; // whether the playhead was
  private stepping = false; // whether a key is held

  constructor(private readonly options: BarOptions) {}

  get width(): number {
    return this.widthPx;
  }

  /** Sets how wide the bar is. The first time it shows a stretch that suits that: 24 hours on a desk, 6 on a telephone. */
  resize(widthPx: number): void {
    if (this.widthPx === 0 && widthPx > 0) {
      const span = Math.min(Math.max(widthPx * 60_000, DAY_MS / 8), DAY_MS);
      const middle = this.head;
      this.view = this.playhead === null ? atNow({ fromMs: middle - span, toMs: middle }, this.limits()) : clamp({ fromMs: middle - span / 2, toMs: middle + span / 2 }, this.limits());
    }
    this.widthPx = widthPx;
    this.options.changed();
  }

  /** Where the playhead is shown, in ms. */
  get head(): number {
    return this.wanted ?? this.playhead ?? this.options.now();
  }

  /** Whether the present is shown. */
  get isLive(): boolean {
    return this.wanted === null && this.playhead === null;
  }

  /** Whether something is moving, by hand or by itself. */
  get moving(): boolean {
    return this.hold !== null || this.stepping;
  }

  /** Says where the page plays. What was wanted of it is thereby done. */
  setPlayhead(ms: number | null): void {
    if (ms === this.playhead) return;
    const jumped = this.wanted === null && this.isFar(ms);
    this.playhead = ms;
    if (!this.moving) {
      this.wanted = null;
      if (jumped) this.view = reveal(this.view, this.head, this.limits());
      this.follow();
    }
    this.options.changed();
  }

  /** Moves the view with the playhead, where that was seen. It is called as time passes. */
  follow(): void {
    if (this.moving || this.widthPx === 0) return;
    const span = spanOf(this.view);
    const beyondMs = Math.max(this.head - (this.view.toMs - EDGE * span), 0) + Math.min(this.head - (this.view.fromMs + EDGE * span), 0);
    if (this.seen && beyondMs !== 0) this.view = pan(this.view, beyondMs, this.limits());
    this.note();
  }

  /** Shows more or less, with the playhead where it is, or the middle where that is not seen. */
  zoomBy(factor: number, aboutMs = this.isSeen ? this.head : (this.view.fromMs + this.view.toMs) / 2): void {
    this.move(zoom(this.view, factor, aboutMs, this.limits()));
  }

  /** Moves the view alone. */
  panBy(px: number): void {
    this.move(pan(this.view, px * this.pixelMs, this.limits()));
  }

  /** Shows a stretch. */
  show(fromMs: number, toMs: number): void {
    this.move(around(fromMs, toMs, this.limits()));
  }

  /** Goes to a time, and shows it. What is not yet is now. */
  goTo(ms: number, dragging = false): void {
    this.fling = null;
    if (ms >= this.options.now() - Math.min(LIVE_PX * this.pixelMs, SHORTEST_MS)) {
      this.goLive();
      return;
    }
    this.wanted = ms;
    this.move(reveal(this.view, ms, this.limits()));
    this.options.seek(ms, { dragging });
  }

  /** Goes to the present. */
  goLive(): void {
    this.fling = null;
    this.wanted = null;
    this.playhead = null;
    const view = this.isSeen ? this.view : atNow(this.view, this.limits());
    this.move(this.options.still() ? clamp(view, this.limits()) : view);
    this.options.live();
  }

  /** Begins to choose a stretch, with an end at a place that is held. */
  choose(x: number): void {
    if (!this.options.select) return;
    const ms = this.within(msAt(this.view, this.widthPx, x));
    this.selection = { fromMs: ms, toMs: ms };
    this.grab('to', x);
  }

  /** Begins to hold something. Time is dragged under the playhead where that is seen, and else the view. */
  grab(hold: Hold, x: number): void {
    this.fling = null;
    const headX = ((this.head - this.view.fromMs) / spanOf(this.view)) * this.widthPx;
    this.hold = hold === 'time' && !this.isSeen ? 'view' : hold;
    this.begun = { view: this.view, headX, x };
  }

  /** Drags what is held, so many pixels from where it began. */
  drag(dx: number): void {
    const { begun } = this;
    if (!begun) return;
    const back = dx * pixelMs(begun.view, this.widthPx);
    switch (this.hold) {
      case 'view':
        this.view = pan(begun.view, -back, this.limits());
        break;
      case 'time':
        this.dragTime(begun.view, -back, begun.headX);
        break;
      case 'head':
        this.scrub(this.within(msAt(this.view, this.widthPx, begun.headX + dx)));
        break;
      case 'from':
      case 'to':
        this.dragEnd(this.within(msAt(this.view, this.widthPx, begun.x + dx)));
        break;
      case null:
    }
    this.note();
    this.options.changed();
  }

  /** Lets go of what was dragged, which may go on by itself. */
  drop(pxPerMs: number): void {
    const { hold, begun } = this;
    this.hold = null;
    const goesOn = (hold === 'view' || hold === 'time') && !this.options.still() && !new Fling(pxPerMs).over;
    if (goesOn) {
      this.fling = new Fling(pxPerMs);
      this.hold = hold;
      if (begun) this.begun = { ...begun, view: this.view };
    } else if (hold === 'time' || hold === 'head') {
      this.arrive();
    }
    if (!goesOn && this.options.still()) this.view = clamp(this.view, this.limits());
    this.options.changed();
  }

  /** Goes on with what moves by itself; whether it moves still. */
  frame(passedMs: number): boolean {
    if (this.fling) {
      const way = this.fling.advance(passedMs);
      const before = this.view.fromMs;
      const view = this.view;
      if (this.hold === 'time') this.dragTime(view, -way * this.pixelMs, this.begun!.headX);
      else this.view = pan(view, -way * this.pixelMs, this.limits());
      if (this.fling.over || Math.abs(this.view.fromMs - before) < 1e-3) this.rest();
      return true;
    }
    const goal = clamp(this.view, this.limits());
    if (this.hold !== null || Math.abs(goal.fromMs - this.view.fromMs) < this.pixelMs / 2) return false;
    const part = 1 - Math.exp(-passedMs / SETTLE_MS);
    const by = (goal.fromMs - this.view.fromMs) * part;
    this.view = { fromMs: this.view.fromMs + by, toMs: this.view.toMs + by };
    return true;
  }

  /** Stops what moves by itself, where it is. */
  rest(): void {
    if (!this.fling) return;
    const hold = this.hold;
    this.fling = null;
    this.hold = null;
    if (hold === 'time') this.arrive();
    this.options.changed();
  }

  /** Chooses from here on, or until here, or with null nothing. */
  mark(end: 'from' | 'to' | null): void {
    const { select } = this.options;
    if (!select) return;
    const head = Math.round(this.head), length = Math.round(spanOf(this.view) / 10), now = this.options.now();
    const old = this.selection;
    if (end === null) this.selection = null;
    else if (end === 'from') this.selection = { fromMs: Math.min(head, now - length), toMs: old && old.toMs > head ? old.toMs : Math.min(head + length, now) };
    else this.selection = { fromMs: old && old.fromMs < head ? old.fromMs : head - length, toMs: head };
    select(this.selection);
    this.options.changed();
  }

  /** Does what a key says; whether it says something. */
  key(key: string, how: { shift: boolean; ctrl: boolean; repeat: boolean }): boolean {
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
    const pages = { PageDown: -1, PageUp: 1 }[key];
    if (steps !== undefined && how.ctrl) this.toMark(steps as 1 | -1);
    else if (steps !== undefined) this.stepTo(this.head + steps * stepFor(this.view) * (how.shift ? 10 : 1), how.repeat);
    else if (pages !== undefined) this.stepTo(this.head + pages * (spanOf(this.view) / 4), how.repeat);
    else if (how.ctrl) return false;
    else if (key === 'Home') this.goTo(this.options.oldest());
    else if (key === 'End') this.goLive();
    else if (key === '+' || key === '=') this.zoomBy(0.5);
    else if (key === '-') this.zoomBy(2);
    else if (key === 'n') this.toMark(1);
    else if (key === 'p') this.toMark(-1);
    else if (key === 'Escape' && this.selection) this.mark(null);
    else return false;
    return true;
  }

  /** A key that was held is let go: where it led is where to play. */
  keyUp(): void {
    if (!this.stepping) return;
    this.stepping = false;
    this.arrive();
  }

  /** Goes to the next mark, or the one before. */
  toMark(direction: 1 | -1): void {
    const from = this.wanted ?? this.playhead;
    const found = this.options.mark(this.head, direction);
    if (typeof found === 'number') this.goTo(found);
    else void found?.then((ms) => {
      const here = (this.wanted ?? this.playhead ?? Infinity) - (from ?? Infinity);
      if (ms !== null && !this.moving && !(Math.abs(here) > spanOf(this.view))) this.goTo(ms);
    });
  }

  /** Whether the playhead is in the view. */
  get isSeen(): boolean {
    return this.head >= this.view.fromMs && this.head <= this.view.toMs;
  }

  /** How long a pixel is. */
  get pixelMs(): number {
    return pixelMs(this.view, this.widthPx);
  }

  private stepTo(ms: number, repeat: boolean): void {
    if (this.isLive && ms >= this.options.now()) return;
    this.stepping ||= repeat;
    this.goTo(this.within(ms), repeat);
  }

  private limits(): Limits {
    return { oldestMs: this.options.oldest(), nowMs: this.options.now() };
  }

  private within(ms: number): number {
    const { oldestMs, nowMs } = this.limits();
    return Math.max(Math.min(ms, nowMs), Math.min(oldestMs, nowMs));
  }

  // Time under the playhead ends with the oldest and with now, and the view goes as far as that needs.
  private dragTime(from: View, byMs: number, headX: number): void {
    const head = from.fromMs + (headX / this.widthPx) * spanOf(from);
    const by = this.within(head + byMs) - head;
    this.view = { fromMs: from.fromMs + by, toMs: from.toMs + by };
    this.scrub(head + by);
  }

  private scrub(ms: number): void {
    const whole = Math.round(ms);
    if (whole === this.wanted) return;
    this.wanted = whole;
    this.options.seek(whole, { dragging: true });
  }

  private arrive(): void {
    if (this.wanted !== null) this.goTo(this.wanted);
  }

  private dragEnd(ms: number): void {
    const old = this.selection;
    if (!old) return;
    const other = this.hold === 'from' ? old.toMs : old.fromMs;
    if (this.hold === 'from' && ms > other) this.hold = 'to';
    else if (this.hold === 'to' && ms < other) this.hold = 'from';
    this.selection = { fromMs: Math.min(ms, other), toMs: Math.max(ms, other) };
    this.options.select?.(this.selection);
  }

  private move(view: View): void {
    this.view = view;
    this.note();
    this.options.changed();
  }

  private note(): void {
    this.seen = this.isSeen;
  }

  // Whether a page plays elsewhere all at once, and not only goes on.
  private isFar(ms: number | null): boolean {
    return Math.abs((ms ?? this.options.now()) - this.head) > spanOf(this.view) / 4;
  }
}
