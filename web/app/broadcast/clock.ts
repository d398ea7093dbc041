// The clock of a sound, by that of the page.

const WINDOW = 100; // blocks, in which the one is looked for that came fastest

/** Says when samples were taken, by performance.now(). The block that came fastest was on its way for no time. */
export class Clock {
  private before = Infinity; // ms between the two clocks, of the last window
  private least = Infinity; // and of this one
  private seen = 0;

  constructor(private readonly sampleRate: number) {}

  /** Is told of a block that comes now, by the frame where it ends. */
  note(frame: number): void {
    this.least = Math.min(this.least, performance.now() - (frame / this.sampleRate) * 1000);
    if (++this.seen < WINDOW) return;
    this.before = this.least;
    this.least = Infinity;
    this.seen = 0;
  }

  /** Gives the time of what the context's clock says in µs. */
  ms(timestamp: number): number {
    return timestamp / 1000 + Math.min(this.before, this.least);
  }
}
