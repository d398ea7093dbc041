// Every text that the app shows, in both languages side by side, is in the folder
// texts; a view loads its own alone. A text that lacks a language is an error of types.

/** A text in the languages of the app. */
export type Text = readonly [english: string, german: string];

/** The languages, in the order of Text. */
export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

let chosen = $state<Language>(preferred());

function preferred(): Language {
  for (const tag of navigator.languages) {
    const found = languages.find((language) => tag.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}

/** Gives a text in the language of the page. Reactive. */
export function t(text: Text): string {
  return text[languages.indexOf(chosen)] ?? text[0];
}

/** The language of the page. */
export const language = {
  get now(): Language {
    return chosen;
  },
  /** Chooses one; null: what the browser prefers. */
  choose(wanted: Language | null): void {
    chosen = wanted ?? preferred();
  },
  /** The tag for Intl: the browser's own where it is of this language, since it may say the region too. */
  get tag(): string {
    return navigator.languages.find((tag) => tag.toLowerCase().startsWith(chosen)) ?? chosen;
  },
};
