// The stretch of time that somebody chose, from I to O.

/** A stretch; an end that is not set is null. Reactive. */
export class Chosen {
  fromMs = $state<number | null>(null);
  toMs = $state<number | null>(null);

  /** The stretch, where both ends are set. */
  get both(): { fromMs: number; toMs: number } | null {
    return this.fromMs === null || this.toMs === null ? null : { fromMs: this.fromMs, toMs: this.toMs };
  }

  /** Sets where it begins. An end that is not behind that goes. */
  begin(ms: number): void {
    this.fromMs = ms;
    if (this.toMs !== null && this.toMs <= ms) this.toMs = null;
  }

  /** Sets where it ends. A beginning that is not before that goes. */
  end(ms: number): void {
    this.toMs = ms;
    if (this.fromMs !== null && this.fromMs >= ms) this.fromMs = null;
  }

  set(stretch: { fromMs: number; toMs: number } | null): void {
    this.fromMs = stretch?.fromMs ?? null;
    this.toMs = stretch?.toMs ?? null;
  }
}
