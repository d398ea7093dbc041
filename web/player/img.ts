// Shows the multipart stream in an image element: the last resort, where no
// WebSocket comes through. It knows neither delay nor what the camera does.

import { Backoff } from './backoff';
import type { Stage } from './stage';

const LOOK_EVERY_MS = 500;

/** Shows an endless multipart response, and tells the stage of it. */
export class MultipartImage {
  readonly surface = document.createElement('img');
  readonly #backoff = new Backoff(1000, 15_000);
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #looking: ReturnType<typeof setInterval>;
  #size = '';
  readonly #url: URL;
  readonly #stage: Stage;

  constructor(url: URL, stage: Stage) {
    this.#url = url;
    this.#stage = stage;
    this.surface.alt = '';
    this.surface.addEventListener('error', () => this.#broken());
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS); // browsers fire load but once, for the first picture
    this.#load();
    stage.show(this.surface, 'img');
  }

  /** Asks again now, unless it shows something. */
  retry(): void {
    if (this.#size === '') this.#load();
  }

  /** An image tells of no time. */
  readonly takenMs = 0;

  /** And is silent. */
  setMuted(): void {}
  setVolume(): void {}

  /** Ends it. Taking the source away is what closes the connection. */
  close(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#retry);
    this.surface.removeAttribute('src');
  }

  #load(): void {
    clearTimeout(this.#retry);
    const url = new URL(this.#url);
    url.searchParams.set('t', Date.now().toString(36)); // or browsers share one response, even a dead one
    this.surface.src = url.href;
  }

  #look(): void {
    const { naturalWidth, naturalHeight } = this.surface;
    if (naturalWidth === 0 && this.#size !== '') this.#broken(); // Chrome fires no error behind the first picture
    if (naturalWidth === 0) return;
    const size = `${naturalWidth}x${naturalHeight}`;
    if (this.#size === '') {
      this.#stage.pictured();
      this.#stage.say({ state: 'live', words: 'Live' });
    }
    if (this.#size !== size) this.#stage.sized(naturalWidth, naturalHeight);
    this.#size = size;
    this.#backoff.reset();
  }

  #broken(): void {
    this.#size = '';
    this.#stage.say({ state: 'error', words: 'No picture. Trying again…' });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#load(), this.#backoff.next());
  }
}
