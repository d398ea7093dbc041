// What is to be known of what plays sound, and of who is told by it: types alone (speakers.ts makes them).

import type { LipSync } from './lipsync';
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
