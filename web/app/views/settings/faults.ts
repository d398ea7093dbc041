// What the server finds wrong with a form, at the fields of it.

import type { Problem } from '../../api/client';

/** What is wrong, by the key of the field; '' for what belongs to none. */
export type Faults = Readonly<Record<string, string>>;

/** Says whether an error is the server's word on what was sent, which it would say again. */
export function isRefusal(error: unknown): boolean {
  const { status = 0 } = error as Partial<Problem>;
  return status >= 400 && status < 500;
}

/** Sorts an error by fields. What is wrong where the form has no field is told under ''. */
export function faultsOf(error: unknown, fields: readonly string[]): Faults {
  const faults: Record<string, string> = {};
  const tell = (key: string, words: string): void => {
    faults[key] = faults[key] ? `${faults[key]}; ${words}` : words;
  };
  const { message, faults: told = [] } = error as Partial<Problem>;
  for (const { location = '', detail = '' } of told) {
    const key = location.replace(/^body\.?/, '').replace(/\[\d+\]$/, '');
    if (fields.includes(key)) tell(key, detail);
    else tell('', key ? `${key}: ${detail}` : detail);
  }
  return told.length > 0 ? faults : { '': message ?? String(error) };
}
