// Durations and sizes as the server writes them, as a number and a unit.

/** A number as it is filled in, and its unit. */
export interface Amount {
  readonly number: string;
  readonly unit: string;
}

const SECONDS: Record<string, number> = { d: 86_400, h: 3600, m: 60, s: 1, ms: 0.001 };

/** Reads a duration such as 30d, 1m30s or 500ms, in the largest of the units that has a whole number; null for none. */
export function readDuration(text: string, units: readonly string[]): Amount | null {
  if (!/^(\d+(\.\d+)?(ms|d|h|m|s))+$/.test(text)) return null;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|d|h|m|s)/g)) seconds += Number(number) * (SECONDS[unit ?? ''] ?? 0);
  return largest(seconds, units, SECONDS);
}

const BYTES: Record<string, number> = { TB: 1e12, GB: 1e9, MB: 1e6, TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 1024, B: 1 };

/** Reads a size such as 200GB; null for none. */
export function readSize(text: string, units: readonly string[]): Amount | null {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?i?B)$/.exec(text) ?? [];
  const size = BYTES[unit ?? ''];
  if (number === undefined || size === undefined) return null;
  return largest(Number(number) * size, units, BYTES);
}

// largest writes a value in the largest unit that has a whole number, or else in the smallest.
function largest(value: number, units: readonly string[], of: Record<string, number>): Amount {
  const sorted = [...units].sort((a, b) => (of[b] ?? 0) - (of[a] ?? 0));
  const unit = sorted.find((name) => Number.isInteger(Number((value / (of[name] ?? 1)).toFixed(6)))) ?? (sorted.at(-1) as string);
  return { number: String(Number((value / (of[unit] ?? 1)).toFixed(6))), unit };
}
