// What the player says of itself, in words.

import type { CameraState } from './protocol';

/** What a player is doing. */
export type PlayerState = 'idle' | 'connecting' | 'live' | 'playback' | 'stalled' | 'offline' | 'error';

/** What is known of a player. */
export interface Facts {
  /** It is wanted: on the screen, with an address. */
  running: boolean;
  connected: boolean;
  /** Whether a picture was painted since the player was wanted. */
  shown: boolean;
  /** Time since the newest picture was painted, in ms; null before the first of this connection. */
  quietMs: number | null;
  /** Between two pictures, in ms. */
  intervalMs: number;
  camera: CameraState | null;
  /** What is played of what was recorded; null for the present. */
  past: { paused: boolean; end: boolean; message: string } | null;
  /** Of the camera's state. */
  cameraMessage: string;
  /** What is wrong with the connection or with showing. */
  trouble: string;
}

/** A state, and a sentence for people. */
export interface Status {
  state: PlayerState;
  words: string;
}

const STALLED_MS = 2000;
const STALLED_INTERVALS = 5;

/** Why nothing is heard before a person did something. */
export const SOUND_REFUSED = 'The browser plays sound only after a click or a key on this page.';

/** Puts what is known into a sentence. */
export function status(facts: Facts): Status {
  if (!facts.running) return { state: 'idle', words: 'Paused' };
  if (!facts.connected) return unconnected(facts);
  if (facts.past) return { state: 'playback', words: pastWords(facts.past) };
  if (facts.camera === 'offline') return { state: 'offline', words: sentence('Camera offline', facts.cameraMessage) };
  if (facts.quietMs !== null) {
    const stalled = facts.quietMs > Math.max(STALLED_MS, STALLED_INTERVALS * facts.intervalMs);
    if (!stalled) return { state: 'live', words: 'Live' };
    if (facts.camera !== 'connecting') return { state: 'stalled', words: 'No new pictures' };
  }
  if (facts.camera === 'connecting') return { state: 'connecting', words: sentence('Connecting to the camera…', facts.cameraMessage) };
  return { state: 'connecting', words: 'Waiting for a picture…' };
}

function pastWords({ paused, end, message }: { paused: boolean; end: boolean; message: string }): string {
  if (message) return sentence('No picture', message);
  if (paused) return 'Recorded, paused';
  return end ? 'End of the recording' : 'Recorded';
}

/** Says why nothing is heard of what is shown: '' if that needs no words, null where it is heard. */
export function quiet(past: { rate: number; paused: boolean } | null): string | null {
  if (!past || (past.rate === 1 && !past.paused)) return null;
  return past.paused ? '' : 'Sound is heard at normal speed only.';
}

function unconnected({ trouble, shown }: Facts): Status {
  if (trouble) return { state: 'error', words: trouble };
  return { state: 'connecting', words: shown ? 'Connection lost. Trying again…' : 'Connecting…' };
}

function sentence(what: string, why: string): string {
  if (!why) return what;
  return what.endsWith('…') ? `${what} ${why}` : `${what}: ${why}`;
}

const UNITS = [
  { ms: 60_000, name: 'min' },
  { ms: 3_600_000, name: 'h' },
  { ms: 86_400_000, name: 'days' },
] as const;

/** Puts a delay into words that fit on a tile. */
export function delayWords(delayMs: number): string {
  const ms = Math.max(0, delayMs);
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  let before: { ms: number; name: string } = { ms: 1000, name: 's' };
  for (const unit of UNITS) {
    if (Math.round(ms / before.ms) * before.ms < 2 * unit.ms) break; // one number of them would say too little
    before = unit;
  }
  return `${Math.round(ms / before.ms)} ${before.name}`;
}
