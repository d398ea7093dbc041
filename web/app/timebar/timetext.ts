// Times as people write them: -30m, yesterday 14:05, 3.11.2026 14:00, now.

import { dayLater, exists, type Day, type Wall, type Zone } from './zone';

/**
 * Why a text is no time: it is not understood; there is no such day or time of day;
 * clocks left it out when they were put forward; it is yet to come.
 */
export type Fault = 'form' | 'unreal' | 'skipped' | 'future';

/** What a text says: an instant, or why there is none. */
export type Reading = { ms: number } | { fault: Fault };

/** What a text is read by. */
export interface Reader {
  nowMs: number;
  zone: Zone;
  /** Of the page. Words of English and German are understood in any. */
  language: string;
}

const EARLY_MS = 2000; // a clock that is so much ahead is none of the future
const UNIT_MS: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, min: 60_000, s: 1000, ms: 1 };

/**
 * Reads a time. A time of day alone is the last one that was; a day alone begins it,
 * and one without a year is the last one that was. Of two times that clocks show
 * twice it is the first.
 */
export function readTime(text: string, by: Reader): Reading {
  const reading = understand(plain(text), by);
  return 'ms' in reading && reading.ms > by.nowMs + EARLY_MS ? { fault: 'future' } : reading;
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[\u2212\u2013]/g, '-').replace(/\s+uhr\s*$/, '').replace(/,/g, ' ').replace(/\s+/g, ' ').trim();
}

function understand(text: string, by: Reader): Reading {
  if (text === '') return { fault: 'form' };
  if (wordsFor(0, 'second', by.language).includes(text)) return { ms: by.nowMs };
  if (text.startsWith('-')) return ago(text.slice(1), by.nowMs);
  if (ISO.test(text)) return iso(text);
  const clock = clockOf(text);
  const time = clock ? timeOf(clock) : { hour: 0, minute: 0, second: 0, millisecond: 0 };
  const before = clock ? text.slice(0, clock.index).replace(/(?<=\d)t$/, '').trim() : text;
  if (before === '') return lastOfDay(time, by);
  const day = dayOf(before, by);
  return day ? at(day, time, by.zone) : { fault: 'form' };
}

function ago(text: string, nowMs: number): Reading {
  const parts = text.replace(/ /g, '');
  if (!/^(\d+(\.\d+)?(d|h|min|ms|m|s))+$/.test(parts)) return { fault: 'form' };
  let backMs = 0;
  for (const [, count, unit] of parts.matchAll(/(\d+(?:\.\d+)?)(d|h|min|ms|m|s)/g)) backMs += Number(count) * UNIT_MS[unit!]!;
  return backMs > nowMs ? { fault: 'unreal' } : { ms: nowMs - Math.round(backMs) };
}

// As RFC 3339 has it, with seconds or without.
const ISO = /^(\d{4})-(\d\d)-(\d\d)[t ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(?:z|[+-]\d\d:?\d\d)$/;

function iso(text: string): Reading {
  const [, year, month, day, hour, minute, second] = ISO.exec(text)!;
  const wall = { year: Number(year), month: Number(month), day: Number(day), hour: Number(hour), minute: Number(minute), second: Number(second ?? 0), millisecond: 0 };
  const ms = Date.parse(text.replace(' ', 't').toUpperCase());
  return exists(wall) && ms >= 0 ? { ms } : { fault: 'unreal' };
}

// At the end of a text. Minutes may be left out beside am or pm.
const CLOCK = /(?<=^|[t ])(\d{1,2})(?::(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?)?(?: ?([ap])\.?m\.?)?$/;

type Time = Pick<Wall, 'hour' | 'minute' | 'second' | 'millisecond'>;

function clockOf(text: string): RegExpExecArray | null {
  const m = CLOCK.exec(text);
  return m && (m[2] ?? m[5]) !== undefined ? m : null;
}

function timeOf(m: RegExpExecArray): Time {
  const half = m[5];
  let hour = Number(m[1]);
  if (half !== undefined) hour = hour >= 1 && hour <= 12 ? (hour % 12) + (half === 'p' ? 12 : 0) : Infinity;
  return { hour, minute: Number(m[2] ?? 0), second: Number(m[3] ?? 0), millisecond: Number((m[4] ?? '0').padEnd(3, '0')) };
}

function lastOfDay(time: Time, by: Reader): Reading {
  const today = by.zone.wall(by.nowMs);
  const reading = at(today, time, by.zone);
  return 'ms' in reading && reading.ms > by.nowMs ? at(dayLater(today, -1), time, by.zone) : reading;
}

function dayOf(text: string, by: Reader): Day | null {
  const today = by.zone.wall(by.nowMs);
  for (const back of [0, 1, 2]) {
    if (wordsFor(-back, 'day', by.language).includes(text)) return dayLater(today, -back);
  }
  const written = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (written) return { year: Number(written[1]), month: Number(written[2]), day: Number(written[3]) };
  const dotted = /^(\d{1,2})\. ?(\d{1,2})\.(?: ?(\d{4}|\d\d))?$/.exec(text);
  if (!dotted) return null;
  const [day, month] = [Number(dotted[1]), Number(dotted[2])];
  if (dotted[3] !== undefined) return { year: Number(dotted[3]) + (dotted[3].length === 2 ? 2000 : 0), month, day };
  const comes = month > today.month || (month === today.month && day > today.day);
  return { year: today.year - (comes ? 1 : 0), month, day };
}

function at(day: Day, time: Time, zone: Zone): Reading {
  const wall = { year: day.year, month: day.month, day: day.day, ...time };
  if (!exists(wall) || day.year < 1970) return { fault: 'unreal' };
  const midnight = time.hour + time.minute + time.second + time.millisecond === 0;
  const ms = zone.instant(wall) ?? (midnight ? zone.startOf(day) : null);
  return ms === null ? { fault: 'skipped' } : { ms };
}

// What languages say to so many days or seconds from now, such as yesterday.
function wordsFor(count: number, unit: 'day' | 'second', language: string): string[] {
  return ['en', 'de', language].map((l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto' }).format(count, unit).toLowerCase());
}
