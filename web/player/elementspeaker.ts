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

const HABITS = { stockMs: 120, bend: 0.03, leapMs: 400, firstLeapMs: 600 };
const STARVED_MS = 40; // more in stock each time
const CHECK_EVERY_MS = 100;
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
  readonly #checking: ReturnType<typeof setInterval>;
  #buffer: SourceBuffer | null = null;
  #mime = '';
  #timescale = 1;
  #waiting: Part[] = [];
  #offsetS: number | null = null; // from media time to the element's, of this timeline
  #fromS = 0; // where this timeline begins in the element's
  #endS = 0;
  #pausedUntilMs = 0;
  #heard = false; // something, since it began or stood still
  #closed = false;
  readonly #events: SpeakerEvents;

  constructor(volume: number, events: SpeakerEvents) {
    this.#events = events;
    const Source = mediaSource();
    if (!Source) throw new Error('This browser has no Media Source Extensions.');
    this.#source = new Source();
    this.#source.addEventListener('sourceopen', () => this.#pump());
    this.#url = URL.createObjectURL(this.#source);
    this.#setUp(volume);
    this.#checking = setInterval(() => this.#check(), CHECK_EVERY_MS);
  }

  begin({ init, mime, bytes }: Beginning): void {
    this.sync.reset();
    this.#timescale = init.timescale;
    this.#offsetS = null;
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
    this.#pausedUntilMs = 0;
    this.#heard = false;
    this.#waiting = this.#waiting.filter(({ mime }) => mime !== null);
    this.#audio.pause(); // until there is something to play, which is elsewhere
  }

  setVolume(volume: number): void {
    this.#audio.volume = volume;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#checking);
    this.#waiting = [];
    this.#audio.removeAttribute('src');
    this.#audio.load(); // lets go of the decoder
    URL.revokeObjectURL(this.#url);
  }

  #setUp(volume: number): void {
    const audio = this.#audio;
    audio.volume = volume;
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

  #check(): void {
    const nowMs = wallMs();
    if (this.#offsetS === null || nowMs < this.#pausedUntilMs) return;
    const audio = this.#audio;
    if (audio.currentTime < this.#fromS && !this.#goTo(this.#fromS)) return;
    if (audio.paused) this.#play();
    else if (audio.seeking) return;
    else if (audio.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) this.#keepStep(this.#offsetS, nowMs);
    else this.#leaveHole(this.#offsetS, nowMs);
  }

  #keepStep(offsetS: number, nowMs: number): void {
    this.#heard = true;
    const { rate, skipMs } = this.sync.heard((this.#audio.currentTime - offsetS) * 1000, nowMs);
    const rounded = Math.round(rate * RATES) / RATES;
    if (this.#audio.playbackRate !== rounded) this.#audio.playbackRate = rounded;
    if (skipMs > 0) this.#goTo(this.#audio.currentTime + skipMs / 1000);
    if (skipMs < 0) this.#pause(nowMs - skipMs);
  }

  #pause(untilMs: number): void {
    this.#pausedUntilMs = untilMs;
    this.#audio.pause();
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
      if (timeS >= buffered.start(i) - NEAR_S && timeS < buffered.end(i)) {
        this.#audio.currentTime = Math.max(timeS, buffered.start(i));
        return true;
      }
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
