// The device's microphone, as a source of packets of Opus.

import type { Block } from './blocks';
import { Clock } from './clock';
import tapUrl from './tap.ts?worker&url';

const CODEC = { codec: 'opus', numberOfChannels: 1, bitrate: 32_000 }; // bits a second
const OPUS_RATE = 48_000; // which every encoder of it takes
const LONGEST_QUEUE = 50; // blocks, that wait for the encoder

/** What a browser lacks: a secure page, or what encodes sound. */
export type Missing = 'secure' | 'encoder';

/** Why it is over: "taken" away, or it cannot be "encoded". */
export type MicrophoneEnd = { kind: 'taken' } | { kind: 'encoder'; message: string };

/**
 * Gives packets to onpacket, each with its time in ms by the clock of performance.now(). It asks for permission when it is opened.
 */
export class Microphone {
  onpacket: (ms: number, packet: Uint8Array) => void = () => {};
  /** Is told when it ends by itself. */
  onended: (end: MicrophoneEnd) => void = () => {};
  /** Its own track, if it is open. */
  track: MediaStreamTrack | null = null;
  private closing: (() => void) | null = null; // closes it, if it is open

  /** Says what this browser lacks; null: nothing. */
  static missing(): Missing | null {
    if (!navigator.mediaDevices?.getUserMedia) return 'secure';
    if (typeof AudioEncoder !== 'function' || typeof AudioWorkletNode !== 'function') return 'encoder';
    return null;
  }

  get open(): boolean {
    return this.closing !== null;
  }

  /** Opens it. It fails where there is none, or it is not allowed; and is of no effect where stop comes before that is known. */
  async start(): Promise<void> {
    this.stop();
    const ends: (() => void)[] = [];
    const close = (): void => ends.splice(0).reverse().forEach((end) => end());
    this.closing = close;
    const stopped = (): boolean => this.closing !== close && (close(), true);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: { ideal: 1 } }, video: false });
      ends.push(() => stream.getTracks().forEach((track) => track.stop()));
      if (stopped()) return;
      for (const track of stream.getTracks()) track.onended = () => this.end(close, { kind: 'taken' });
      const context = await audioContext();
      ends.push(() => void context.close());
      await context.audioWorklet.addModule(tapUrl);
      if (stopped()) return;
      ends.push(this.tap(context, stream, close));
      this.track = stream.getAudioTracks()[0] ?? null;
      await context.resume();
    } catch (error) {
      if (stopped()) return;
      this.stop();
      throw error;
    }
  }

  // tap encodes what a stream gives, and gives what ends that.
  private tap(context: AudioContext, stream: MediaStream, close: () => void): () => void {
    const clock = new Clock(context.sampleRate);
    const encoder = new AudioEncoder({
      output: (chunk) => {
        const packet = new Uint8Array(chunk.byteLength);
        chunk.copyTo(packet);
        this.onpacket(clock.ms(chunk.timestamp), packet);
      },
      error: (error) => this.end(close, { kind: 'encoder', message: error.message }),
    });
    encoder.configure({ ...CODEC, sampleRate: context.sampleRate });
    const source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
    const node = new AudioWorkletNode(context, 'tap', { numberOfInputs: 1, numberOfOutputs: 1 });
    node.port.onmessage = ({ data: { first, samples } }: MessageEvent<Block>) => {
      clock.note(first + samples.length);
      if (encoder.state !== 'configured' || encoder.encodeQueueSize > LONGEST_QUEUE) return;
      const { sampleRate } = context;
      const data = new AudioData({
        format: 'f32', sampleRate, numberOfFrames: samples.length, numberOfChannels: 1, timestamp: Math.round((first / sampleRate) * 1e6), data: samples,
      });
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

  private end(close: () => void, end: MicrophoneEnd): void {
    if (this.closing !== close) return;
    this.stop();
    this.onended(end);
  }

  stop(): void {
    this.closing?.();
    this.closing = this.track = null;
  }
}

// audioContext gives one of a rate that the encoder takes.
async function audioContext(): Promise<AudioContext> {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const { supported } = await AudioEncoder.isConfigSupported({ ...CODEC, sampleRate: context.sampleRate });
  if (supported) return context;
  await context.close();
  return new AudioContext({ latencyHint: 'interactive', sampleRate: OPUS_RATE });
}
