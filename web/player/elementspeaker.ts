// Plays sound by Media Source Extensions, in an audio element: where there are no
// WebCodecs, as on pages without HTTPS.
//
// The element is not the one with the pictures. A media element stops where it has
// no sound, and browsers want more of it in stock than pictures need; so pictures
// would be late, or stand still, for the sake of sound.

import { wallMs } from './clock';
import { LipSync } from './lipsync';
import { mediaSource } from './modes';
import type { Beginning, Portion, Speaker, SpeakerEvents } from './speaker';

const HABITS = { stockMs: 120, bend: 0.03, leapMs: 400, firstLeapMs: 60 };
const STARVED_MS = 40; // more in stock each time
const LOOK_EVERY_MS = 100;
const HUSHED_EVERY_MS = 20; // while nothing is heard before it is in step
const MOST_HUSHED_MS = 1500; // it is better late than never
const IN_STEP_MS = 60; // sees nobody, or hardly
const AHEAD_S = 0.08; // of what is due it goes to, which takes some time
const APART_S = 1; // between what is of different timelines
const KEEP_S = 5;
const MOST_WAITING = 500; // fragments; more means that appending has stopped
const RATES = 500; // steps of 1

type Part = { offsetS: number | null; mime: string | null; bytes: Uint8Array<ArrayBuffer> };

/** Plays sound that the browser decodes. */
export class ElementSpeaker implements Speaker {
  readonly sync = new LipSync(HABITS);
  readonly #audio = document.createElement('audio');
  readonly #source: MediaSource;
  readonly #url: string;
  #looking: ReturnType<typeof setTimeout> | undefined;
  #buffer: SourceBuffer | null = null;
  #mime = '';
  #timescale = 1;
  #waiting: Part[] = [];
  #offsetS: number | null = null; // from media time to the element's, of this timeline
  #fromS = 0; // where this timeline begins in the element's
  #endS = 0;
  #beginsMs: number | null = null; // it stands where it goes on then
  #volume: number;
  #hushedToMs: number | null = Infinity; // at the latest, which is known once something is played; null while it is heard
  #heard = false; // something, since it began or stood still
  #closed = false;
  readonly #events: SpeakerEvents;

  constructor(volume: number, events: SpeakerEvents) {
    this.#events = events;
    this.#volume = volume;
    const Source = mediaSource();
    if (!Source) throw new Error('This browser has no Media Source Extensions.');
    this.#source = new Source();
    this.#source.addEventListener('sourceopen', () => this.#pump());
    this.#url = URL.createObjectURL(this.#source);
    this.#setUp();
    this.#look();
  }

  begin({ init, mime, bytes }: Beginning): void {
    this.rest();
    this.#timescale = init.timescale;
    this.#waiting = [];
    this.#queue({ offsetS: null, mime, bytes });
  }

  take({ frames, bytes }: Portion): void {
    const startS = frames[0]!.start / this.#timescale;
    const last = frames.at(-1)!;
    this.#offsetS ??= this.#place(startS);
    this.#endS = (last.start + last.duration) / this.#timescale + this.#offsetS;
    this.sync.arrived(startS * 1000, wallMs());
    this.#queue({ offsetS: this.#offsetS, mime: null, bytes });
  }

  rest(): void {
    this.sync.reset();
    this.#offsetS = null;
    this.#heard = false;
    this.#waiting = this.#waiting.filter(({ mime }) => mime !== null);
    this.#hushedToMs = Infinity;
    this.#audio.volume = 0;
    this.#stand(null); // until there is something to play, which is elsewhere
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    if (this.#hushedToMs === null) this.#audio.volume = volume;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#looking);
    this.#waiting = [];
    this.#audio.removeAttribute('src');
    this.#audio.load(); // lets go of the decoder
    URL.revokeObjectURL(this.#url);
  }

  #setUp(): void {
    const audio = this.#audio;
    audio.volume = this.#volume; // or Firefox does not refuse it
    audio.preservesPitch = false; // of so little nobody hears it, and keeping it has Chrome leap at each change
    audio.disableRemotePlayback = true; // or a ManagedMediaSource does not open
    audio.src = this.#url;
    audio.addEventListener('error', () => this.#fail(new Error(audio.error?.message || 'The browser cannot play it.')));
    audio.addEventListener('waiting', () => this.#stands());
    this.#play();
  }

  #play(): void {
    this.#audio.play().catch((error: Error) => {
      if (this.#closed || error.name === 'AbortError') return;
      if (error.name !== 'NotAllowedError') return this.#fail(error);
      this.close();
      this.#events.refused();
    });
  }

  // #place puts a timeline behind the one before it.
  #place(startS: number): number {
    this.#fromS = this.#endS === 0 ? 0 : this.#endS + APART_S;
    return this.#fromS - startS;
  }

  #queue(part: Part): void {
    this.#waiting.push(part);
    if (this.#waiting.length > MOST_WAITING) this.#fail(new Error('The browser has stopped taking sound.'));
    else this.#pump();
  }

