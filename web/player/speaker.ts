// What plays sound.

import type { LipSync } from './lipsync';
import { mediaSource } from './modes';
import type { SoundCodec } from './protocol';
import type { SoundFrame, SoundInit } from './soundboxes';

/** What a speaker tells of. */
export interface SpeakerEvents {
  /** The browser lets no sound be heard before the person does something on the page. */
  refused(): void;
  /** It does not work here, or not with what it was given. The speaker does nothing any more. */
  failed(reason: Error): void;
}

/** Sound that begins. */
export interface Beginning {
  init: SoundInit;
  /** As MediaSource takes it. */
  mime: string;
  /** The init segment. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Some sound. */
export interface Portion {
  /** Frames that follow on each other; at least one. */
  frames: SoundFrame[];
  /** The fragment that they are in. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** One way to play sound. It is made when the person wants to hear something, and lives until that ends. */
export interface Speaker {
  /** Knows when sound is to be heard. It is told of pictures by others. */
  readonly sync: LipSync;
  /** From here on sound is of another kind, or on another timeline. */
  begin(beginning: Beginning): void;
  take(portion: Portion): void;
  /** Is silent at once, and forgets what was to be heard. What comes then may be elsewhere on the timeline. */
  rest(): void;
  /** How loud, 0 to 1. */
  setVolume(volume: number): void;
  /** Ends it and gives everything back. */
  close(): void;
}

/** A way to play sound. */
export type SpeakerKind = 'worklet' | 'element';

/** Which sound each way plays here. */
export type Hearing = Record<SpeakerKind, SoundCodec[]>;

// The best first, of what is encoded: frames of Opus have 20 ms, those of AAC up to 128.
const NAMES: [SoundCodec, string][] = [
  ['opus', 'opus'],
  ['aac', 'mp4a.40.2'],
];

let answer: Promise<Hearing> | undefined;

/** Asks this browser what it can play, once for a page. What gives no answer plays nothing. */
export function hearing(): Promise<Hearing> {
  return (answer ??= ask());
}

async function ask(): Promise<Hearing> {
  const late = new Promise<SoundCodec[]>((resolve) => setTimeout(() => resolve([]), ANSWER_WITHIN_MS));
  return { worklet: await Promise.race([decoded(), late]), element: played() };
}

const ANSWER_WITHIN_MS = 1000;

// decoded needs WebCodecs and worklets, which pages without HTTPS have not.
async function decoded(): Promise<SoundCodec[]> {
  if (typeof AudioDecoder !== 'function' || typeof AudioWorkletNode !== 'function') return [];
  const found: SoundCodec[] = [];
  for (const [codec, name] of NAMES) {
    try {
      const { supported } = await AudioDecoder.isConfigSupported({ codec: name, sampleRate: 48_000, numberOfChannels: 2 });
      if (supported) found.push(codec);
    } catch {
      // it knows no such codec
    }
  }
  return found;
}

function played(): SoundCodec[] {
  const Source = mediaSource();
  return NAMES.filter(([, name]) => Source?.isTypeSupported(`audio/mp4; codecs="${name}"`)).map(([codec]) => codec);
}
