// How long to wait before trying again.

/**
 * Waits that double, each drawn from zero to its bound ("full jitter"), so
 * that a thousand viewers do not come back to a restarted server at once.
 */
export class Backoff {
  #failures = 0;
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #random: () => number;

  /** The first wait is at most baseMs, none is longer than capMs. random gives 0 to 1. */
  constructor(baseMs: number, capMs: number, random: () => number = Math.random) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
    this.#random = random;
  }

  /** Notes a failure and gives the wait before the next attempt, in ms. */
  next(): number {
    const bound = Math.min(this.#capMs, this.#baseMs * 2 ** this.#failures);
    this.#failures++;
    return bound * this.#random();
  }

  /** Notes a success. */
  reset(): void {
    this.#failures = 0;
  }
}
