// Draws pictures on a canvas, one as soon as it is there. It runs in a worker,
// or where none can be had in the page.

import { wallMs } from './clock';
import { JPEGDecoder, UnitDecoder, type Decoder, type Encoded } from './decoders';
import type { Codec } from './protocol';

/** What a painter is told to do. The order matters, and is kept. */
export type PaintOrder =
  | { type: 'begin'; codec: Codec }
  | { type: 'configure'; codec: string; description: Uint8Array<ArrayBuffer> }
  | { type: 'picture'; bytes: Uint8Array<ArrayBuffer>; key: boolean; backlog: boolean; behind: boolean; captureMs: number }
  | { type: 'rest' }
  | { type: 'close' };

/** What a painter tells of. */
export type PaintReport =
  | { type: 'painted'; captureMs: number; paintedMs: number }
  | { type: 'dropped'; count: number }
  | { type: 'sized'; width: number; height: number }
  | { type: 'failed'; message: string };

/** A picture that can be drawn, and has to be closed. */
export type Drawable = VideoFrame | ImageBitmap;

type Context = OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D;

/**
 * Draws at most one picture for each refresh of the display: the first at
 * once, without waiting for the refresh, and of those that follow before it the
 * newest.
 */
export class Painter {
  readonly #context: Context;
  #decoder: Decoder | null = null;
  #next: { image: Drawable; captureMs: number } | null = null;
  #drawn: { captureMs: number; drawnMs: number } | null = null; // what waits for the display's refresh
  #newestMs = 0; // capture time of the newest that came
  #closed = false;
  readonly #canvas: OffscreenCanvas | HTMLCanvasElement;
  readonly #report: (report: PaintReport) => void;

  constructor(canvas: OffscreenCanvas | HTMLCanvasElement, report: (report: PaintReport) => void) {
    this.#canvas = canvas;
    this.#report = report;
    const context = canvas.getContext('2d', { alpha: false }) as Context | null;
    if (!context) throw new Error('no 2d context');
    this.#context = context;
  }

  /** Does as told. */
  obey(order: PaintOrder): void {
    if (this.#closed) return;
    try {
      if (order.type === 'begin') this.#begin(order.codec);
      else if (order.type === 'rest') this.#rest();
      else if (order.type === 'close') this.#close();
      else if (order.type === 'configure') this.#decoder?.configure(order.codec, order.description);
      else this.#decoder?.decode(order);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #begin(codec: Codec): void {
    this.#decoder?.close();
    const sink = {
      decoded: (image: Drawable, { captureMs, backlog }: Encoded) => this.#arrived(image, captureMs, backlog),
      dropped: (count: number) => this.#report({ type: 'dropped', count }),
      failed: (error: Error) => this.#fail(error),
    };
    this.#decoder = codec === 'jpeg' ? new JPEGDecoder(sink) : new UnitDecoder(sink);
  }

  // #rest gives the decoder back: systems have few of them.
  #rest(): void {
    this.#decoder?.close();
    this.#decoder = null;
  }

  // #arrived leaves out what is older than what is on the screen: who joins
  // again gets a backlog.
  #arrived(image: Drawable, captureMs: number, backlog: boolean): void {
    if (this.#closed || (backlog && captureMs < this.#newestMs)) {
      image.close();
      return;
    }
    this.#newestMs = captureMs;
    this.#show(image, captureMs);
  }

  #show(image: Drawable, captureMs: number): void {
    if (!this.#drawn) {
      this.#draw(image, captureMs);
      requestAnimationFrame((timeMs) => this.#refreshed(timeMs));
    } else {
      if (this.#next) {
        this.#next.image.close();
        this.#report({ type: 'dropped', count: 1 });
      }
      this.#next = { image, captureMs };
    }
  }

  #draw(image: Drawable, captureMs: number): void {
    const width = 'displayWidth' in image ? image.displayWidth : image.width;
    const height = 'displayHeight' in image ? image.displayHeight : image.height;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
      this.#report({ type: 'sized', width, height });
    }
    this.#context.drawImage(image, 0, 0, width, height);
    image.close();
    this.#drawn = { captureMs, drawnMs: wallMs() };
  }

  // #refreshed tells of what was drawn before. It is visible from the first
  // refresh of the display after the drawing: the one that the time of this
  // animation frame says, or the one after that, since a frame that is asked
  // for late is one that began before.
  #refreshed(timeMs: number): void {
    if (this.#closed || !this.#drawn) return;
    const { captureMs, drawnMs } = this.#drawn;
    const refreshMs = performance.timeOrigin + timeMs;
    const paintedMs = Math.max(drawnMs, refreshMs < drawnMs ? refreshMs + REFRESH_MS : refreshMs);
    this.#report({ type: 'painted', captureMs, paintedMs });
    this.#drawn = null;
    const next = this.#next;
    this.#next = null;
    if (next) this.#show(next.image, next.captureMs);
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.#close();
    this.#report({ type: 'failed', message: error.message });
  }

  #close(): void {
    this.#closed = true;
    this.#decoder?.close();
    this.#next?.image.close();
    this.#next = null;
  }
}

const REFRESH_MS = 1000 / 60; // of most displays
