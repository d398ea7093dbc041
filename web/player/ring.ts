// Sound that waits to be heard: put in in pieces, taken out sample by sample at
// whatever rate. It runs in the audio worklet, and this is also what worklet and page
// say to each other.

/** A piece of sound. */
export interface Piece {
  /** Media time of its first sample, in ms. */
  startMs: number;
  /** Samples a second of each channel. */
  rate: number;
  /** Samples of each channel; all have the same length. */
  planes: Float32Array[];
}

/** What the worklet is told. Once it has taken a step, sound is so far off its picture: NaN where that is not known. */
export type SoundOrder =
  | { type: 'push'; piece: Piece }
  | { type: 'step'; number: number; rate: number; skipMs: number; offMs: number }
  | { type: 'clear' }
  | { type: 'close' };

/** What the worklet says now and then. */
export interface SoundReport {
  /** Media time of what is given out at a time of the context's, in seconds; null where that is nothing. */
  mediaMs: number | null;
  contextS: number;
  /** How often it ran out of sound. */
  starved: number;
  /** Of the newest step that it knows. */
  number: number;
}

/** The name of the processor. */
export const PROCESSOR = 'framegate-sound';

const STOCK_MS = 20; // is there before it begins, or begins again
const MOST_MS = 3000; // more is too old to be heard
const SEAM_MS = 20; // between two pieces is none
const LONG_GAP_MS = 2000; // is no gap but another timeline
const IN_STEP_MS = 35; // sees nobody
const FADE_S = 0.004; // so that there is no click

/**
 * A queue of pieces of sound with a place in it. Where there is nothing it gives
 * silence, and waits until there is a little in stock. Where pieces do not follow
 * on each other, it gives as much silence as there is between them.
 */
export class Ring {
  /** How much faster than it was recorded it is played. */
  speed = 1;
  /** How often it ran out of sound. */
  starved = 0;

  #pieces: Piece[] = [];
  #at = 0; // in samples of the first piece; less than 0 is before it
  #playing = false;
  #hushed = 0; // samples that are still to be silent
  #level = 0; // of the fade, 0 to 1
  #last: number[] = [0, 0]; // what was given out, to fade it
  readonly #fade: number;
  readonly #outRate: number;
  readonly #hushS: number;

  /**
   * outRate is that of what is taken out. What comes first, and first after clear, is
   * silent while it plays, until it is in step, or for hushS seconds.
   */
  constructor(outRate: number, hushS = 0) {
    this.#outRate = outRate;
    this.#hushS = hushS;
    this.#fade = 1 / (FADE_S * outRate);
    this.clear();
  }

  push(piece: Piece): void {
    const length = piece.planes[0]?.length ?? 0;
    if (length === 0) return;
    const endMs = this.#endMs;
    if (endMs !== null && (piece.startMs < endMs - SEAM_MS || piece.startMs > endMs + LONG_GAP_MS)) this.clear();
    if (this.#pieces.length === 0 && !this.#playing) this.#at = 0;
    this.#pieces.push(piece);
    while (this.bufferedMs > MOST_MS) this.#drop();
  }

  /** Forgets all. */
  clear(): void {
    this.#pieces = [];
    this.#at = 0;
    this.#playing = false;
    this.#hushed = this.#hushS * this.#outRate;
  }

  /** It is silent, and not yet in step. */
  get hushed(): boolean {
    return this.#hushed > 0;
  }

  /** What it plays is so far off its picture. */
  off(ms: number): void {
    if (this.#playing && Math.abs(ms) < IN_STEP_MS) this.#hushed = 0;
  }

  /** Leaves out so much, as far as there is more, or waits for so long if it is less than 0. */
  skip(ms: number): void {
    const piece = this.#pieces[0];
    if (!piece) return;
    this.#level = 0;
    this.#at += (Math.min(ms, Math.max(0, this.bufferedMs - STOCK_MS)) / 1000) * piece.rate;
    this.#settle();
  }

  /** Media time of what is given out next; null while there is nothing. */
  get positionMs(): number | null {
    const piece = this.#pieces[0];
    return piece && this.#playing ? piece.startMs + (this.#at / piece.rate) * 1000 : null;
  }

  /** How much there is. */
  get bufferedMs(): number {
    const first = this.#pieces[0];
    return first ? this.#endMs! - first.startMs - (this.#at / first.rate) * 1000 : 0;
  }

  /** Takes out as many samples as out has room for. What is more than two channels is left out. */
  read(out: Float32Array[]): void {
    const length = out[0]?.length ?? 0;
    for (let i = 0; i < length; i++) this.#sample(out, i);
  }

  get #endMs(): number | null {
    const last = this.#pieces.at(-1);
    return last ? last.startMs + (last.planes[0]!.length / last.rate) * 1000 : null;
  }

  #sample(out: Float32Array[], i: number): void {
    const piece = this.#ready();
    const hushed = piece !== undefined && this.#hushed-- > 0;
    const sounds = piece !== undefined && this.#at >= 0 && !hushed;
    this.#level = Math.min(1, Math.max(0, this.#level + (sounds ? this.#fade : -this.#fade)));
    for (let channel = 0; channel < out.length; channel++) {
      const value = sounds ? this.#value(piece, channel) : (this.#last[channel] ?? 0);
      this.#last[channel] = value;
      out[channel]![i] = value * this.#level;
    }
    if (!piece) return;
    this.#at += (piece.rate / this.#outRate) * this.speed;
    this.#settle();
  }

  // #ready gives the piece to play, if it is time to play.
  #ready(): Piece | undefined {
    const piece = this.#pieces[0];
    if (!this.#playing && this.bufferedMs >= STOCK_MS) this.#playing = true;
    return this.#playing ? piece : undefined;
  }

  // #value is between two samples.
  #value(piece: Piece, channel: number): number {
    const plane = piece.planes[channel] ?? piece.planes[0]!; // one is for all
    const at = Math.floor(this.#at);
    const before = plane[at]!;
    const after = plane[at + 1] ?? this.#pieces[1]?.planes[channel]?.[0] ?? before;
    return before + (after - before) * (this.#at - at);
  }

  // #settle goes on to the next piece where one has ended.
  #settle(): void {
    for (let piece = this.#pieces[0]; piece && this.#at >= piece.planes[0]!.length; piece = this.#pieces[0]) this.#next(piece);
  }

  #next(piece: Piece): void {
    const length = piece.planes[0]!.length;
    this.#pieces.shift();
    const following = this.#pieces[0];
    if (!following) {
      this.starved++;
      this.#at = 0;
      this.#playing = false;
      return;
    }
    this.#at = ((this.#at - length) / piece.rate) * following.rate;
    const gapMs = following.startMs - piece.startMs - (length / piece.rate) * 1000;
    if (gapMs > SEAM_MS) this.#at -= (gapMs / 1000) * following.rate;
  }

  #drop(): void {
    this.#pieces.shift();
    this.#at = 0;
    this.#level = 0;
  }
}
