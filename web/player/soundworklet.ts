// The audio worklet: gives out sound that the page has decoded.

import { PROCESSOR, Ring, type SoundOrder, type SoundReport } from './ring';

const REPORT_EVERY_S = 0.1;
const HUSHED_EVERY_S = 0.02; // while nothing is heard before it is in step
const MOST_HUSHED_S = 1.5; // it is better late than never

// What a worklet has, which TypeScript's library does not know.
declare const sampleRate: number;
declare const currentTime: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare const AudioWorkletProcessor: (new () => { readonly port: MessagePort }) | undefined;

function register(Processor: NonNullable<typeof AudioWorkletProcessor>): void {
  class SoundProcessor extends Processor {
    readonly #ring = new Ring(sampleRate, MOST_HUSHED_S);
    #number = 0;
    #reportAtS = 0;
    #closed = false;

    constructor() {
      super();
      this.port.onmessage = ({ data }: MessageEvent<SoundOrder>) => this.#obey(data);
    }

    process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
      if (currentTime >= this.#reportAtS) this.#report();
      this.#ring.read(outputs[0]!);
      return !this.#closed;
    }

    #report(): void {
      this.#reportAtS = currentTime + (this.#ring.hushed ? HUSHED_EVERY_S : REPORT_EVERY_S);
      const { positionMs: mediaMs, starved } = this.#ring;
      const report: SoundReport = { mediaMs, contextS: currentTime, starved, number: this.#number };
      this.port.postMessage(report);
    }

    #obey(order: SoundOrder): void {
      switch (order.type) {
        case 'push':
          this.#ring.push(order.piece);
          break;
        case 'step':
          this.#number = order.number;
          this.#ring.speed = order.rate;
          if (order.skipMs !== 0) this.#ring.skip(order.skipMs);
          this.#ring.off(order.offMs);
          break;
        case 'clear':
          this.#ring.clear();
          break;
        case 'close':
          this.#closed = true;
      }
    }
  }
  registerProcessor(PROCESSOR, SoundProcessor);
}

if (typeof AudioWorkletProcessor === 'function') register(AudioWorkletProcessor);
