// The server's clock, as seen from here.

/** This machine's wall clock in ms since 1970. It does not jump, and is the same in workers. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

interface Sample {
  offsetMs: number;
  roundTripMs: number;
  atMs: number;
}

const KEPT = 12;
const DRIFT_PER_MS = 100e-6; // of two crystals, at most

/**
 * Estimates how far the server's clock is ahead of ours, as NTP does: the
 * server's time in an answer was read somewhere between our question and its
 * arrival, so half of the round trip is the most that the middle can be wrong
 * (RFC 5905 section 8). Of several round trips the shortest is right most
 * nearly; one that is old loses against the drift of the clocks.
 */
export class ServerClock {
  #samples: Sample[] = [];
  /** Notes an answer: when it was asked for and arrived here, and the server's time in it, all in ms. */
  note(sentMs: number, arrivedMs: number, serverMs: number): void {
    const roundTripMs = arrivedMs - sentMs;
    if (!(roundTripMs >= 0)) return;
    this.#samples.push({ offsetMs: serverMs - (sentMs + arrivedMs) / 2, roundTripMs, atMs: arrivedMs });
    if (this.#samples.length > KEPT) this.#samples.shift();
  }

  /** Forgets all: the next answer may come from another machine. */
  reset(): void {
    this.#samples = [];
  }

  /** How long the newest answer took, in ms. */
  get tripMs(): number | undefined {
    return this.#samples.at(-1)?.roundTripMs;
  }

  /** How far the server's clock is ahead in ms, or null before the first answer. */
  offsetMs(nowMs: number): number | null {
    return this.#best(nowMs)?.offsetMs ?? null;
  }

  /** How wrong offsetMs can be, in ms, or null before the first answer. */
  errorMs(nowMs: number): number | null {
    const best = this.#best(nowMs);
    return best && doubt(best, nowMs);
  }

  #best(nowMs: number): Sample | null {
    let best: Sample | null = null;
    for (const sample of this.#samples) {
      if (!best || doubt(sample, nowMs) < doubt(best, nowMs)) best = sample;
    }
    return best;
  }
}

function doubt(sample: Sample, nowMs: number): number {
  return sample.roundTripMs / 2 + (nowMs - sample.atMs) * DRIFT_PER_MS;
}
