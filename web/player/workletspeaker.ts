// Plays sound by WebCodecs and an audio worklet.

import { wallMs } from './clock';
import { LipSync, type Step } from './lipsync';
import { PROCESSOR, type Piece, type SoundOrder, type SoundReport } from './ring';
import type { SoundInit } from './soundboxes';
import type { Beginning, Portion, Speaker, SpeakerEvents } from './speaker';

// What is in stock covers the way from the page to the worklet, which takes sound in
// blocks.
const HABITS = { stockMs: 30, bend: 0.005, leapMs: 40, firstLeapMs: 5 };
const STARVED_MS = 10; // more in stock each time
const MOST_DECODING = 200; // frames; a decoder that has more is stuck
const MOST_ERRORS = 3; // of a decoder in a row
const ALLOWED_WITHIN_MS = 8000; // by a browser that lets sound be heard
const REFUSED_AFTER_MS = 1000; // on a page where nobody has done anything
const SMOOTH_S = 0.02; // a change of volume
const MOST_CHANNELS = 2;

/** A frame that a decoder has. */
interface Inside {
  startMs: number;
  timestamp: number;
}

/** Plays sound as soon as it is there, but for a few ms, and bends it to keep it in step. */
export class WorkletSpeaker implements Speaker {
  readonly sync = new LipSync(HABITS);
  readonly #context = use();
  readonly #gain: GainNode;
  #node: AudioWorkletNode | null = null;
  #decoder: AudioDecoder | null = null;
  #init: SoundInit | null = null;
  #inside: Inside[] = [];
  #firstOut = true; // of this decoder
  #errors = 0;
  #starved = 0;
  #steps = 0;
  #closed = false;
  readonly #events: SpeakerEvents;

  constructor(volume: number, events: SpeakerEvents) {
    this.#events = events;
    this.#gain = new GainNode(this.#context, { gain: volume });
    this.#gain.connect(this.#context.destination);
    void this.#open();
  }

  begin({ init }: Beginning): void {
    this.#init = init;
    this.rest();
  }

  rest(): void {
    this.sync.reset();
    this.#walk({ rate: 1, skipMs: 0 }); // so that nothing is made of what is still reported of before
    this.#order({ type: 'clear' });
    this.#restart();
  }

