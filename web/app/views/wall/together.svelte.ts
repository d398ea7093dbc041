// Several players that show the same time.

/** What is used of a player element. */
export interface Deck {
  seek(ms: number): void;
  pause(): void;
  live(): void;
  rate: number;
  /** When the picture was taken that is shown. */
  readonly time: Date | null;
}

/** What all players of a wall show. Its properties are reactive. */
export class Together {
  /** What was recorded is shown, not the present. */
  past = $state(false);
  paused = $state(false);
  rate = $state(1);
  /** The moment that is looked at, in ms; null: the present. */
  atMs = $state<number | null>(null);

  private soughtMs = 0; // the moment that was wanted last
  private sinceMs = 0; // and when

  /** decks gives the players of the moment, now the server's time. */
  constructor(
    private readonly decks: () => Iterable<Deck>,
    private readonly now: () => number,
  ) {}

  /** Shows a moment on all, and goes on from there as before. */
  seek(ms: number): void {
    this.past = true;
    this.atMs = this.soughtMs = Math.min(ms, this.now());
    this.sinceMs = this.now();
    for (const deck of this.decks()) this.tell(deck, this.atMs);
  }

  /** Has one that came later show what the others do. */
  join(deck: Deck): void {
    if (this.past && this.atMs !== null) this.tell(deck, this.atMs);
  }

  /** Returns to the present. */
  live(): void {
    this.past = this.paused = false;
    this.rate = 1;
    this.atMs = null;
    for (const deck of this.decks()) deck.live();
  }

  /** Goes on at another speed, also after a pause. All begin at one moment again, so that they stay in step. */
  setRate(rate: number): void {
    this.rate = rate;
    this.paused = false;
    if (this.atMs !== null) this.seek(this.atMs);
  }

  /** Plays what is paused, and the other way around. */
  toggle(): void {
    if (this.paused) {
      this.setRate(this.rate);
      return;
    }
    this.paused = true;
    if (this.atMs === null) return;
    this.soughtMs = this.atMs;
    for (const deck of this.decks()) {
      deck.pause();
      deck.seek(this.atMs); // each is where the others are
    }
  }

  /** Is to be called some times a second: time goes on, whether or not every camera has pictures of it. */
  tick(): void {
    if (!this.past || this.paused) return;
    const passed = (this.now() - this.sinceMs) * this.rate;
    const at = this.soughtMs + passed;
    if (at >= this.now()) this.live();
    else this.atMs = at;
  }

  private tell(deck: Deck, ms: number): void {
    deck.seek(ms);
    if (this.paused) deck.pause();
    else if (this.rate !== 1) deck.rate = this.rate;
  }
}
