// How good the pictures are, and how many, that the way to the server carries.

/** What goes up, or is wanted to. */
export interface Measure {
  /** Of the JPEGs, 0 to 1. */
  quality: number;
  /** Pictures a second. */
  fps: number;
}

/** What became of the pictures of some time. */
export interface Passed {
  ms: number;
  sent: number;
  /** Those whose time had come while an earlier one was not through yet. */
  late: number;
  /** How long one was on its way, up to the server's word that it has it. */
  tripMs: number;
}

const WORST_QUALITY = 0.35;
const LEAST_FPS = 1;
const WORSE = 0.8; // times the quality
const BETTER = 1.15;
const MANY_LATE = 0.25; // of all
const FEW_LATE = 0.05;
const PATIENCE = 3; // times in a row that go well, before it is tried whether more does
const LONGEST_PATIENCE = 48;

/**
 * Follows what the way carries: where pictures queue up they get worse, then fewer, and better again once they do not. An attempt that fails
 * is made the more seldom.
 */
export class Fit {
  private now: Measure;
  private well = 0; // times in a row
  private patience = PATIENCE;
  private trying = false; // the last change was for the better

  constructor(private wanted: Measure) {
    this.now = { ...wanted };
  }

  /** What is to go up. */
  get measure(): Readonly<Measure> {
    return this.now;
  }

  /** Whether it is less than what is wanted. */
  get less(): boolean {
    return this.now.quality < this.wanted.quality || this.now.fps < this.wanted.fps;
  }

  /** Takes another wish, and begins with it. */
  want(wanted: Measure): void {
    this.wanted = wanted;
    this.now = { ...wanted };
    this.well = 0;
    this.patience = PATIENCE;
    this.trying = false;
  }

  /** Is told how it went, and says whether something changed. */
  note({ ms, sent, late, tripMs }: Passed): boolean {
    const share = late / Math.max(1, sent + late);
    if (share > MANY_LATE) return this.worsen((sent / ms) * 1000, tripMs);
    if (share > FEW_LATE) {
      this.well = 0;
      return false;
    }
    if (++this.well < this.patience) return false;
    if (this.trying) this.patience = PATIENCE; // that attempt went well
    return this.improve();
  }

  // worsen makes pictures smaller where they take long on their way, and where
  // that is not it, or does not help, as few as get through.
  private worsen(through: number, tripMs: number): boolean {
    if (this.trying) this.patience = Math.min(LONGEST_PATIENCE, this.patience * 2);
    this.trying = false;
    this.well = 0;
    const before = { ...this.now };
    const floor = Math.min(WORST_QUALITY, this.wanted.quality);
    if (this.now.quality > floor && tripMs > 500 / this.now.fps) this.now.quality = Math.max(floor, this.now.quality * WORSE);
    else this.now.fps = Math.min(this.now.fps, Math.max(LEAST_FPS, through));
    return this.now.quality !== before.quality || this.now.fps !== before.fps;
  }

  private improve(): boolean {
    this.well = 0;
    if (!this.less) return false;
    this.trying = true;
    if (this.now.fps < this.wanted.fps) this.now.fps = Math.min(this.wanted.fps, this.now.fps * BETTER + 0.5);
    else this.now.quality = Math.min(this.wanted.quality, this.now.quality * BETTER);
    return true;
  }
}
