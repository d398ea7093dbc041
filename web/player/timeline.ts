// The player's own timeline: where each fragment goes, and which picture was
// taken when.

import type { FragmentHead } from './fmp4';

/** Where a fragment goes, in seconds of the player's timeline. */
export interface Place {
  /** What to add to the times in the fragment. */
  offsetS: number;
  /** When its picture is shown. */
  startS: number;
  /** For how long, in the track's units; not always as long as the fragment says. */
  duration: number;
}

const LONG = 3; // times the usual duration, and longer than by
const LONG_S = 0.15; // this, is a pause
const PAUSES = 3; // in a row are a new usual

/**
 * Lays fragments end to end. A media element stops at a gap, so what comes
 * behind one, after a reconnect or in a new epoch, is moved up to where the last
 * fragment ended.
 *
 * A fragment's duration is the time since the frame before it. After a pause of
 * the camera, or where frames were dropped, that is long, and would keep the
 * picture on the screen for as long again; so it gets the usual duration, and
 * what follows moves up.
 */
export class Track {
  #offsetS: number | null = null;
  #endS = 0;
  #usualS = 0;
  #pauses = 0;

  /** Places a fragment, or gives null for one that cannot be decoded there: the first after a cut that is not a keyframe. */
  place(head: FragmentHead, timescale: number, key: boolean): Place | null {
    const decodeS = head.decodeTime / timescale;
    if (this.#offsetS === null && !key) return null;
    if (this.#offsetS === null || Math.abs(decodeS + this.#offsetS - this.#endS) > TOLERANCE_S) this.#offsetS = this.#endS - decodeS;
    const durationS = head.durationAt < 0 ? head.duration / timescale : this.#usual(head.duration / timescale);
    const startS = decodeS + this.#offsetS + head.composition / timescale;
    this.#endS = decodeS + this.#offsetS + durationS;
    return { offsetS: this.#offsetS, startS, duration: Math.round(durationS * timescale) };
  }

  /** Makes the next fragment be placed anew, whatever its times: it belongs to another epoch or connection. */
  cut(): void {
    this.#offsetS = null;
  }

  // #usual gives a duration, or the usual one in place of one with a pause in it.
  #usual(durationS: number): number {
    const pause = this.#usualS > 0 && durationS > Math.max(LONG * this.#usualS, this.#usualS + LONG_S);
    if (pause && ++this.#pauses < PAUSES) return this.#usualS;
    this.#pauses = 0;
    this.#usualS = this.#usualS === 0 || pause ? durationS : this.#usualS + (durationS - this.#usualS) / 8;
    return durationS;
  }
}

const TOLERANCE_S = 0.001;

interface Picture {
  startS: number;
  captureMs: number;
  key: boolean;
}

const REMEMBERED = 2048; // pictures; half a minute at 60 a second

/** Remembers of the pictures on the timeline when they were taken. */
export class Captures {
  #pictures: Picture[] = [];
  #latestS: number | null = null;

  /** Notes a picture, in the order in which they are decoded; one that is not to be shown is never the newest. */
  add(startS: number, captureMs: number, key: boolean, behind = false): void {
    if (!behind) this.#latestS = Math.max(startS, this.#latestS ?? startS);
    this.#pictures.push({ startS, captureMs, key });
    if (this.#pictures.length >= 2 * REMEMBERED) this.#pictures.splice(0, REMEMBERED);
  }

  /** When the picture that is shown at a time was taken, in ms, or null if no picture is near. */
  captureMs(mediaTimeS: number): number | null {
    let nearest: Picture | null = null;
    for (let i = this.#pictures.length - 1; i >= 0; i--) {
      const picture = this.#pictures[i]!;
      if (!nearest || Math.abs(picture.startS - mediaTimeS) < Math.abs(nearest.startS - mediaTimeS)) nearest = picture;
      if (picture.startS < mediaTimeS - 1) break;
    }
    return nearest && Math.abs(nearest.startS - mediaTimeS) < NEAR_S ? nearest.captureMs : null;
  }

  /** The start of the newest keyframe that is not behind a time, or null. */
  keyBefore(timeS: number): number | null {
    for (let i = this.#pictures.length - 1; i >= 0; i--) {
      const picture = this.#pictures[i]!;
      if (picture.key && picture.startS <= timeS) return picture.startS;
    }
    return null;
  }

  /** The start of the picture that is to be shown last, or null. */
  newestS(): number | null {
    return this.#latestS;
  }
}

// Browsers round media times to a microsecond; pictures are farther apart.
const NEAR_S = 0.005;
