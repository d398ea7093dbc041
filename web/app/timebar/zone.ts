// The calendar of a time zone, by Intl: what its clocks show at an instant, and when
// they show it. Instants are milliseconds since 1970; days have 23, 24 or 25 hours.

/** What a clock and a calendar on the wall show. month is 1 to 12. */
export interface Wall {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
}

/** A day of the calendar. */
export interface Day {
  year: number;
  month: number;
  day: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SLOT_MS = 15 * MINUTE_MS; // clocks are put forward and back at quarters of an hour
const MOST_SLOTS = 4096;

/** A time zone, such as Europe/Berlin. */
export class Zone {
  readonly name: string;
  private readonly format: Intl.DateTimeFormat;
  private readonly offsets = new Map<number, number>(); // by slot

  /** Without a name it is the browser's. */
  constructor(name?: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      ...(name === undefined ? {} : { timeZone: name }),
      calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23',
      era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    this.name = this.format.resolvedOptions().timeZone;
  }

  /** How far clocks are ahead of UTC at an instant, in ms. */
  offset(ms: number): number {
    const slot = Math.floor(ms / SLOT_MS);
    let offset = this.offsets.get(slot);
    if (offset === undefined) {
      if (this.offsets.size >= MOST_SLOTS) this.offsets.clear();
      offset = this.offsetAt(slot * SLOT_MS);
      this.offsets.set(slot, offset);
    }
    return offset;
  }

  /** What clocks show at an instant. */
  wall(ms: number): Wall {
    const d = new Date(ms + this.offset(ms));
    return {
      year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate(),
      hour: d.getUTCHours(), minute: d.getUTCMinutes(), second: d.getUTCSeconds(), millisecond: d.getUTCMilliseconds(),
    };
  }

  /**
   * When clocks show something: of two times the first, and null where they never
   * do, as in the hour that is left out in spring.
   */
  instant(w: Wall): number | null {
    const local = localOf(w);
    const found = this.candidates(local).filter((ms) => ms + this.offset(ms) === local);
    return found.length === 0 ? null : Math.min(...found);
  }

  /** When a day begins, which need not be at midnight. A day of 0 is the last one of the month before. */
  startOf(d: Day): number {
    const local = Date.UTC(d.year, d.month - 1, d.day);
    const found = this.candidates(local).filter((ms) => ms + this.offset(ms) === local);
    if (found.length > 0) return Math.min(...found);
    return this.changeBetween(local - DAY_MS, local + DAY_MS);
  }

  /**
   * The first instant later than one whose time of day is a multiple of a step, which
   * divides a day.
   */
  next(ms: number, stepMs: number): number {
    const before = this.offset(ms);
    const next = Math.floor((ms + before) / stepMs + 1) * stepMs - before;
    if (this.offset(next) === before) return next;
    const change = this.changeBetween(ms, next);
    const after = this.offset(next);
    return Math.ceil((change + after) / stepMs) * stepMs - after;
  }

  /** When clocks are put forward or back between two instants with different offsets. */
  private changeBetween(fromMs: number, toMs: number): number {
    const before = this.offset(fromMs);
    let low = Math.floor(fromMs / SLOT_MS);
    let high = Math.ceil(toMs / SLOT_MS);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle * SLOT_MS) === before) low = middle;
      else high = middle;
    }
    return high * SLOT_MS;
  }

  private candidates(local: number): number[] {
    const offsets = new Set([this.offset(local - DAY_MS), this.offset(local + DAY_MS)]);
    return [...offsets].map((offset) => local - offset);
  }

  private offsetAt(ms: number): number {
    let year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    for (const { type, value } of this.format.formatToParts(ms)) {
      if (type === 'year') year = Number(value);
      else if (type === 'month') month = Number(value);
      else if (type === 'day') day = Number(value);
      else if (type === 'hour') hour = Number(value);
      else if (type === 'minute') minute = Number(value);
      else if (type === 'second') second = Number(value);
    }
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
  }
}

/** The day that is so many later. */
export function dayLater(d: Day, days: number): Day {
  const later = new Date(Date.UTC(d.year, d.month - 1, d.day + days));
  return { year: later.getUTCFullYear(), month: later.getUTCMonth() + 1, day: later.getUTCDate() };
}

/** Whether the calendar and the clock have that. */
export function exists(w: Wall): boolean {
  const d = new Date(localOf(w));
  return d.getUTCMonth() + 1 === w.month && d.getUTCDate() === w.day && w.hour < 24 && w.minute < 60 && w.second < 60;
}

function localOf(w: Wall): number {
  return Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second, w.millisecond);
}
