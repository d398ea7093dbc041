// What fingers and the mouse do on a bar: taps, drags and pinches, of pointer events.

import { Pace } from './geometry';

/** Where a pointer is, in pixels of CSS within the bar. */
export interface Point {
  x: number;
  y: number;
  /** Whether it is a finger, which covers what it points to. */
  touch: boolean;
  shift: boolean;
}

/** Who is told what was done. */
export interface Handlers {
  /** Something was pressed: it becomes a tap, a drag or a pinch. */
  press(at: Point): void;
  tap(at: Point): void;
  /** A drag goes on, so many pixels from where it began. */
  drag(at: Point, dx: number): void;
  /** A drag has ended, at so many pixels a ms. */
  drop(pxPerMs: number): void;
  /** Two fingers moved: apart by a factor, and together by so many pixels. */
  pinch(factor: number, x: number, dx: number): void;
  /** What was pressed is over, whatever it was. */
  release(): void;
}

const SLOP_PX = 4, SLOP_TOUCH_PX = 8; // so far a tap may move
const NEAREST_PX = 16; // of fingers that are told apart

/** Makes gestures of pointer events. */
export class Gestures {
  private readonly pointers = new Map<number, { start: Point; at: Point }>();
  private pace = new Pace();
  private state: 'none' | 'pressed' | 'dragging' | 'pinching' = 'none';

  constructor(private readonly handlers: Handlers) {}

  /** Whether something is pressed. */
  get busy(): boolean {
    return this.pointers.size > 0;
  }

  down(id: number, at: Point, timeMs: number): void {
    if (this.pointers.size === 2) return;
    this.pointers.set(id, { start: at, at });
    if (this.pointers.size === 2) {
      if (this.state === 'dragging') this.handlers.drop(0);
      this.state = 'pinching';
      return;
    }
    this.state = 'pressed';
    this.pace = new Pace();
    this.pace.move(at.x, timeMs);
    this.handlers.press(at);
  }

  move(id: number, at: Point, timeMs: number): void {
    const pointer = this.pointers.get(id);
    if (!pointer) return;
    const before = this.pair();
    pointer.at = at;
    if (this.state === 'pinching') {
      const after = this.pair();
      if (before && after) this.handlers.pinch(after.apart / before.apart, after.x, after.x - before.x);
      return;
    }
    const dx = at.x - pointer.start.x;
    if (this.state === 'pressed' && Math.abs(dx) > (at.touch ? SLOP_TOUCH_PX : SLOP_PX)) this.state = 'dragging';
    this.pace.move(at.x, timeMs);
    if (this.state === 'dragging') this.handlers.drag(at, dx);
  }

  up(id: number, timeMs: number): void {
    const pointer = this.pointers.get(id);
    if (!pointer) return;
    const state = this.state;
    this.forget(id);
    if (state === 'pressed') this.handlers.tap(pointer.at);
    if (state === 'dragging') this.handlers.drop(this.pace.lift(timeMs));
    if (!this.busy) this.handlers.release();
  }

  /** The browser took the pointer away, or a key ended what was done. */
  cancel(id: number): void {
    if (!this.pointers.has(id)) return;
    const dragged = this.state === 'dragging';
    this.forget(id);
    if (dragged) this.handlers.drop(0);
    if (!this.busy) this.handlers.release();
  }

  // A finger that is left over of two does nothing more.
  private forget(id: number): void {
    this.pointers.delete(id);
    this.state = this.pointers.size > 0 ? 'pinching' : 'none';
  }

  private pair(): { apart: number; x: number } | null {
    const [a, b] = [...this.pointers.values()];
    return a && b ? { apart: Math.max(Math.abs(a.at.x - b.at.x), NEAREST_PX), x: (a.at.x + b.at.x) / 2 } : null;
  }
}
