// What plays sound. It is a file of its own, which the player loads when a camera has some.

import { ElementSpeaker } from './elementspeaker';
import { mediaSource } from './modes';
import type { SoundCodec } from './protocol';
import type { Hearing, Speaker, SpeakerEvents, SpeakerKind } from './speaker';
import { WorkletSpeaker } from './workletspeaker';

export { parseSound, parseSoundInit } from './soundboxes';

/** Makes a speaker of a kind, or throws where this browser has none. Call it when a person does something. */
export function speakerOf(kind: SpeakerKind, volume: number, events: SpeakerEvents): Speaker {
  return kind === 'worklet' ? new WorkletSpeaker(volume, events) : new ElementSpeaker(volume, events);
}

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
