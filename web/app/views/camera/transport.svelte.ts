// Which moment of a camera is shown, and how it goes on: what the buttons and keys
// of the page want of a player. It knows no page and no network.

/** What is used of a player element. */
export interface Deck {
  seek(ms: number): void;
  pause(): void;
  live(): void;
  rate: number;
  /** When the picture was taken that is shown. */
  readonly time: Date | null;
  /** How many pictures were painted so far, the same again too. */
  readonly painted: number;
}

/** How a player shows what was recorded, as its event framegate-playback says. */
export interface Past {
  rate: number;
  paused: boolean;
  end: boolean;
  message: string;
}

/** A stretch in which nothing was recorded. */
export interface Hole {
  fromMs: number;
  toMs: number;
  /** In the server's words. */
  reason: string;
}

export interface TransportOptions {
  /** The server's time, in ms since 1970. */
  now(): number;
  /** The first stretch of a second or more between two moments in which nothing was recorded. */
  hole(fromMs: number, toMs: number): Promise<Hole | null>;
  /** How long a picture lasts, in ms. */
  pictureMs(): number;
  /** The newest moment that was recorded, for who may not see the present; null: the present may be seen. */
  newest?: (() => number) | null;
}

/** The speeds, slow to fast; backwards they are negative. */
export const speeds = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64] as const;

/** How fast a player goes by itself. What is faster are leaps from picture to picture. */
export const FASTEST = 16;

/** How often tick is to be called. */
export const TICK_MS = 200;

const LEAP_TICKS = 2; // from one leap to the next
const STEP_TICKS = 2; // after the same picture was shown again, for another to come
const STEP_TRIES = 6;
const WANTED_TICKS = 15; // for a sought picture to come
const HOP_MS = 3000; // so much at once may be a hole
const NEAR_MS = 1000; // farther from the picture before is elsewhere

/** A picture on. */
interface Step {
  /** Where it is taken to be until it comes. */
  baseMs: number;
  /** The moment that was sought last. */
  targetMs: number;
  /** How many pictures had been painted then. */
  painted: number;
  ticks: number;
  tries: number;
}

/** The state of what is shown. Its properties are reactive. */
export class Transport {
  /** What was recorded is shown, not the present. */
  past = $state(false);
  /** How fast, and backwards below 0. */
  rate = $state(1);
  paused = $state(false);
  /** There is nothing more in this direction so far. */
  end = $state(false);
  /** Why there is no picture. */
  message = $state('');
  /** When the picture was taken that is shown, in ms; null before the first. */
  shownMs = $state<number | null>(null);
  /** Whether holes take no time. */
  skip = $state(true);
  /** The hole through which time passes. */
  hole = $state.raw<Hole | null>(null);

  private deck: Deck | null = null;
  private wantedMs = $state<number | null>(null); // what was sought and is not there yet
  private wantedTicks = 0;
  private leap: { fromMs: number; sinceMs: number; ticks: number } | null = null;
  private step: Step | null = null;
  private through: { sinceMs: number; fromMs: number } | null = null;
  private lastMs: number | null = null;
  private asked = 0; // for holes: which answer is still wanted

  constructor(private readonly options: TransportOptions) {}

  /** The moment that is looked at: what was sought, or what is shown; null before any. */
  get atMs(): number | null {
    return this.wantedMs ?? this.shownMs;
  }

  /** Where something plays; null: the present. */
  get playheadMs(): number | null {
    return this.past ? this.atMs : null;
  }

  /** Takes a player, which begins anew: it is told what was wanted of the one before. */
  attach(deck: Deck): void {
    this.deck = deck;
    const at = this.atMs;
    if (this.past && at !== null) {
      const { rate, paused } = this;
      this.seek(at);
      if (paused) this.pause();
      else this.setRate(rate); // also at normal speed: a hole has paused it
    } else if (this.options.newest) this.live();
  }

  detach(): void {
    this.deck = null;
  }

  /** What the player says of what was recorded; null: the present is shown. */
  played(past: Past | null): void {
    if (!past) {
      if (this.options.newest) return; // which has no present
      this.past = this.paused = this.end = false;
      this.rate = 1;
      this.message = '';
      this.forget();
      return;
    }
    this.past = true;
    this.end = past.end;
    this.message = past.message;
    if (this.leap || this.through) return; // it is paused, and we are not
    this.rate = past.rate;
    this.paused = past.paused;
  }

  /** Shows a moment, and goes on from there as before. */
  seek(ms: number): void {
    const { rate, past } = this;
    this.forget();
    this.past = true;
    this.want(Math.min(ms, this.options.now()));
    this.deck?.seek(this.wantedMs!);
    if (past && Math.abs(rate) > FASTEST && !this.paused) this.begin(rate);
  }

  /** Moves by so much from what is shown. */
  by(ms: number): void {
    this.seek((this.atMs ?? this.options.now()) + ms);
  }

  /** Returns to the present, or to the newest that there is. */
  live(): void {
    this.forget();
    if (this.options.newest) {
      this.seek(this.options.newest());
      if (this.paused || this.rate !== 1) this.setRate(1);
      return;
    }
    this.deck?.live();
    this.played(null);
  }

  pause(): void {
    this.settle();
    this.past = this.paused = true;
    this.deck?.pause();
  }

  play(): void {
    if (this.paused) this.setRate(this.rate);
  }

  /** Plays what is paused, and the other way around. */
  toggle(): void {
    if (this.paused) this.play();
    else this.pause();
  }

