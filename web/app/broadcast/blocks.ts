// Samples in blocks, as an encoder takes them.

/** How long a block is: 20 ms of 48 kHz. */
export const BLOCK_FRAMES = 960;

/** Samples of one channel, of which first is the frame of the first. */
export interface Block {
  first: number;
  samples: Float32Array<ArrayBuffer>;
}

/** Makes blocks of what comes in pieces, and one channel of several. */
export class Blocks {
  private block = new Float32Array(BLOCK_FRAMES);
  private filled = 0;
  private first = 0; // frame of the block's first sample

  constructor(private readonly give: (block: Block) => void) {}

  /** Takes a piece, whose first sample is of a frame. There are no channels while nothing comes. */
  add(channels: readonly Float32Array[], frame: number): void {
    const length = channels[0]?.length ?? 0;
    for (let i = 0; i < length; i++) {
      if (this.filled === 0) this.first = frame + i;
      let sum = 0;
      for (const channel of channels) sum += channel[i] ?? 0;
      this.block[this.filled++] = sum / channels.length;
      if (this.filled === BLOCK_FRAMES) this.send();
    }
  }

  private send(): void {
    const { block, first } = this;
    this.block = new Float32Array(BLOCK_FRAMES);
    this.filled = 0;
    this.give({ first, samples: block });
  }
}
