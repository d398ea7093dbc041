// What a player tells of.

import type { Mode } from './modes';
import type { SoundState } from './sound';
import type { Status } from './status';

/** What a player shows itself on. */
export interface Stage {
  /** The element to show from now on. */
  show(surface: HTMLElement, mode: Mode): void;
  /** A picture of this connection is on the screen. */
  pictured(): void;
  say(status: Status): void;
  sized(width: number, height: number): void;
  measured(measure: Measure): void;
  /** The present is shown, or what was recorded, and how; null for the present. */
  played(past: Past | null): void;
  /** What is known of the camera's sound. */
  sounds(state: SoundState): void;
  /** It is muted again: the browser does not let it be heard. */
  muted(): void;
  /** Something went wrong. The player goes on trying. */
  trouble(code: string, message: string): void;
}

/** A camera of whose sound nothing is known. */
export const SILENT: SoundState = { available: false, codec: null, rate: 0, channels: 0, message: '' };

/** How what was recorded is shown. */
export interface Past {
  rate: number;
  paused: boolean;
  end: boolean;
  message: string;
}

/** How far behind the camera the screen is. */
export interface Measure {
  /** From taking the picture to painting it, in ms; null where that cannot be known. */
  delayMs: number | null;
  /** How wrong delayMs can be because of the clocks, in ms. */
  errorMs: number | null;
  /** How much is buffered ahead of the screen, in ms. */
  bufferMs: number;
  /** By how much sound is behind the picture, in ms; null while none is heard. */
  soundMs: number | null;
  /** Pictures shown and left out since the player began. */
  shown: number;
  dropped: number;
}
