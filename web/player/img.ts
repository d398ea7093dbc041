// Shows the multipart stream in an image element: the last resort, where no
// WebSocket comes through. It knows neither delay nor what the camera does.

import { Backoff } from './backoff';

/** What is known of an image. */
export interface ImageEvents {
  /** A first picture is there. */
  shown(): void;
  /** The stream ended, or there is none. It is tried again. */
  broken(): void;
  sized(width: number, height: number): void;
}

const LOOK_EVERY_MS = 500;

/** Shows an endless multipart response. */
export class MultipartImage {
  readonly surface = document.createElement('img');
  readonly #backoff = new Backoff(1000, 15_000);
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #looking: ReturnType<typeof setInterval>;
  #size = '';
  readonly #url: URL;
  readonly #events: ImageEvents;

  constructor(url: URL, events: ImageEvents) {
    this.#url = url;
    this.#events = events;
    this.surface.alt = '';
    this.surface.addEventListener('error', () => this.#broken());
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS); // Firefox fires load but once, Chrome at the end
    this.#load();
  }

  /** Ends it. Taking the source away is what closes the connection. */
  close(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#retry);
    this.surface.removeAttribute('src');
  }

  #load(): void {
    const url = new URL(this.#url);
    url.searchParams.set('t', Date.now().toString(36)); // or browsers share one response, even a dead one
    this.surface.src = url.href;
  }

  #look(): void {
    const { naturalWidth, naturalHeight } = this.surface;
    if (naturalWidth === 0) return;
    const size = `${naturalWidth}x${naturalHeight}`;
    if (this.#size === '') this.#events.shown();
    if (this.#size !== size) this.#events.sized(naturalWidth, naturalHeight);
    this.#size = size;
    this.#backoff.reset();
  }

  #broken(): void {
    this.#size = '';
    this.#events.broken();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#load(), this.#backoff.next());
  }
}
