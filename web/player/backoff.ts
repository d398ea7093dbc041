// How long to wait before trying again.

/**
 * Waits that double, each drawn from zero to its bound ("full jitter"), so
 * that a thousand viewers do not come back to a restarted server at once.
 */
export class Backoff {
  private failures = 0;

  /** The first wait is at most baseMs, none is longer than capMs. random gives 0 to 1. */
  constructor(
    private readonly baseMs: number,
    private readonly capMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** Notes a failure and gives the wait before the next attempt, in ms. */
  next(): number {
    const bound = Math.min(this.capMs, this.baseMs * 2 ** this.failures);
    this.failures++;
    return bound * this.random();
  }

  /** How often next was called since the last success. */
  get count(): number {
    return this.failures;
  }

  /** Notes a success. */
  reset(): void {
    this.failures = 0;
  }
}
