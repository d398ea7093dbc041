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

/** What is filled in of a setting at first: its value, or the one that waits for a restart, lists line by line. */
export function filled({ kind, value, default: usual, waiting, next }: { kind: string; value: unknown; default: unknown; waiting: boolean; next?: unknown }): string {
  const now = waiting ? next : value;
  if (Array.isArray(now)) return now.join('\n');
  if (kind === 'bytes') return now || usual ? `${String(now)}B` : '';
  return String(now ?? '');
}

/** What is sent of what is filled in: null for nothing, which takes away what was given. */
export function sent(kind: string, text: string): unknown {
  if (kind === 'list') return text.split('\n').map((line) => line.trim()).filter(Boolean);
  if (kind === 'bytes' && text !== '' && Number.parseFloat(text) === 0) return '0';
  return text.trim() || null;
}
