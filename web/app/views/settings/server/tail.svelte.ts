// The newest of the log, followed as it grows.

import { call, Problem } from '../../../api/client';
import { onEvent } from '../../../live.svelte';
import { address } from '../../../root';
import { appended, type LogRecord } from './lines';

/** Follows the log until it is closed. */
export class Tail {
  /** The lines, the newest last; undefined before there was an answer. */
  records = $state.raw<readonly LogRecord[]>();
  /** Why there was no answer the last time. */
  problem = $state.raw<Problem | null>(null);
  #last = 0;
  #asking = false;
  #wanted = false; // something was added while it asked
  #source: EventSource | null = null;
  readonly #forget: () => void;

  constructor() {
    this.#forget = onEvent(['ready'], this.anew); // the server is there again, which may be another run of it
    this.anew();
  }

  /** Listens and asks for all of it anew. */
  anew = (): void => {
    this.#source?.close();
    this.#source = new EventSource(address('api/v1/events?log=true')); // the app's own stream has nothing of the log
    this.#source.addEventListener('ready', () => void this.#ask(0));
    this.#source.addEventListener('lost', () => void this.#ask(0));
    this.#source.addEventListener('log_added', () => void this.#ask(this.#last));
    void this.#ask(0);
  };

  close(): void {
    this.#source?.close();
    this.#forget();
  }

  // One question after another, so that no line comes twice.
  async #ask(after: number): Promise<void> {
    if (after === 0) this.#last = 0;
    this.#wanted = true;
    if (this.#asking) return;
    this.#asking = true;
    while (this.#wanted) {
      this.#wanted = false;
      await this.#take(this.#last);
    }
    this.#asking = false;
  }

  async #take(after: number): Promise<void> {
    try {
      const { records, last } = await call('get', '/api/v1/log', { query: { after } });
      this.records = after === 0 ? records : appended(this.records ?? [], records);
      this.#last = last;
      this.problem = null;
    } catch (error) {
      this.problem = error instanceof Problem ? error : new Problem(0, String(error));
    }
  }
}
