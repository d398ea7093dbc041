// The scale of a time bar: where its ticks are and what stands beside them.

import type { View } from './geometry';
import { pixelMs, spanOf, xOf } from './geometry';
import { dayLater, type Day, type Zone } from './zone';

/** A step of the scale. Those shorter than a day divide it. */
export interface Step {
  unit: 'ms' | 'day' | 'month' | 'year';
  count: number;
}

const SECOND = 1000, MINUTE = 60_000, HOUR = 3_600_000, DAY = 86_400_000;

const times = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
];

/** All steps, the shortest first. Weeks begin on Mondays. */
export const ladder: readonly Step[] = [
  ...times.map((count): Step => ({ unit: 'ms', count })),
  { unit: 'day', count: 1 }, { unit: 'day', count: 7 },
  { unit: 'month', count: 1 }, { unit: 'month', count: 3 },
  { unit: 'year', count: 1 }, { unit: 'year', count: 2 }, { unit: 'year', count: 5 }, { unit: 'year', count: 10 },
];

const LENGTH_MS = { ms: 1, day: DAY, month: 30.4 * DAY, year: 365 * DAY };

/** How long a step is, or about how long. */
export function lengthOf(s: Step): number {
  return s.count * LENGTH_MS[s.unit];
}

/** A tick, where it is in pixels, and what stands beside it; "" is nothing. */
export interface Tick {
  ms: number;
  x: number;
  label: string;
}

/** A stretch of the scale with a name, such as a day: from pixel to pixel, and where the name begins. */
export interface Period {
  fromX: number;
  toX: number;
  label: string;
  labelX: number;
}

/** A scale: its ticks with names, the small ones between, and in which periods they lie. */
export interface Scale {
  step: Step;
  ticks: Tick[];
  minor: number[];
  periods: Period[];
}

/** What a scale is made with. Widths are in pixels of the device. */
export interface ScaleOptions {
  zone: Zone;
  labels: Labels;
  widthPx: number;
  /** Pixels of the device to one of CSS. */
  ratio: number;
  measure(text: string): number;
}

const NEAREST_PX = 40; // of two ticks with names, in pixels of CSS
const MINOR_PX = 8;
const APART_PX = 14; // of two names

/** Makes the scale of a view: as many names as there is room for, none over another. */
export function scaleOf(v: View, o: ScaleOptions): Scale {
  const perPx = pixelMs(v, o.widthPx) * o.ratio; // of CSS
  const candidates = ladder.filter((s) => lengthOf(s) >= NEAREST_PX * perPx);
  let step = ladder.at(-1)!;
  let ticks: Tick[] = [];
  for (const s of candidates.length > 0 ? candidates : [step]) {
    step = s;
    ticks = ticksOf(v, s, o);
    const widest = ticks.reduce((most, t) => Math.max(most, o.measure(t.label)), 0);
    if (lengthOf(s) >= (widest / o.ratio + APART_PX) * perPx) break;
  }
  const minor = ladder.find((s) => lengthOf(s) >= MINOR_PX * perPx && !(s.count === 7 && step.unit !== 'day'));
  return {
    step, ticks: apart(ticks, o),
    minor: minor && lengthOf(minor) < lengthOf(step) ? momentsOf(v, minor, o.zone).map((ms) => xOf(v, o.widthPx, ms)) : [],
    periods: periodsOf(v, step, o),
  };
}

/** The instants of a step within a view, the earliest first. */
export function momentsOf(v: View, s: Step, zone: Zone): number[] {
  const moments: number[] = [];
  if (s.unit === 'ms') {
    for (let ms = zone.next(v.fromMs - 1, s.count); ms <= v.toMs; ms = zone.next(ms, s.count)) moments.push(ms);
    return moments;
  }
  for (let day = firstOf(zone.wall(v.fromMs), s); ; day = following(day, s)) {
    const ms = zone.startOf(day);
    if (ms > v.toMs) return moments;
    if (ms >= v.fromMs) moments.push(ms);
  }
}

function ticksOf(v: View, s: Step, o: ScaleOptions): Tick[] {
  return momentsOf(v, s, o.zone).map((ms) => ({ ms, x: xOf(v, o.widthPx, ms), label: o.labels.tick(ms, s) }));
}

