// Numbers and times as people read them, in the language of the page.

import { language, type Text } from './text.svelte';

const formats = new Map<string, Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>();

function format<F extends Intl.DateTimeFormat | Intl.NumberFormat | Intl.RelativeTimeFormat>(kind: string, make: (tag: string) => F): F {
  const key = `${language.tag} ${kind}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = make(language.tag)));
  return found as F;
}

/** A day and a time to the second. */
export function dateTime(at: Date | number | string): string {
  return format('datetime', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'medium' })).format(new Date(at));
}

/** A day. */
export function day(at: Date | number | string): string {
  return format('day', (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium' })).format(new Date(at));
}

/** A time of day, to the second. */
export function clock(at: Date | number | string): string {
  return format('clock', (tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'medium' })).format(new Date(at));
}

/** A number, with at most so many decimals. */
export function number(value: number, decimals = 0): string {
  return format(`number${decimals}`, (tag) => new Intl.NumberFormat(tag, { maximumFractionDigits: decimals })).format(value);
}

/** A part of one in percent. */
export function percent(part: number): string {
  return format('percent', (tag) => new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 0 })).format(part);
}

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A number of bytes, in units of 1000. */
export function bytes(value: number): string {
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < BYTES.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${number(value, unit > 0 && Math.abs(value) < 9.95 ? 1 : 0)} ${BYTES[unit]}`;
}

const STEPS: [unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

/** How long ago something was, or in how long it will be: "3 minutes ago". */
export function ago(at: Date | number | string, nowMs: number): string {
  const ms = new Date(at).getTime() - nowMs;
  const [unit, size] = STEPS.find(([, size]) => Math.abs(ms) >= size) ?? (['second', 1000] as const);
  return format('ago', (tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' })).format(Math.round(ms / size), unit);
}

/** A length of time, of two units at most: "2 h 5 min". */
export function duration(ms: number): string {
  const units: [Text, number][] = [
    [['d', 'T'], 86_400_000],
    [['h', 'h'], 3_600_000],
    [['min', 'min'], 60_000],
    [['s', 's'], 1000],
  ];
  const first = Math.max(0, units.findIndex(([, size]) => ms >= size));
  if (ms < 1000) return `${number(ms / 1000, 1)} s`;
  const shown: string[] = [];
  let rest = ms;
  for (const [text, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) shown.push(`${number(count)} ${text[language.now === 'de' ? 1 : 0]}`);
  }
  return shown.join(' ');
}

/** By how much a delay may be wrong that is shown as it is, in ms. */
export const SURE_MS = 100;
