// The audio worklet of the broadcaster page: hands the microphone's samples to the
// page, all channels as one.

const FRAMES = 960; // of a block: 20 ms of 48 kHz

class Tap extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(FRAMES);
    this.filled = 0;
    this.first = 0; // frame of the block's first sample
    this.closed = false;
    this.port.onmessage = () => (this.closed = true);
  }

  process([channels]) {
    const length = channels[0]?.length ?? 0; // 0 while there is no input
    for (let i = 0; i < length; i++) {
      if (this.filled === 0) this.first = currentFrame + i;
      let sum = 0;
      for (const channel of channels) sum += channel[i];
      this.block[this.filled++] = sum / channels.length;
      if (this.filled === FRAMES) this.send();
    }
    return !this.closed;
  }

  send() {
    this.port.postMessage({ first: this.first, samples: this.block }, [this.block.buffer]);
    this.block = new Float32Array(FRAMES);
    this.filled = 0;
  }
}

registerProcessor('tap', Tap);
