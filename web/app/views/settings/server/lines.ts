// Lines of the log, as they are kept and read.

import type { Schemas } from '../../../api/client';

export type LogRecord = Schemas['LogRecord'];

const MOST = 1000; // as many as the server keeps

/** What is kept once lines were added: the newest. Where the server counts anew, since it was started anew, what was before goes. */
export function appended(before: readonly LogRecord[], added: readonly LogRecord[]): readonly LogRecord[] {
  const last = before.at(-1)?.number ?? 0;
  const first = added[0];
  if (!first) return before;
  return (first.number > last ? [...before, ...added] : [...added]).slice(-MOST);
}

/** What a line says besides: key=value, in quotes where it has to be. */
export function attributesOf({ attributes }: LogRecord): string {
  return Object.entries(attributes).map(([key, value]) => `${key}=${/[\s"=]/.test(value) || !value ? JSON.stringify(value) : value}`).join(' ');
}

/** A line as it is copied. */
export function asText(record: LogRecord): string {
  return `${record.at} ${record.level.toUpperCase()} ${record.message} ${attributesOf(record)}`.trimEnd();
}

/** Says whether a line has all of the words, which are in small letters. */
export function matches(record: LogRecord, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = asText(record).toLowerCase();
  return words.every((word) => text.includes(word));
}
