// What is wanted of what was recorded, and what of it the server shows.

import type { ClientMessage, Playback } from './protocol';
import type { Past } from './stage';

/** Puts what a person wants into messages, and keeps it over connections. */
export class Looking {
  /** What is wanted of the past; null for the present. */
  past: Past | null = null;
  /** Where the past goes on when it was interrupted, in ms since 1970. */
  soughtMs: number | null = null;
  /** What comes next continues nothing. */
  jumped = false;
  #returning = false; // the present is wanted, and the server has not said yet that it is shown

  seek(atMs: number): ClientMessage {
    this.past ??= { rate: 1, paused: false, end: false, message: '' };
    this.#returning = false;
    this.soughtMs = atMs;
    return sought(atMs);
  }

  rate(rate: number): ClientMessage {
    this.past = { end: false, message: '', ...this.past, rate, paused: false };
    this.#returning = false;
    return { type: 'rate', rate };
  }

  /** Keeps the picture of a moment, or, where that is Infinity, the one that there is. */
  pause(atMs: number): ClientMessage {
    this.past = { rate: 1, end: false, message: '', ...this.past, paused: true };
    this.#returning = false;
    return atMs < Infinity ? { ...this.seek(atMs), type: 'pause' } : { type: 'pause' };
  }

  live(): ClientMessage {
    this.past = this.soughtMs = null;
    this.jumped = this.#returning = true;
    return { type: 'play' };
  }

  /** Goes on with the past on another connection, which begins with the present, also where the camera has nothing to show. */
  resumed(): ClientMessage[] {
    this.#returning = false;
    if (!this.past) return [];
    const { rate, paused } = this.past;
    const messages: ClientMessage[] = [];
    if (this.soughtMs !== null) messages.push(sought(this.soughtMs));
    if (this.soughtMs === null || rate !== 1) messages.push({ type: 'rate', rate });
    if (paused) messages.push({ type: 'pause' });
    return messages;
  }

  /** Takes the server's word, and says whether it is of what is wanted now. */
  played({ live, rate, paused, end, code, message }: Playback): boolean {
    if (live && this.past && code === 0) return false; // it was said before we wanted the past
    if (!live && this.#returning) return false; // or before we wanted the present
    this.#returning = false;
    this.past = live ? null : { rate, paused, end, message };
    if (live) this.soughtMs = null;
    this.jumped ||= live;
    return true;
  }
}

function sought(atMs: number): ClientMessage {
  return { type: 'seek', atUs: Math.round(atMs * 1000) };
}