  /** Goes on at another speed, also after a pause. */
  setRate(rate: number): void {
    this.settle();
    this.past = true;
    this.paused = false;
    this.begin(rate);
  }

  /** Goes faster in a direction, or turns round. A pause ends at normal speed. */
  shuttle(direction: 1 | -1): void {
    const now = this.paused || !this.past ? 0 : this.rate;
    if (Math.sign(now) !== direction) this.setRate(direction);
    else this.setRate(direction * (speeds.find((speed) => speed > Math.abs(now)) ?? speeds.at(-1)!));
  }

  /** Shows the picture before or behind, and stays there. */
  stepBy(direction: 1 | -1): void {
    this.tick(); // or the picture that comes may be the one of the last tick
    const ticks = this.paused ? 0 : -STEP_TICKS; // a pause may show the picture that there is again
    if (!this.paused) this.pause();
    const from = this.step?.baseMs ?? this.atMs;
    if (from === null) return;
    const picture = this.options.pictureMs();
    // A seek shows the last picture that was taken until then.
    const target = direction < 0 ? from - 1 : from + 1.5 * picture;
    this.step = direction < 0 ? null : { baseMs: from + picture, targetMs: target, painted: this.deck?.painted ?? 0, ticks, tries: 0 };
    this.deck?.seek(target);
    this.want(direction < 0 ? target : from + picture);
  }

  /** Leaves the hole through which time passes. */
  leave(): void {
    if (!this.hole) return;
    const { hole, rate } = this;
    this.seek(rate > 0 ? hole.toMs : hole.fromMs - 1);
    this.setRate(rate);
  }

  /** Is to be called every TICK_MS. */
  tick(): void {
    if (!this.deck) return;
    const ms = this.deck.time?.getTime() ?? null;
    if (this.through) this.pass();
    else if (this.leap) this.leapOn(this.leap);
    if (ms !== this.lastMs) this.came(ms);
    else if (this.step && this.deck.painted !== this.step.painted && ++this.step.ticks >= STEP_TICKS) this.stepOn(this.step);
    else if (ms !== null && this.wantedMs !== null && !this.leap && !this.through && ++this.wantedTicks > WANTED_TICKS) this.wantedMs = null;
  }

  // came takes the picture that is shown now.
  private came(ms: number | null): void {
    const before = this.lastMs;
    const sought = this.wantedMs !== null;
    this.lastMs = this.shownMs = ms;
    if (this.leap || this.through) return;
    const late = sought && !this.step && near(ms, before) && !near(ms, this.wantedMs); // of where it was before
    if (late && ++this.wantedTicks <= WANTED_TICKS) return;
    this.wantedMs = this.step = null;
    const hop = ms === null || before === null ? 0 : (ms - before) * Math.sign(this.rate);
    if (this.past && !this.skip && !this.paused && !sought && hop > HOP_MS) void this.look(before!, ms!);
  }

  // look finds out whether what was just passed over is a hole, and if so goes through it.
  private async look(before: number, after: number): Promise<void> {
    const asked = ++this.asked;
    const hole = await this.options.hole(Math.min(before, after), Math.max(before, after)).catch(() => null);
    if (!hole || asked !== this.asked || this.paused) return;
    this.deck?.pause();
    this.hole = hole;
    const fromMs = this.rate > 0 ? hole.fromMs : hole.toMs;
    this.through = { sinceMs: this.options.now(), fromMs };
    this.wantedMs = fromMs;
  }

  private pass(): void {
    const at = this.through!.fromMs + (this.options.now() - this.through!.sinceMs) * this.rate;
    if (at >= this.hole!.toMs || at <= this.hole!.fromMs - 1) this.leave();
    else this.wantedMs = at;
  }

  private leapOn(leap: { fromMs: number; sinceMs: number; ticks: number }): void {
    const now = this.options.now();
    const at = leap.fromMs + (now - leap.sinceMs) * this.rate;
    this.wantedMs = Math.min(at, now);
    if (at >= now) this.live();
    else if (++leap.ticks % LEAP_TICKS === 0) this.deck?.seek(at);
  }

  // stepOn looks farther, once it is known that until then there is no other picture: one that
  // is only late would be passed over.
  private stepOn(step: Step): void {
    if (++step.tries > STEP_TRIES) {
      this.step = null;
      return;
    }
    step.targetMs += this.options.pictureMs() * 2 ** step.tries;
    step.painted = this.deck?.painted ?? 0;
    step.ticks = 0;
    this.deck?.seek(step.targetMs);
  }

  // begin goes on at a speed, by the player or by leaps.
  private begin(rate: number): void {
    this.rate = rate;
    if (Math.abs(rate) <= FASTEST) {
      if (this.deck) this.deck.rate = rate;
      return;
    }
    this.deck?.pause();
    this.leap = { fromMs: this.atMs ?? this.options.now(), sinceMs: this.options.now(), ticks: 0 };
  }

  private want(ms: number): void {
    this.wantedMs = ms;
    this.wantedTicks = 0;
  }

  // settle ends whatever was under way, where it has come to.
  private settle(): void {
    const { wantedMs } = this;
    const elsewhere = this.leap !== null || this.through !== null;
    this.forget();
    if (wantedMs === null) return;
    this.want(wantedMs);
    if (elsewhere) this.deck?.seek(wantedMs);
  }

  // forget ends whatever was under way.
  private forget(): void {
    this.leap = this.step = this.through = null;
    this.wantedMs = null;
    this.hole = null;
    this.asked++;
  }
}

function near(a: number | null, b: number | null): boolean {
  return a !== null && b !== null && Math.abs(a - b) <= NEAR_MS;
}
