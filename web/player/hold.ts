// Pictures that wait for their sound.

const RAISED = 0.06; // of the time that passes
const RAISED_FIRST = 0.25; // while
const FIRST_MS = 2000; // has passed since they began to wait: who turned the sound on wants it in step
const LOWERED = 0.004; // sound has to be bent by as much (workletspeaker.ts)

/**
 * Passes things on somewhat later than they come, in their order. Sound is there
 * later than the picture it belongs to: it comes in frames, and browsers want some
 * in stock. Who listens sees pictures as much later.
 *
 * The time they wait changes slowly, so that nobody sees it, but for the beginning. With
 * none, which is how it begins, things are passed on at once.
 */
export class Hold<T> {
  #waiting: { thing: T; dueMs: number }[] = [];
  #wantedMs = 0;
  #currentMs = 0;
  #changedMs: number | null = null; // when currentMs was true
  #firstMs = 0; // when they began to wait, after a time without
  /** By how much slower than they come things are passed on now, as a part of 1. */
  slower = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #pass: (thing: T) => void;
  readonly #now: () => number;

  constructor(pass: (thing: T) => void, now: () => number) {
    this.#pass = pass;
    this.#now = now;
  }

  /** For how long things wait from now on, in ms, as soon as that can be. */
  set(wantedMs: number): void {
    this.#advance();
    if (this.#currentMs === 0 && this.#wantedMs === 0) this.#firstMs = this.#now();
    this.#wantedMs = wantedMs;
  }

  /** For how long they wait now. */
  get heldMs(): number {
    this.#advance();
    return this.#currentMs;
  }

  /** Passes a thing on, when it has waited; or at once what need not, behind all that waits. */
  take(thing: T, waits = true): void {
    this.#advance();
    if (!waits) this.flush();
    if (!waits || (this.#currentMs === 0 && this.#waiting.length === 0)) {
      this.#pass(thing);
      return;
    }
    this.#waiting.push({ thing, dueMs: Math.max(this.#now() + this.#currentMs, this.#waiting.at(-1)?.dueMs ?? 0) });
    if (this.#waiting.length === 1) this.#wake();
  }

  /** Passes on what waits, now. */
  flush(): void {
    this.drop().forEach(this.#pass);
  }

  /** Forgets what waits, and gives it. What comes then waits as long as is wanted: nobody sees a change where nothing moves. */
  drop(): T[] {
    clearTimeout(this.#timer);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#currentMs = this.#wantedMs;
    return waiting.map(({ thing }) => thing);
  }

  /** Forgets what waits, and goes on without waiting. */
  reset(): void {
    this.#wantedMs = 0;
    this.drop();
    this.#changedMs = null;
  }

  #advance(): void {
    const nowMs = this.#now();
    const passedMs = nowMs - (this.#changedMs ?? nowMs);
    this.#changedMs = nowMs;
    const missingMs = this.#wantedMs - this.#currentMs;
    const lowered = this.#wantedMs === 0 ? RAISED : LOWERED; // with nothing to wait for there is no sound
    const raised = nowMs - this.#firstMs < FIRST_MS ? RAISED_FIRST : RAISED;
    const moreMs = Math.min(Math.max(missingMs, -passedMs * lowered), passedMs * raised);
    this.#currentMs += moreMs;
    this.slower = passedMs && moreMs / passedMs;
  }

  #wake(): void {
    this.#timer = setTimeout(() => this.#due(), Math.max(0, this.#waiting[0]!.dueMs - this.#now()));
  }

  #due(): void {
    const nowMs = this.#now();
    while (this.#waiting[0] && this.#waiting[0].dueMs <= nowMs + EARLY_MS) this.#pass(this.#waiting.shift()!.thing);
    if (this.#waiting.length > 0) this.#wake();
  }
}

const EARLY_MS = 1; // timers have whole milliseconds
