// Times that people write into fields.

import { language } from '../../text.svelte';
import { live } from '../../live.svelte';
import { readTime, type Reading } from '../../timebar/timetext';
import { Zone } from '../../timebar/zone';

/** The time zone of the page. */
export const zone = new Zone();

/** Reads what somebody wrote, such as -30m, yesterday 14:05. */
export function read(text: string): Reading {
  return readTime(text, { nowMs: live.nowMs(), zone, language: language.tag });
}

/** The same where a text that is no time, or none, means none. */
export function msOf(text: string | null): number | null {
  const reading = text ? read(text) : null;
  return reading && 'ms' in reading ? reading.ms : null;
}

/** Writes a moment so that read understands it, to the second. */
export function written(ms: number): string {
  const { year, month, day, hour, minute, second } = zone.wall(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
}
