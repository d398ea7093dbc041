// The audio worklet of the broadcaster: hands the microphone's samples to the
// page, all channels as one.

import { Blocks } from './blocks';

// What a worklet has, of which TypeScript's library says nothing.
declare const currentFrame: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

class Tap extends AudioWorkletProcessor {
  private readonly blocks = new Blocks((block) => this.port.postMessage(block, [block.samples.buffer]));
  private closed = false;

  constructor() {
    super();
    this.port.onmessage = () => (this.closed = true);
  }

  process([channels]: Float32Array[][]): boolean {
    if (channels) this.blocks.add(channels, currentFrame);
    return !this.closed;
  }
}

registerProcessor('tap', Tap);