  #pump(): void {
    if (this.#closed || this.#source.readyState !== 'open' || this.#buffer?.updating) return;
    const part = this.#waiting.shift();
    if (!part) return;
    try {
      if (part.mime !== null) this.#prepare(part.mime);
      const buffer = this.#buffer!;
      if (part.offsetS !== null && buffer.timestampOffset !== part.offsetS) buffer.timestampOffset = part.offsetS;
      buffer.appendBuffer(part.bytes);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  #prepare(mime: string): void {
    if (!this.#buffer) {
      this.#buffer = this.#source.addSourceBuffer(mime);
      this.#buffer.addEventListener('updateend', () => this.#appended());
    } else if (this.#mime !== mime) {
      this.#buffer.changeType(mime);
    }
    this.#mime = mime;
  }

  #appended(): void {
    if (this.#closed) return;
    const { buffered, currentTime } = this.#audio;
    const free = this.#waiting.length === 0 && !this.#buffer?.updating; // which it is again where sound came meanwhile
    if (free && buffered.length > 0 && buffered.start(0) < currentTime - 2 * KEEP_S) this.#buffer?.remove(0, currentTime - KEEP_S);
    this.#pump();
  }

  // #stands: it ran out of sound, or goes somewhere else.
  #stands(): void {
    if (this.#heard && !this.#audio.seeking) this.sync.starved(STARVED_MS);
    this.#heard = false;
  }

  // #look keeps it in step, and looks again, soon while nothing is heard.
  #look(): void {
    const nowMs = wallMs();
    if (this.#offsetS !== null && !this.#audio.seeking) this.#go(this.#offsetS, nowMs);
    if (this.#closed) return;
    const soonMs = this.#hushedToMs === null ? LOOK_EVERY_MS : HUSHED_EVERY_MS;
    this.#looking = setTimeout(() => this.#look(), Math.min(soonMs, Math.max(0, (this.#beginsMs ?? Infinity) - nowMs)));
  }

  #go(offsetS: number, nowMs: number): void {
    const audio = this.#audio;
    if (this.#beginsMs !== null) {
      if (nowMs < this.#beginsMs) return;
      this.#beginsMs = null;
      this.#play();
    } else if (audio.paused) this.#goWhereDue(offsetS, nowMs);
    else if (audio.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) this.#keepStep(offsetS, nowMs);
    else this.#leaveHole(offsetS, nowMs);
  }

  #keepStep(offsetS: number, nowMs: number): void {
    this.#heard = true;
    const { rate, skipMs } = this.sync.heard((this.#audio.currentTime - offsetS) * 1000, nowMs);
    const rounded = Math.round(rate * RATES) / RATES;
    if (this.#audio.playbackRate !== rounded) this.#audio.playbackRate = rounded;
    if (skipMs === 0) this.#letHear(nowMs);
    else this.#stand(skipMs < 0 ? nowMs - skipMs : null);
  }

  // #letHear ends the silence with which it begins, once it is in step.
  #letHear(nowMs: number): void {
    if (this.#hushedToMs === null) return;
    if (this.#hushedToMs === Infinity) this.#hushedToMs = nowMs + MOST_HUSHED_MS;
    const { behindMs } = this.sync;
    if (nowMs < this.#hushedToMs && (behindMs === null || Math.abs(behindMs) > IN_STEP_MS)) return;
    this.#hushedToMs = null;
    this.#audio.volume = this.#volume;
  }

  // #stand stops it until a moment, or, if that is null, until it has gone to what is due.
  #stand(untilMs: number | null): void {
    this.#beginsMs = untilMs;
    this.#audio.pause();
  }

  // #goWhereDue goes to what is to be heard in a moment, if it is there, and begins in that moment: nobody knows how long it takes to go there.
  #goWhereDue(offsetS: number, nowMs: number): void {
    const dueS = (nowMs - (this.sync.lagMs() ?? 0)) / 1000 + offsetS;
    if (this.#goTo(Math.max(this.#fromS, dueS + AHEAD_S))) this.#beginsMs = nowMs + (this.#audio.currentTime - dueS) * 1000;
  }

  // #leaveHole goes to where there is sound again, when it is time for that.
  #leaveHole(offsetS: number, nowMs: number): void {
    const dueS = (nowMs - (this.sync.lagMs() ?? 0)) / 1000 + offsetS;
    const next = this.#rangeAfter(this.#audio.currentTime);
    if (next !== null && next <= dueS) this.#audio.currentTime = next;
  }

  #rangeAfter(timeS: number): number | null {
    const { buffered } = this.#audio;
    for (let i = 0; i < buffered.length; i++) if (buffered.start(i) > timeS) return buffered.start(i);
    return null;
  }

  // #goTo goes somewhere if there is sound, and says whether there is.
  #goTo(timeS: number): boolean {
    const { buffered } = this.#audio;
    for (let i = 0; i < buffered.length; i++) {
      if (timeS < buffered.start(i) - NEAR_S || timeS >= buffered.end(i)) continue;
      const toS = Math.max(timeS, buffered.start(i));
      if (this.#audio.currentTime !== toS) this.#audio.currentTime = toS;
      return true;
    }
    return false;
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(error);
  }
}

const NEAR_S = 0.1;
