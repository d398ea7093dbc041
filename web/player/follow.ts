// How the player stays close behind the camera.

/** What is buffered and where it plays, in seconds of the player's timeline. */
export interface Situation {
  nowMs: number;
  currentS: number;
  /** The element is on its way to that time, and has no picture of it yet. */
  seeking?: boolean;
  /** Start of the newest picture. */
  newestS: number;
  /** Start of the picture on the screen; none where that is not known. */
  shownS?: number;
  /** Buffered ranges, in order. */
  ranges: ReadonlyArray<readonly [startS: number, endS: number]>;
}

/** What to do about it: a rate to play at from now on, and a time to go to if it is not null. */
export interface Move {
  rate: number;
  seekS: number | null;
}

/** How much newer the newest picture is than the one that is shown, at least, when all goes well. */
export const LEAD_S = 0.04;
const JUMP_S = 0.6; // more than this behind is not made good by playing faster
const JUMP_ONLY_S = 0.35; // for players that may not change their rate
const SLOWEST = 0.94;
const FASTEST = 1.25;
const GAIN = 3; // rate for each second of excess
const CLOSE_S = 0.008; // near enough to return to the normal rate
const AWAY_S = 0.02; // far enough to leave it
const EDGE_S = 0.04; // players stand still about so long before the end of what they have
const WINDOW_MS = 500;
const BURST_S = 0.1; // more at once than a line that flows gives
/** How far into a picture to go to it, in seconds: its beginning may be rounded to the end of the one before. */
const WITHIN_S = 0.001;
const QUIET_MS = 400; // after it was due, with no other behind it, a picture was missed

interface Sample {
  atMs: number;
  leadS: number;
}

/**
 * Decides how fast to play. It looks at the lead, by which the newest picture
 * is ahead of the one shown, at the moments when a picture arrives, and holds
 * the lowest lead of the last half second at LEAD_S: on an even line that is
 * the delay, on a shaky one the delay grows by as much as the line shakes. With
 * the newest picture's own time on the screen that is about three frames of
 * buffer at 30 a second.
 *
 * It is pure: it reads no clock and touches no element.
 */
export class Follower {
  #samples: Sample[] = [];
  #dueMs = 0; // when the newest picture is shown at the latest
  #fetchedS: number | null = null; // a newest picture that was gone to
  #rate = 1;
  /** By how much slower pictures come than they were taken, as a part of 1: they are shown as slowly then. */
  slower = 0;
  readonly #jumpOnly: boolean;

  /** jumpOnly is for players whose picture stutters at other rates than 1 (Safari). */
  constructor(jumpOnly = false) {
    this.#jumpOnly = jumpOnly;
  }

  /** Is told of each arrival of pictures, once they are buffered. */
  arrived(situation: Situation): Move {
    const leadS = situation.newestS - situation.currentS;
    this.#dueMs = situation.nowMs + Math.max(0, leadS) * 1000 + QUIET_MS;
    if (leadS - (this.#samples.at(-1)?.leadS ?? leadS) > BURST_S) this.#samples = []; // what was before it says nothing
    this.#samples.push({ atMs: situation.nowMs, leadS });
    while (this.#samples[0]!.atMs < situation.nowMs - WINDOW_MS) this.#samples.shift();
    return this.decide(situation);
  }

  /** Is asked now and then, so that nothing stays stuck when no pictures arrive. */
  decide(situation: Situation): Move {
    const seekS = situation.seeking ? missed(situation) : this.#where(situation);
    if (seekS !== null) {
      this.#samples = [];
      this.#rate = 1;
    } else if (!this.#jumpOnly) {
      this.#rate = this.#pace();
    }
    return { rate: this.#jumpOnly ? 1 : Math.round((this.#rate - this.slower) * 100) / 100, seekS };
  }

  // #where gives a time to jump to, if it is time to jump.
  #where(situation: Situation): number | null {
    const { currentS, newestS, ranges } = situation;
    const last = ranges.at(-1);
    if (!last) return null;
    const live = Math.max(last[0], newestS - LEAD_S);
    const lowest = Math.min(...this.#samples.map((sample) => sample.leadS));
    if (this.#samples.length > 0 && lowest > (this.#jumpOnly ? JUMP_ONLY_S : JUMP_S)) return live;
    if (currentS > last[1] + JUMP_S) return live; // what was buffered was taken away
    if (this.#misses(situation)) return (this.#fetchedS = newestS) + WITHIN_S;
    if (ranges.some(([startS, endS]) => startS <= currentS && currentS < endS - EDGE_S)) return null;
    const next = ranges.find(([startS]) => startS > currentS); // a hole is between, or there is nothing
    return next ? next[0] : null;
  }

  // #misses says, once, that the newest picture is not shown though nothing follows it. A
  // browser that paints seldom notices late that it has run out: what comes then is of a
  // time that has passed, and is thrown away, the last picture of a recording, too.
  #misses({ nowMs, newestS, shownS }: Situation): boolean {
    return shownS! < newestS - CLOSE_S && nowMs > this.#dueMs && this.#fetchedS !== newestS;
  }

  #pace(): number {
    if (this.#samples.length === 0) return this.#rate;
    const excessS = Math.min(...this.#samples.map((sample) => sample.leadS)) - LEAD_S;
    if (Math.abs(excessS) < (this.#rate === 1 ? AWAY_S : CLOSE_S)) return 1;
    return Math.min(FASTEST, Math.max(SLOWEST, 1 + GAIN * excessS));
  }
}

// missed gives where pictures begin, for an element that seeks a time before them
// of which it has none, and will get none: some seek no further than to the end of
// what is buffered at the moment.
function missed({ currentS, ranges }: Situation): number | null {
  if (ranges.some(([startS, endS]) => startS <= currentS && currentS < endS)) return null;
  return ranges.find(([startS]) => startS > currentS)?.[0] ?? null;
}
