// What a part asks the server for when it is shown, and anew after each change.

import { Problem } from '../../api/client';

/** An answer, or why there is none; neither while it is waited for. */
export interface Answered<T> {
  readonly value: T | undefined;
  readonly problem: Problem | null;
  /** Asks once more. */
  readonly again?: () => unknown;
}

/** An answer of the server, once it is there. Reactive. */
export class Asked<T> implements Answered<T> {
  /** The newest answer; undefined before the first. */
  value = $state.raw<T>();
  /** Why there was none the last time. */
  problem = $state.raw<Problem | null>(null);
  readonly #ask: () => Promise<T>;
  #newest = 0;
  #shown = 0;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
    void this.again();
  }

  /** Asks anew. What was answered last stays meanwhile. */
  again = async (): Promise<void> => {
    const number = ++this.#newest;
    try {
      const value = await this.#ask();
      if (!this.#isNew(number)) return;
      this.value = value;
      this.problem = null;
    } catch (error) {
      if (this.#isNew(number)) this.problem = error instanceof Problem ? error : new Problem(0, String(error));
    }
  };

  // #isNew says whether an answer is newer than what is shown. Where questions come faster than answers, waiting for the newest would be for ever.
  #isNew(number: number): boolean {
    if (number < this.#shown) return false;
    this.#shown = number;
    return true;
  }
}
