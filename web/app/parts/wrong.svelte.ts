// The words of what is wrong, which come when something is.

import { language, t } from '../text.svelte';
import type * as Words from '../texts/wrong';

let words = $state.raw<typeof Words | null>();
let asked = false;

/** The words of texts/wrong.ts; undefined while they are on their way, null where they do not come. Reactive. */
export function wrong(): typeof Words | null | undefined {
  if (!asked) {
    asked = true;
    import('../texts/wrong').then((all) => (words = all), () => {
      words = null;
      asked = false; // so that it is tried again
    });
  }
  return words;
}

/** What the server says, as a sentence in the language of the page as far as that is known. Reactive. */
export function inWords(said: string): string {
  const words = said && language.now === 'de' ? (wrong()?.saidInGerman(said) ?? said) : said;
  return words.replace(/^\p{Ll}+ /u, (first) => first[0]!.toUpperCase() + first.slice(1)); // but for names of files and addresses
}

/** What the server says of a camera in words, the next step, and what it said where the words are others. Reactive. */
export function failure(said: string): { what: string; step: string; said: string } {
  const all = wrong();
  if (all === undefined) return { what: '', step: '', said: '' };
  const { what, step } = all?.failureOf(said) ?? {};
  return { what: what ? t(what) : said, step: step ? t(step) : '', said: what && said !== 'unreachable' ? said : '' };
}
