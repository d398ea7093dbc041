// Values of settings and limits, as people read them.

import { bytes, duration, number } from '../../../format';

const UNITS: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const OF_BYTES = /(^|[._])(bytes|min_free|buffer)$/;

/** Makes a value of a setting or a limit readable: sizes and times by their units, a list by commas; '' for none. */
export function readable(key: string, value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'number') return OF_BYTES.test(key) && value >= 1000 ? bytes(value) : number(value);
  const text = String(value ?? '');
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return text;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)) ms += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return duration(ms);
}
