// The words of what is wrong, which come when something is.

import { language, t } from '../text.svelte';
import type * as Said from '../texts/said';
import type * as Words from '../texts/wrong';

// Coming is words that are loaded when they are first wanted; undefined while they are on their way, null where they do not come.
class Coming<T> {
  private words = $state.raw<T | null>();
  private asked = false;

  constructor(private readonly load: () => Promise<T>) {}

  get now(): T | null | undefined {
    if (!this.asked) {
      this.asked = true;
      this.load().then((words) => (this.words = words), () => {
        this.words = null;
        this.asked = false; // so that it is tried again
      });
    }
    return this.words;
  }
}

const words = new Coming<typeof Words>(() => import('../texts/wrong'));
const inGerman = new Coming<typeof Said>(() => import('../texts/said'));

/** The words of texts/wrong.ts; undefined while they are on their way, null where they do not come. Reactive. */
export function wrong(): typeof Words | null | undefined {
  return words.now;
}

/** What the server says, in the language of the page as far as that is known. Reactive. */
export function inOurs(said: string): string {
  return said && language.now === 'de' ? (inGerman.now?.saidInGerman(said) ?? said) : said;
}

/** The same as a sentence. */
export function inWords(said: string): string {
  return inOurs(said).replace(/^\p{Ll}+ /u, (first) => first[0]!.toUpperCase() + first.slice(1)); // but for names of files and addresses
}

/** The same once, for what is shown a while. */
export async function inOursOnce(said: string): Promise<string> {
  const words = language.now === 'de' ? await import('../texts/said').catch(() => null) : null;
  return words?.saidInGerman(said) ?? said;
}

/** What the server says of a camera in words, the next step, and what it said where the words are others. Reactive. */
export function failure(said: string): { what: string; step: string; said: string } {
  const all = wrong();
  if (all === undefined) return { what: '', step: '', said: '' };
  const { what, step } = all?.failureOf(said) ?? {};
  return { what: what ? t(what) : said, step: step ? t(step) : '', said: what && said !== 'unreachable' ? said : '' };
}