// Leaves out names that would touch another or an edge, as on the day that has 23 hours.
function apart(ticks: Tick[], o: ScaleOptions): Tick[] {
  let end = 0;
  return ticks.map((t) => {
    const half = o.measure(t.label) / 2;
    if (t.x - half < end || t.x + half > o.widthPx) return { ...t, label: '' };
    end = t.x + half + (APART_PX / 2) * o.ratio;
    return t;
  });
}

function periodsOf(v: View, s: Step, o: ScaleOptions): Period[] {
  const unit = { ms: 'day', day: 'month', month: 'year', year: null }[s.unit] as 'day' | 'month' | 'year' | null;
  if (!unit) return [];
  const borders = momentsOf(v, { unit, count: 1 }, o.zone).filter((ms) => ms > v.fromMs);
  const starts = [v.fromMs, ...borders];
  return starts.map((ms, i) => {
    const fromX = xOf(v, o.widthPx, ms), toX = xOf(v, o.widthPx, starts[i + 1] ?? v.toMs);
    const pad = 6 * o.ratio;
    const label = o.labels.period(ms, unit).find((text) => o.measure(text) + 2 * pad <= toX - fromX) ?? '';
    return { fromX, toX, label, labelX: fromX + pad };
  });
}

function firstOf(d: Day, s: Step): Day {
  if (s.unit === 'year') return { year: Math.floor(d.year / s.count) * s.count, month: 1, day: 1 };
  if (s.unit === 'month') return { year: d.year, month: Math.floor((d.month - 1) / s.count) * s.count + 1, day: 1 };
  if (s.count === 1) return { year: d.year, month: d.month, day: d.day };
  const weekday = new Date(Date.UTC(d.year, d.month - 1, d.day)).getUTCDay();
  return dayLater(d, -((weekday + 6) % 7));
}

function following(d: Day, s: Step): Day {
  if (s.unit === 'day') return dayLater(d, s.count);
  return dayLater(s.unit === 'year' ? { ...d, year: d.year + s.count } : { ...d, month: d.month + s.count }, 0);
}

type Format = Intl.DateTimeFormatOptions;

const forms = {
  second: { timeStyle: 'medium' },
  minute: { timeStyle: 'short' },
  weekday: { weekday: 'short', day: 'numeric' },
  week: { day: 'numeric', month: 'short' },
  month: { month: 'short' },
  year: { year: 'numeric' },
  moment: { dateStyle: 'full', timeStyle: 'medium' },
  brief: { dateStyle: 'medium', timeStyle: 'medium' },
} as const satisfies Record<string, Format>;

const periods: Record<'day' | 'month' | 'year', readonly Format[]> = { // the longest first
  day: [
    { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
    { weekday: 'short', day: 'numeric', month: 'short' },
    { day: 'numeric', month: 'numeric' },
  ],
  month: [{ month: 'long', year: 'numeric' }, { month: 'short', year: '2-digit' }, forms.month],
  year: [forms.year],
};

/** What stands at ticks and over periods, in a language and a zone. */
export class Labels {
  private readonly formats = new Map<Format, Intl.DateTimeFormat>();

  constructor(
    private readonly language: string,
    private readonly zone: Zone,
  ) {}

  /** The name of a tick. */
  tick(ms: number, s: Step): string {
    switch (s.unit) {
      case 'ms':
        return this.text(ms, s.count < MINUTE ? forms.second : forms.minute);
      case 'day':
        return this.text(ms, s.count === 1 ? forms.weekday : forms.week);
      case 'month':
        return this.text(ms, forms.month);
      case 'year':
        return this.text(ms, forms.year);
    }
  }

  /** Names of the period that has an instant, the longest first. */
  period(ms: number, unit: 'day' | 'month' | 'year'): string[] {
    return periods[unit].map((f) => this.text(ms, f));
  }

  /** A time, as it is spoken: with the day. */
  moment(ms: number): string {
    return this.text(ms, forms.moment);
  }

  /** A time in little room. */
  brief(ms: number): string {
    return this.text(ms, forms.brief);
  }

  private text(ms: number, options: Format): string {
    let format = this.formats.get(options);
    if (!format) {
      format = new Intl.DateTimeFormat(this.language, { ...options, timeZone: this.zone.name });
      this.formats.set(options, format);
    }
    return format.format(ms);
  }
}

/** How long a step is that is sensible for moving in a view by keys, in ms: about a 50th. */
export function stepFor(v: View): number {
  return times.find((ms) => ms >= spanOf(v) / 60) ?? Math.max(DAY, Math.round(spanOf(v) / 60 / DAY) * DAY);
}
