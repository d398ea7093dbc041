// How long recordings will be kept if all goes on as it does: arithmetic on what
// there is, what a day takes, and the limits.

import { readDuration, readSize } from '../settings/cameras/amounts';
import type { Camera } from '../../live.svelte';

/** How much there is of a camera, and what bounds it. null is no bound. */
export interface Stock {
  readonly id: string;
  readonly bytes: number;
  /** Of those, what marks protect: nothing of it goes. */
  readonly protectedBytes: number;
  /** What a day takes. */
  readonly dayBytes: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  readonly limits: Limits;
  /** Files that are not there any more. */
  readonly lost: number;
}

/** The bounds of a camera. */
export interface Limits {
  readonly maxAgeMs: number | null;
  readonly maxBytes: number | null;
}

/** For how long a camera's recordings are kept, and what ends that: their age, the camera's bytes, or the room of all. */
export interface Outlook {
  readonly keptMs: number;
  readonly why: 'age' | 'bytes' | 'room' | 'none';
}

const DAY_MS = 86_400_000;
const EVENTS_AGE_MS = 30 * DAY_MS; // of what is marked, where nothing is said

/** The bounds that a camera's configuration sets. What nobody marked of the mode events is too short-lived to count. */
export function limitsOf(record: Camera['record']): Limits {
  const events = record?.mode === 'events';
  const age = events ? record?.keep?.marked?.max_age : record?.keep?.max_age;
  return { maxAgeMs: msOf(age) ?? (events ? EVENTS_AGE_MS : null), maxBytes: bytesOf(record?.keep?.max_bytes) };
}

/** Reads a duration as the server writes it; null for none. */
export function msOf(text: string | undefined): number | null {
  const amount = text ? readDuration(text, ['ms']) : null;
  return amount && Number(amount.number) > 0 ? Number(amount.number) : null;
}

/** Reads a size as the server writes it; null for none. */
export function bytesOf(text: string | undefined): number | null {
  const amount = text ? readSize(text, ['B']) : null;
  return amount && Number(amount.number) > 0 ? Number(amount.number) : null;
}

/** Gives the outlook of each camera of which something is recorded these days, where all together may take so much; null: nobody knows. */
export function outlooks(stocks: readonly Stock[], roomBytes: number | null): Map<string, Outlook> {
  const growing = stocks.filter((stock) => stock.dayBytes > 0);
  const own = new Map(growing.map((stock) => [stock.id, ownOutlook(stock)]));
  const protectedBytes = stocks.reduce((sum, stock) => sum + stock.protectedBytes, 0);
  const commonMs = roomBytes === null ? Infinity : common(growing, own, Math.max(0, roomBytes - protectedBytes));
  return new Map([...own].map(([id, outlook]) => [id, outlook.keptMs > commonMs ? { keptMs: commonMs, why: 'room' as const } : outlook]));
}

function ownOutlook({ limits, dayBytes, protectedBytes }: Stock): Outlook {
  const byAge = limits.maxAgeMs ?? Infinity;
  const byBytes = limits.maxBytes === null ? Infinity : (Math.max(0, limits.maxBytes - protectedBytes) / dayBytes) * DAY_MS;
  if (byAge === Infinity && byBytes === Infinity) return { keptMs: Infinity, why: 'none' };
  return byAge <= byBytes ? { keptMs: byAge, why: 'age' } : { keptMs: byBytes, why: 'bytes' };
}

// common gives the age at which the room of all is full, since what was written
// first goes first; cameras whose own bounds are shorter take no more than these.
function common(stocks: readonly Stock[], own: ReadonlyMap<string, Outlook>, roomBytes: number): number {
  const sorted = [...stocks].sort((a, b) => own.get(a.id)!.keptMs - own.get(b.id)!.keptMs);
  let takenBytes = 0; // of those that are bounded earlier
  let perMs = sorted.reduce((sum, stock) => sum + stock.dayBytes / DAY_MS, 0);
  for (const stock of sorted) {
    const { keptMs } = own.get(stock.id)!;
    if (takenBytes + perMs * keptMs > roomBytes) return (roomBytes - takenBytes) / perMs;
    takenBytes += (stock.dayBytes / DAY_MS) * keptMs;
    perMs -= stock.dayBytes / DAY_MS;
  }
  return Infinity;
}

/** How many bytes go at once where limits take the place of a camera's own: about, since days are taken to be alike. */
export function goesNow(stock: Stock, limits: Limits, nowMs: number): number {
  const free = stock.bytes - stock.protectedBytes;
  const lastsMs = Math.max(1, stock.newestMs - stock.oldestMs);
  const oldMs = limits.maxAgeMs === null ? 0 : nowMs - limits.maxAgeMs - stock.oldestMs;
  const byAge = free * Math.min(1, Math.max(0, oldMs / lastsMs));
  const byBytes = limits.maxBytes === null ? 0 : stock.bytes - limits.maxBytes;
  return Math.min(free, Math.max(byAge, byBytes, 0));
}