  take({ frames }: Portion): void {
    if (!this.#decoder || !this.#init || !this.#node) return;
    if (this.#decoder.decodeQueueSize > MOST_DECODING) this.#restart();
    for (const { start, duration, bytes } of frames) {
      const startMs = (start / this.#init.timescale) * 1000;
      const timestamp = Math.round(startMs * 1000);
      const lastsUs = Math.round((duration / this.#init.timescale) * 1e6);
      this.#inside.push({ startMs, timestamp });
      this.#decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp, duration: lastsUs, data: bytes }));
    }
  }

  setVolume(volume: number): void {
    this.#gain.gain.setTargetAtTime(volume, this.#context.currentTime, SMOOTH_S);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#order({ type: 'close' });
    this.#node?.port.close();
    this.#gain.disconnect();
    this.#stop();
    letGo();
  }

  // #open waits until the browser lets sound be heard, and has loaded the worklet.
  async #open(): Promise<void> {
    try {
      const [allowed] = await Promise.all([runs(this.#context), load(this.#context)]);
      if (this.#closed) return;
      if (!allowed) {
        this.#refuse();
        return;
      }
      this.#node = new AudioWorkletNode(this.#context, PROCESSOR, { numberOfInputs: 0, outputChannelCount: [MOST_CHANNELS] });
      this.#node.port.onmessage = ({ data }: MessageEvent<SoundReport>) => this.#reported(data);
      this.#node.connect(this.#gain);
      this.#walk({ rate: 1, skipMs: 0 }); // some may have been taken before there was a worklet
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  // #refuse tells a browser that waits for somebody to do something from one that has
  // nothing to play sound with.
  #refuse(): void {
    if (navigator.userActivation?.hasBeenActive) throw new Error('The browser begins no sound. Is there a device?');
    this.close();
    this.#events.refused();
  }

  #order(order: SoundOrder, transfer: Transferable[] = []): void {
    this.#node?.port.postMessage(order, transfer);
  }

  #restart(): void {
    this.#stop();
    if (!this.#init) return;
    const { codec, config, rate, channels } = this.#init;
    const decoder: AudioDecoder = new AudioDecoder({
      output: (data) => this.#decoded(data, decoder),
      error: (error) => decoder === this.#decoder && this.#broke(error),
    });
    this.#decoder = decoder;
    decoder.configure({ codec, sampleRate: rate, numberOfChannels: channels, ...(config && { description: config }) });
  }

  #stop(): void {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    this.#inside = [];
    this.#firstOut = true;
  }

  #decoded(data: AudioData, decoder: AudioDecoder): void {
    try {
      if (decoder === this.#decoder) this.#push(data);
    } catch (error) {
      this.#fail(error as Error);
    } finally {
      data.close();
    }
  }

  #push(data: AudioData): void {
    this.#errors = 0;
    const startMs = this.#startOf(data);
    if (startMs === null) return;
    const planes: Float32Array<ArrayBuffer>[] = [];
    for (let planeIndex = 0; planeIndex < Math.min(data.numberOfChannels, MOST_CHANNELS); planeIndex++) {
      const plane = new Float32Array(data.numberOfFrames);
      data.copyTo(plane, { planeIndex, format: 'f32-planar' });
      planes.push(plane);
    }
    const piece: Piece = { startMs, rate: data.sampleRate, planes };
    this.sync.arrived(startMs, wallMs() + this.#latencyMs());
    this.#order({ type: 'push', piece }, planes.map(({ buffer }) => buffer));
  }

  // #startOf says when sound is to be heard: as the frame that it was made of. Chrome's
  // own time for it counts on from the first frame, whatever is between two.
  #startOf({ timestamp }: AudioData): number | null {
    const away = (n: number): number => Math.abs(this.#inside[n]!.timestamp - timestamp);
    while (this.#firstOut && this.#inside.length > 1 && away(1) < away(0)) this.#inside.shift(); // some give nothing for the first
    this.#firstOut = false;
    return this.#inside.shift()?.startMs ?? null;
  }

  #broke(error: Error): void {
    if (error.name === 'NotSupportedError' || ++this.#errors > MOST_ERRORS) this.#fail(error);
    else this.#restart();
  }

  #reported({ mediaMs, contextS, starved, number }: SoundReport): void {
    if (this.#closed) return;
    if (starved > this.#starved) this.sync.starved(STARVED_MS);
    this.#starved = starved;
    if (mediaMs === null || number < this.#steps) return; // it did not know the newest step yet
    this.#walk(this.sync.heard(mediaMs, this.#heardAtMs(contextS)));
  }

  #walk(step: Step): void {
    this.#order({ type: 'step', ...step, number: ++this.#steps, offMs: (this.sync.behindMs ?? NaN) - step.skipMs });
  }

  // #heardAtMs gives when a moment of the context's time is heard.
  #heardAtMs(contextS: number): number {
    return wallMs() + this.#latencyMs() + (contextS - this.#context.currentTime) * 1000;
  }

  // #latencyMs is how long sound needs from the worklet to the ear.
  #latencyMs(): number {
    const { contextTime = 0, performanceTime = 0 } = this.#context.getOutputTimestamp();
    const known = contextTime > 0 && performanceTime > 0;
    const { baseLatency = 0, outputLatency = 0 } = this.#context;
    if (!known) return (baseLatency + outputLatency) * 1000;
    const heardS = contextTime + (performance.now() - performanceTime) / 1000;
    return Math.min(Math.max(0, (this.#context.currentTime - heardS) * 1000), MOST_LATENCY_MS);
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(error);
  }
}

const MOST_LATENCY_MS = 1000; // Bluetooth has half of it

const FILE = 'framegate-player-sound.js';

let shared: AudioContext | undefined;
let loading: Promise<void> | undefined;
let users = 0;

// use gives the page's one context, and has it run. It has to be called when a
// person does something, or the browser may refuse it.
function use(): AudioContext {
  if (!shared) {
    shared = new AudioContext({ latencyHint: 'interactive' });
    shared.addEventListener('statechange', goOn);
  }
  users++;
  goOn();
  return shared;
}

// goOn has the context run while somebody uses it: systems stop it for a call.
function goOn(): void {
  if (users > 0 && shared?.state !== 'running') void shared?.resume().catch(() => {}); // runs finds out
}

function letGo(): void {
  if (--users === 0) void shared?.suspend().catch(() => {});
}

function load(context: AudioContext): Promise<void> {
  loading ??= context.audioWorklet.addModule(new URL(FILE, import.meta.url));
  loading.catch(() => (loading = undefined));
  return loading;
}

// runs waits until a context runs, and says whether it does.
function runs(context: AudioContext): Promise<boolean> {
  const active = navigator.userActivation?.hasBeenActive ?? true;
  return new Promise((resolve) => {
    const late = setTimeout(() => done(), active ? ALLOWED_WITHIN_MS : REFUSED_AFTER_MS);
    const done = () => {
      clearTimeout(late);
      context.removeEventListener('statechange', look);
      resolve(context.state === 'running');
    };
    const look = () => context.state === 'running' && done();
    context.addEventListener('statechange', look);
    look();
  });
}
