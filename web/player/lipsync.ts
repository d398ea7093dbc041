// How sound keeps in step with the picture.

/** What sound should do: play so much faster from now on, and leave out or wait for so much, in ms. */
export interface Step {
  rate: number;
  /** More than 0 leaves out sound, less waits. */
  skipMs: number;
}

/** What is known of a way to play sound. */
export interface Habits {
  /** How much sound is kept in stock for what is late by chance, at first, in ms. */
  stockMs: number;
  /** How much it may be played faster or slower, as a part of 1. */
  bend: number;
  /** From here on it is not bent but leaps, in ms. */
  leapMs: number;
  /** The same where it has just begun, and nobody hears that it leaps. */
  firstLeapMs: number;
}

const PICTURES_FOR_MS = 1500; // say when pictures are shown
const SOUND_FOR_MS = 8000; // says how late sound can be
const BENT_OVER_MS = 3000; // in which bending makes good what is wrong, if it may
const STILL_MS = 3; // is in step
const OUTAGE_MS = 200; // sound that was so much later than the newest was held up, and that says nothing of what comes
/** Pictures wait no longer for their sound. */
export const MOST_HELD_MS = 500;

interface Sample {
  atMs: number;
  lagMs: number;
}

/**
 * Keeps sound in step with pictures. Both have times on one timeline, the media
 * time; the lag of a picture or a sound is by how much later than its media time it
 * is seen or heard, by the wall clock, from a zero that does not matter.
 *
 * Sound follows the pictures and never the other way: it is bent, or leaps, to have
 * the lag that pictures have. Only where it cannot be there in time it is as early
 * as it can be, and holdMs says for how long pictures would have to wait for it.
 *
 * It is pure: it reads no clock.
 */
export class LipSync {
  #pictures: Sample[] = []; // with the lag they would have if they were not held
  #sounds: Sample[] = [];
  #heldMs = 0; // of the newest picture
  #stockMs: number;
  #stockedMs: number | null = null; // when stockMs was true
  #wantedHoldMs = 0;
  #behind: number | null = null;
  #freshMs: number | null = null; // until when it has just begun: it was heard beside no picture yet, but not for long; null before it is heard
  readonly #habits: Habits;

  constructor(habits: Habits) {
    this.#habits = habits;
    this.#stockMs = habits.stockMs;
  }

  /** A picture was shown, that was held for a while. */
  painted(mediaMs: number, atMs: number, heldMs: number): void {
    this.#heldMs = heldMs;
    note(this.#pictures, { atMs, lagMs: atMs - mediaMs - heldMs }, PICTURES_FOR_MS);
  }

  /** Sound that begins at a media time can be heard from a moment on, and not before. */
  arrived(mediaMs: number, atMs: number): void {
    const lagMs = atMs - mediaMs;
    this.#sounds = this.#sounds.filter((before) => before.lagMs < lagMs + OUTAGE_MS);
    note(this.#sounds, { atMs, lagMs }, SOUND_FOR_MS);
  }

  /** It ran out of sound: it needs more in stock, for a while. */
  starved(byMs: number): void {
    this.#freshMs = null;
    this.#stockMs = Math.min(this.#stockMs + byMs, this.#habits.stockMs + MOST_STOCKED_MS);
  }

  /** Sound of a media time is heard at a moment. Says what to do. */
  heard(mediaMs: number, atMs: number): Step {
    this.#unstock(atMs);
    const shown = this.#shownLagMs();
    this.#behind = shown === null ? null : atMs - mediaMs - shown;
    const lagMs = this.lagMs();
    const fresh = atMs <= (this.#freshMs ??= atMs + FRESH_MS);
    if (shown !== null) this.#freshMs = 0;
    return lagMs === null ? { rate: 1, skipMs: 0 } : this.#walk(atMs - mediaMs - lagMs, fresh);
  }

  /** The lag that sound should have, or null while nothing is known. */
  lagMs(): number | null {
    const least = this.#leastLagMs();
    const shown = this.#shownLagMs();
    return least === null || shown === null ? (least ?? shown) : Math.max(least, shown);
  }

  /** By how much sound was behind the picture when it was heard last, or null. */
  get behindMs(): number | null {
    return this.#behind;
  }

  /** For how long pictures have to be held. */
  holdMs(): number {
    const least = this.#leastLagMs();
    if (least === null || this.#pictures.length === 0) return this.#wantedHoldMs;
    const neededMs = Math.min(Math.max(0, least - middle(this.#pictures)), MOST_HELD_MS);
    const moreMs = neededMs - this.#wantedHoldMs;
    if (moreMs > RAISED_MS || moreMs < -LOWERED_MS) this.#wantedHoldMs = neededMs; // or pictures would never keep their pace
    return this.#wantedHoldMs;
  }

  /** The timeline begins anew. */
  reset(): void {
    this.#pictures = [];
    this.#sounds = [];
    this.#behind = null;
    this.#freshMs = null;
  }

  // #walk makes good an error, of more than 0 where sound is late.
  #walk(errorMs: number, fresh: boolean): Step {
    const { bend, leapMs, firstLeapMs } = this.#habits;
    const leaps = Math.abs(errorMs) > (fresh ? firstLeapMs : leapMs);
    if (leaps) return { rate: 1, skipMs: errorMs };
    if (Math.abs(errorMs) < STILL_MS) return { rate: 1, skipMs: 0 };
    return { rate: 1 + Math.min(bend, Math.max(-bend, errorMs / BENT_OVER_MS)), skipMs: 0 };
  }

  #unstock(nowMs: number): void {
    const lessMs = (nowMs - (this.#stockedMs ?? nowMs)) * UNSTOCKED;
    this.#stockMs = Math.max(this.#habits.stockMs, this.#stockMs - lessMs);
    this.#stockedMs = nowMs;
  }

  // #leastLagMs leaves out the sound that is latest: it is held up now and then, and
  // to have that always in stock is worse than a short silence.
  #leastLagMs(): number | null {
    if (this.#sounds.length === 0) return null;
    const lags = this.#sounds.map(({ lagMs }) => lagMs).sort((a, b) => b - a);
    return lags[Math.floor(lags.length * LEFT_OUT)]! + this.#stockMs;
  }

  #shownLagMs(): number | null {
    return this.#pictures.length === 0 ? null : middle(this.#pictures) + this.#heldMs;
  }
}

const FRESH_MS = 1500; // for as long it may be silent (soundworklet.ts)
const LEFT_OUT = 0.05; // of the sound
const UNSTOCKED = 0.0005; // of the time that passes
const MOST_STOCKED_MS = 300;
const RAISED_MS = 5;
const LOWERED_MS = 40;
const AWAY_MS = 500; // is another timeline, or another place on it

function middle(samples: Sample[]): number {
  const lags = samples.map(({ lagMs }) => lagMs).sort((a, b) => a - b);
  return lags[lags.length >> 1]!;
}

function note(samples: Sample[], sample: Sample, forMs: number): void {
  const last = samples.at(-1);
  if (last && Math.abs(last.lagMs - sample.lagMs) > AWAY_MS) samples.length = 0; // what was before it says nothing
  samples.push(sample);
  while (samples[0]!.atMs < sample.atMs - forMs) samples.shift();
}
