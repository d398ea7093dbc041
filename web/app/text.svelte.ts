// Every text that the app shows, in both languages side by side, is in the folder
// texts; a view loads its own alone. A text that lacks a language is an error of types.
// What is built has the German ones in pieces of their own (german.ts), which are loaded by
// who reads German, before what they are for is shown.

import { looks } from './chosen';

/** A text in the languages of the app. */
export type Text = readonly [english: string, german: string];

/** The languages, in the order of Text. */
export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

let wanted: Language = looks().language ?? preferred();
let chosen = $state<Language>(wanted);

function preferred(): Language {
  for (const tag of navigator.languages) {
    const found = languages.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}

/** Gives a text in the language of the page. Reactive. */
export function t(text: Text): string {
  return (chosen === 'de' ? whole(text[1]) : undefined) ?? text[0];
}

/** The language of the page. */
export const language = {
  get now(): Language {
    return chosen;
  },
  /** Chooses one, as soon as its words are there; null: what the browser prefers. */
  choose(language: Language | null): void {
    wanted = language ?? preferred();
    const coming = spoken();
    if (coming) void coming.then(() => (chosen = wanted));
    else chosen = wanted;
  },
  /** The tag for Intl: the browser's own where it is of this language, since it may say the region too. */
  get tag(): string {
    return navigator.languages.find((tag) => tag.toLowerCase().startsWith(chosen)) ?? chosen;
  },
};

const words: string[] = []; // in German, of the pieces that are there
const unread = new Set<string>(); // pieces, of texts that are
const reading = new Set<Promise<unknown>>();

/** Says that texts which are there have their German in a piece. */
export function german(piece: string): void {
  unread.add(piece);
}

/** Waits for the words of what is there, in the language of the page; undefined where all are. What does not come stays in English. */
export function spoken(): Promise<unknown> | undefined {
  if (wanted === 'de') for (const piece of unread) read(piece);
  return reading.size ? Promise.all(reading) : undefined;
}

function read(piece: string): void {
  unread.delete(piece);
  const coming = (import(/* @vite-ignore */ piece) as Promise<{ from: number; words: string[] }>).then(
    (found) => found.words.forEach((text, i) => (words[found.from + i] = text)),
    () => unread.add(piece), // and is tried again with the next
  );
  reading.add(coming);
  void coming.finally(() => reading.delete(coming));
}

// whole puts a German text together: it is one already, or its number, or that in a list with what is put into it, which
// may be a text likewise.
function whole(german: unknown): string | undefined {
  if (typeof german === 'number') return words[german];
  if (!Array.isArray(german)) return german as string;
  const [text, ...put] = german as unknown[];
  return whole(text)?.replace(/\{\}/g, () => {
    const next = put.shift();
    return String(Array.isArray(next) ? whole(next) : next);
  });
}
