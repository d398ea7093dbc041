// Shows H.264 and H.265 by WebCodecs, and JPEG, on a canvas.

import { parseInit } from './fmp4';
import { Painter, type PaintOrder, type PaintReport } from './painter';
import type { Codec, Packet } from './protocol';
import type { Renderer, RendererEvents } from './renderer';
import type { Opening } from './worker';

/** Renders on a canvas, whose painter is in a worker if possible. */
export class CanvasRenderer implements Renderer {
  readonly surface = document.createElement('canvas');
  #ordered: PaintOrder[] | null = []; // until there is a painter
  #order: (order: PaintOrder) => void = (order) => this.#ordered?.push(order);
  #newestMs = 0; // capture time of the newest picture that came
  #paintedMs = 0; // and of the one on the screen
  #closed = false;
  readonly #events: RendererEvents;

  constructor(events: RendererEvents) {
    this.#events = events;
    void this.#open();
  }

  begin(codec: Codec): void {
    this.#order({ type: 'begin', codec });
  }

  take(packet: Packet): void {
    if (packet.kind === 'init') {
      const { codec, config } = parseInit(packet.payload);
      this.#order({ type: 'configure', codec, description: config });
      return;
    }
    const { key, backlog, behind, captureMs } = packet;
    this.#newestMs = captureMs;
    this.#order({ type: 'picture', bytes: packet.payload.subarray(packet.unitOffset), key, backlog, behind, captureMs });
  }

  rest(): void {
    this.#order({ type: 'rest' });
  }

  bufferMs(): number {
    return this.#paintedMs === 0 ? 0 : Math.max(0, this.#newestMs - this.#paintedMs);
  }

  close(): void {
    this.#closed = true;
    this.#order({ type: 'close' });
  }

  async #open(): Promise<void> {
    const worker = await paintWorker();
    try {
      this.#order = (worker && this.#inWorker(worker)) ?? this.#inPage();
    } catch (error) {
      this.#events.failed(error as Error);
      return;
    }
    const ordered = this.#ordered ?? [];
    this.#ordered = null;
    ordered.forEach(this.#order);
  }

  #inWorker(worker: Worker): ((order: PaintOrder) => void) | null {
    if (!('transferControlToOffscreen' in this.surface)) return null;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<PaintReport>) => this.#reported(data);
    const canvas = this.surface.transferControlToOffscreen();
    const opening: Opening = { port: port2, canvas };
    worker.postMessage(opening, [port2, canvas]);
    // Nobody reads a message's bytes here after it was passed on.
    return (order) => port1.postMessage(order, order.type === 'picture' ? [order.bytes.buffer] : []);
  }

  #inPage(): (order: PaintOrder) => void {
    const painter = new Painter(this.surface, (report) => this.#reported(report));
    return (order) => painter.obey(order);
  }

  #reported(report: PaintReport): void {
    if (this.#closed) return;
    switch (report.type) {
      case 'painted':
        this.#paintedMs = report.captureMs;
        this.#events.painted(report.captureMs, report.paintedMs);
        break;
      case 'dropped':
        this.#events.dropped(report.count);
        break;
      case 'sized':
        this.#events.sized(report.width, report.height);
        break;
      case 'failed':
        this.#events.failed(new Error(report.message));
        break;
    }
  }
}

const WORKER_FILE = 'framegate-player-worker.js';
const READY_WITHIN_MS = 3000;

let starting: Promise<Worker | null> | undefined;

/** Gets ready for renderers that will be wanted soon. */
export function prepareCanvas(): void {
  void paintWorker();
}

// paintWorker gives the page's one worker, or null where none can be had: pages
// of other sites may not start ours, and a policy may forbid it.
function paintWorker(): Promise<Worker | null> {
  return (starting ??= new Promise((resolve) => {
    let worker: Worker;
    try {
      worker = new Worker(new URL(WORKER_FILE, import.meta.url), { type: 'module', name: 'framegate-player' });
    } catch {
      resolve(null);
      return;
    }
    const late = setTimeout(() => (worker.terminate(), resolve(null)), READY_WITHIN_MS);
    worker.onerror = () => (clearTimeout(late), resolve(null));
    worker.onmessage = () => (clearTimeout(late), resolve(worker));
  }));
}
