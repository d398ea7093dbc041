// What a user may choose of the app, as the server keeps it.

import type { Language } from './text.svelte';

/** A named set of cameras. */
export interface Group {
  readonly name: string;
  readonly cameras: readonly string[];
}

/** How many tiles a screen of the wall has; auto: as many as there are cameras. */
export type Grid = 'auto' | 1 | 4 | 9 | 16;

/** What is kept. Of what is not there nothing was chosen. */
export interface Preferences {
  readonly theme?: 'light' | 'dark';
  readonly language?: Language;
  /** The ids of cameras, the first ones first; others follow. */
  readonly order?: readonly string[];
  readonly hidden?: readonly string[];
  readonly groups?: readonly Group[];
  readonly grid?: Grid;
}

/** Takes of an object what can be understood: others may have written it. */
export function read(found: unknown): Preferences {
  const from = (typeof found === 'object' && found !== null ? found : {}) as Record<string, unknown>;
  const groups = list(from['groups'])?.flatMap((group) => {
    const { name, cameras } = (group ?? {}) as Record<string, unknown>;
    return typeof name === 'string' && name !== '' ? [{ name, cameras: texts(cameras) ?? [] }] : [];
  });
  const { theme, language, grid } = from;
  const order = texts(from['order']), hidden = texts(from['hidden']);
  return {
    ...((theme === 'light' || theme === 'dark') && { theme }),
    ...((language === 'en' || language === 'de') && { language }),
    ...(order && { order }),
    ...(hidden && { hidden }),
    ...(groups && { groups }),
    ...((grid === 1 || grid === 4 || grid === 9 || grid === 16) && { grid }),
  };
}

const LOOKS = 'framegate-looks';

/** What a page is to look like before anybody is known: as the last one did. */
export function looks(): Pick<Preferences, 'theme' | 'language'> {
  try {
    const { theme, language } = read(JSON.parse(localStorage.getItem(LOOKS) ?? '{}'));
    return { ...(theme && { theme }), ...(language && { language }) };
  } catch {
    return {};
  }
}

/** Keeps that for the next page. */
export function keepLooks({ theme, language }: Preferences): void {
  try {
    localStorage.setItem(LOOKS, JSON.stringify({ theme, language }));
  } catch {
    // Storage is full or forbidden: the next page looks as the browser prefers, until the server answers.
  }
}

function list(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function texts(value: unknown): string[] | undefined {
  return list(value)?.filter((one) => typeof one === 'string');
}
