// The device's microphone, as a source of packets of Opus.

const CODEC = { codec: 'opus', numberOfChannels: 1, bitrate: 32_000 }; // bits a second
const OPUS_RATE = 48_000; // which every encoder of it takes
const WINDOW = 100; // blocks, in which the one is looked for that came fastest
const LONGEST_QUEUE = 50; // blocks, that wait for the encoder

// Microphone gives packets to onpacket, each with its time in ms by the clock of
// performance.now(). It asks for permission when it is opened.
export class Microphone {
  constructor() {
    this.onpacket = () => {};
    this.onended = () => {}; // it was taken away, or failed: why in words
    this.closing = null; // closes it, if it is open
  }

  // missing says in words what this browser lacks, or ''.
  static missing() {
    if (!navigator.mediaDevices?.getUserMedia) return 'Browsers give a page a microphone only over HTTPS.';
    if (typeof AudioEncoder !== 'function' || typeof AudioWorkletNode !== 'function') return 'This browser cannot encode sound for a page, so none is sent.';
    return '';
  }

  get open() {
    return this.closing !== null;
  }

  // start opens it. It rejects where there is none, or it is not allowed; and is of no
  // effect where stop comes before that is known.
  async start() {
    this.stop();
    const ends = [];
    const close = () => ends.splice(0).reverse().forEach((end) => end());
    this.closing = close;
    const stopped = () => this.closing !== close && (close(), true);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: { ideal: 1 } }, video: false });
      ends.push(() => stream.getTracks().forEach((track) => track.stop()));
      if (stopped()) return;
      for (const track of stream.getTracks()) track.onended = () => this.end(close, 'The microphone was taken away.');
      const context = await audioContext();
      ends.push(() => context.close());
      await context.audioWorklet.addModule(new URL('microphone-worklet.js', import.meta.url));
      if (stopped()) return;
      ends.push(this.tap(context, stream, close));
      await context.resume();
    } catch (error) {
      if (stopped()) return;
      this.stop();
      throw error;
    }
  }

  // tap encodes what a stream gives, and gives what ends that.
  tap(context, stream, close) {
    const clock = new Clock(context.sampleRate);
    const encoder = new AudioEncoder({
      output: (chunk) => {
        const packet = new Uint8Array(chunk.byteLength);
        chunk.copyTo(packet);
        this.onpacket(clock.ms(chunk.timestamp), packet);
      },
      error: (error) => this.end(close, `Sound cannot be encoded: ${error.message}`),
    });
    encoder.configure({ ...CODEC, sampleRate: context.sampleRate });
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    const node = new AudioWorkletNode(context, 'tap', { numberOfInputs: 1, numberOfOutputs: 1 });
    node.port.onmessage = ({ data: { first, samples } }) => {
      clock.note(first + samples.length);
      if (encoder.state !== 'configured' || encoder.encodeQueueSize > LONGEST_QUEUE) return;
      const { sampleRate } = context;
      const data = new AudioData({ format: 'f32', sampleRate, numberOfFrames: samples.length, numberOfChannels: 1, timestamp: Math.round(first / sampleRate * 1e6), data: samples });
      encoder.encode(data);
      data.close();
    };
    source.connect(node).connect(context.destination); // to which it gives silence
    return () => {
      node.port.onmessage = null;
      node.port.postMessage(null);
      node.disconnect();
      source.disconnect();
      if (encoder.state !== 'closed') encoder.close();
    };
  }

  end(close, why) {
    if (this.closing !== close) return;
    this.stop();
    this.onended(why);
  }

  stop() {
    this.closing?.();
    this.closing = null;
  }
}

// Clock says when samples were taken, by performance.now(). The block that came
// fastest was on its way for no time.
class Clock {
  constructor(sampleRate) {
    this.sampleRate = sampleRate;
    this.before = Infinity; // ms between the two clocks, of the last window
    this.least = Infinity; // and of this one
    this.seen = 0;
  }

  // note is told of a block that comes now, by the frame where it ends.
  note(frame) {
    this.least = Math.min(this.least, performance.now() - (frame / this.sampleRate) * 1000);
    if (++this.seen < WINDOW) return;
    this.before = this.least;
    this.least = Infinity;
    this.seen = 0;
  }

  // ms gives the time of what the context's clock says in µs.
  ms(timestamp) {
    return timestamp / 1000 + Math.min(this.before, this.least);
  }
}

// audioContext gives one of a rate that the encoder takes.
async function audioContext() {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const { supported } = await AudioEncoder.isConfigSupported({ ...CODEC, sampleRate: context.sampleRate });
  if (supported) return context;
  await context.close();
  return new AudioContext({ latencyHint: 'interactive', sampleRate: OPUS_RATE });
}

// whyNoMicrophone says in words what a failed start means.
export function whyNoMicrophone(error) {
  switch (error.name) {
    case 'NotAllowedError':
      return 'The microphone is not allowed for this page. Allow it beside the address bar, and for the browser in the system’s settings.';
    case 'NotFoundError':
      return 'This device has no microphone that the browser can see.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The microphone cannot be opened. Another program may be using it.';
  }
  return `The microphone cannot be opened: ${error.message}`;
}
