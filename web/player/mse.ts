// Shows H.264 and H.265 by Media Source Extensions, in a video element.

import { wallMs } from './clock';
import { parseFragment, parseInit, type FragmentHead, type InitSegment } from './fmp4';
import { Follower, LEAD_S, type Move, type Situation } from './follow';
import { mediaSource } from './modes';
import type { Packet } from './protocol';
import type { Renderer, RendererEvents } from './renderer';
import { Captures, Track } from './timeline';

// What waits to be appended: an init segment, or fragments that go to the same
// place on the timeline.
type Part = { mime: string; bytes: Uint8Array<ArrayBuffer> } | { offsetS: number; fragments: Uint8Array<ArrayBuffer>[] };

const MAX_WAITING_BYTES = 32 << 20; // more means that appending has stopped
const KEEP_S = 4; // how long before the keyframe of the present something is thrown away
const ROUNDED_S = 0.001; // browsers round times by less, and pictures are farther apart
const FAR_S = 1e7; // more than anybody watches, in seconds
const CHECK_EVERY_MS = 250;
const STANDS = navigator.vendor === 'Google Inc.'; // at the very picture: Firefox was seen to show others, and plays on
const UNSEEN_MS = 1000; // with no picture, somebody goes there again: elements were seen to paint none
const SLOWLY = 1 / 16; // so that one is not over when it is known that it is painted

/** Renders fragmented MP4. Its buffer holds about the last group of pictures. */
export class MSERenderer implements Renderer {
  readonly surface = document.createElement('video');

  readonly #source: MediaSource;
  readonly #url: string;
  #buffer: SourceBuffer | null = null;
  #mime = '';
  readonly #track = new Track();
  readonly #captures = new Captures();
  readonly #follower = new Follower(playsUnevenly());
  readonly #checking: ReturnType<typeof setInterval>;

  #init: InitSegment | null = null;
  #waiting: Part[] = [];
  #waitingBytes = 0;
  #joining = true; // until it is decided where to begin
  #firstS: number | null = null; // where this connection's first picture is
  #stoodS: number | null = null; // where it was to be still last
  #stoodMs = 0; // when it was sent there
  #halfS = 0; // of a picture: elements are told how long each lasts, and one before may reach into it
  #still = false; // the newest picture is to be shown, and what comes behind it is not
  #present = false; // has arrived on this connection
  #shownS = Infinity; // where the picture on the screen is
  #closed = false;
  readonly #events: RendererEvents;

  constructor(events: RendererEvents) {
    this.#events = events;
    const Source = mediaSource();
    if (!Source) throw new Error('This browser has no Media Source Extensions.');
    this.#source = new Source();
    this.#source.addEventListener('sourceopen', () => this.#opened());
    this.#source.addEventListener('startstreaming', () => this.#pump());
    this.#url = URL.createObjectURL(this.#source);
    this.#setUp(this.surface);
    this.#checking = setInterval(() => this.#check(), CHECK_EVERY_MS);
  }

  begin(): void {
    this.#init = null;
    this.#present = false;
    this.#joining = true;
    this.#firstS = null;
    this.#track.cut();
    this.#forget();
  }

  take(packet: Packet): void {
    if (this.#closed) return;
    if (packet.kind === 'init') this.#takeInit(packet);
    else if (this.#init) this.#takeFrame(packet, this.#init);
  }

  pace(slower: number): void {
    this.#follower.slower = slower;
  }

  rest(): void {
    this.surface.pause();
  }

  bufferMs(): number {
    const { buffered, currentTime } = this.surface;
    return buffered.length === 0 ? 0 : Math.max(0, buffered.end(buffered.length - 1) - currentTime) * 1000;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#checking);
    this.#forget();
    this.surface.removeAttribute('src');
    this.surface.load(); // lets go of the decoder
    URL.revokeObjectURL(this.#url);
  }

  #setUp(video: HTMLVideoElement): void {
    video.muted = true;
    video.autoplay = true;
    video.playsInline = true;
    video.disableRemotePlayback = true; // or a ManagedMediaSource does not open
    video.src = this.#url;
    video.addEventListener('error', () => this.#fail(new Error(video.error?.message || 'The browser cannot play it.')));
    video.addEventListener('loadedmetadata', () => this.#pump());
    video.addEventListener('resize', () => this.#events.sized(video.videoWidth, video.videoHeight));
    this.#watchPaints(video);
  }

  // #watchPaints tells of each picture that is painted. Browsers without
  // requestVideoFrameCallback show pictures, but not their delay.
  #watchPaints(video: HTMLVideoElement): void {
    if (!('requestVideoFrameCallback' in video)) return;
    const painted: VideoFrameRequestCallback = (_, { mediaTime, expectedDisplayTime }) => {
      if (this.#closed) return;
      this.#shownS = mediaTime;
      if (this.#still) this.#check(); // at once
      const captureMs = this.#captures.captureMs(mediaTime);
      if (captureMs !== null) this.#events.painted(captureMs, performance.timeOrigin + expectedDisplayTime);
      video.requestVideoFrameCallback(painted);
    };
    video.requestVideoFrameCallback(painted);
  }

  // #opened lets the element go to places that are not buffered yet.
  #opened(): void {
    if ('setLiveSeekableRange' in this.#source) this.#source.setLiveSeekableRange(0, FAR_S);
    this.#pump();
  }

  #takeInit(packet: Packet): void {
    this.#init = parseInit(packet.payload);
    this.#track.cut();
    const mime = `video/mp4; codecs="${this.#init.codec}"`;
    if (!mediaSource()?.isTypeSupported(mime)) {
      this.#fail(new Error(`This browser does not play ${this.#init.codec}.`));
      return;
    }
    this.#queue({ mime, bytes: packet.payload });
  }

  #takeFrame(packet: Packet, init: InitSegment): void {
    if (packet.discontinuity) this.#track.cut();
    const head = parseFragment(packet.payload);
    const place = this.#track.place(head, init.timescale, packet.key);
    if (!place) {
      this.#events.dropped(1);
      return;
    }
    if (place.duration !== head.duration) setDuration(packet.payload, head, place.duration);
    this.#still = STANDS && packet.behind;
    this.#halfS = place.duration / init.timescale / 2;
    this.#captures.add(place.startS, packet.captureMs, packet.key, this.#still);
    this.#firstS ??= place.startS;
    const last = this.#waiting.at(-1);
    if (last && 'fragments' in last && last.offsetS === place.offsetS) {
      last.fragments.push(packet.payload);
      this.#waitingBytes += packet.payload.length;
    } else {
      this.#queue({ offsetS: place.offsetS, fragments: [packet.payload] });
    }
    if (!packet.backlog) this.#present = true;
    this.#pump();
  }

  #queue(part: Part): void {
    this.#waiting.push(part);
    this.#waitingBytes += 'fragments' in part ? part.fragments[0]!.length : part.bytes.length;
    if (this.#waitingBytes <= MAX_WAITING_BYTES) return;
    if (this.#wantsMore()) this.#fail(new Error('The browser has stopped taking pictures.'));
    else this.#skip();
  }

  // #wantsMore is false while a managed source has enough.
  #wantsMore(): boolean {
    return (this.#source as { streaming?: boolean }).streaming !== false;
  }

  // #skip drops the pictures that wait, and goes on at the next keyframe.
  #skip(): void {
    const inits = this.#waiting.filter((part) => 'mime' in part);
    this.#forget();
    this.#waiting = inits.slice(-1);
    this.#waitingBytes = this.#waiting.length === 0 ? 0 : inits.at(-1)!.bytes.length;
    this.#track.cut();
  }

  #forget(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  // #pump appends what waits, one part at a time. The backlog of a new
  // connection goes in at once, when all of it is there.
  #pump(): void {
    if (this.#closed || !this.#present || this.#source.readyState !== 'open' || this.#buffer?.updating || !this.#wantsMore()) return;
    const part = this.#waiting[0];
    if (!part || ('fragments' in part && !this.#joined())) return;
    this.#waiting.shift();
    try {
      this.#waitingBytes -= 'fragments' in part ? this.#appendFragments(part) : this.#appendInit(part);
    } catch (error) {
      this.#appendFailed(part, error as Error);
    }
  }

  #appendInit(part: { mime: string; bytes: Uint8Array<ArrayBuffer> }): number {
    if (!this.#buffer) {
      this.#buffer = this.#source.addSourceBuffer(part.mime);
      this.#buffer.addEventListener('updateend', () => this.#appended());
    } else if (this.#mime !== part.mime) {
      this.#buffer.changeType(part.mime);
    }
    this.#mime = part.mime;
    this.#buffer.appendBuffer(part.bytes);
    return part.bytes.length;
  }

  #appendFragments(part: { offsetS: number; fragments: Uint8Array<ArrayBuffer>[] }): number {
    const buffer = this.#buffer!; // an init segment came first, or nothing is taken
    if (buffer.timestampOffset !== part.offsetS) buffer.timestampOffset = part.offsetS;
    const bytes = part.fragments.length === 1 ? part.fragments[0]! : concatenate(part.fragments);
    buffer.appendBuffer(bytes);
    return bytes.length;
  }

  // #appendFailed makes room if that is what is missing, and gives up otherwise.
  #appendFailed(part: Part, error: Error): void {
    const key = this.#captures.keyBefore(this.surface.currentTime);
    if (error.name !== 'QuotaExceededError' || !this.#buffer || key === null || !this.#evictBefore(key)) {
      this.#fail(error);
      return;
    }
    this.#waiting.unshift(part); // updateend comes when there is room
  }

  // #appended follows the present, and throws away the past.
  #appended(): void {
    if (this.#closed) return;
    const newestS = this.#captures.newestS();
    if (newestS !== null && !this.#joining && this.surface.buffered.length > 0) {
      if (!this.#still) this.#move(this.#follower.arrived(this.#situation(newestS)));
    }
    if (!this.#buffer?.updating) this.#evict();
    this.#pump();
  }

  // #joined goes to the present of a new connection, before any of its pictures
  // is appended: otherwise the oldest of the backlog would be shown first. It
  // says whether that was possible already.
  #joined(): boolean {
    const newestS = this.#captures.newestS();
    if (!this.#joining) return true;
    if (newestS === null || this.#firstS === null || this.surface.readyState === HTMLMediaElement.HAVE_NOTHING) return false;
    this.#joining = false;
    this.surface.currentTime = Math.max(this.#firstS, newestS - LEAD_S);
    this.surface.play().catch((error: Error) => {
      if (error.name !== 'AbortError') this.#fail(error);
    });
    return true;
  }

  #check(): void {
    const newestS = this.#captures.newestS();
    if (newestS !== null && !this.#joining) {
      if (this.#still) this.#stand(newestS);
      else this.#move(this.#follower.decide(this.#situation(newestS)));
    }
    this.#pump();
  }

  #situation(newestS: number): Situation {
    const { buffered, currentTime, seeking } = this.surface;
    const ranges: [number, number][] = [];
    for (let i = 0; i < buffered.length; i++) ranges.push([buffered.start(i), buffered.end(i)]);
    const endS = ranges.at(-1)?.[1] ?? 0; // the newest picture may still wait to be appended
    return { nowMs: wallMs(), currentS: currentTime, seeking, newestS: Math.min(newestS, endS), shownS: this.#shownS, ranges };
  }

  // #stand goes to the newest picture, of which what is buffered behind it shall not be
  // seen, and again where that was. Time stands still once it is painted, and
  // not before: an element whose time does shows the first picture that its decoder
  // gives, which may be the one before.
  #stand(newestS: number): void {
    const video = this.surface;
    const begun = this.#stoodS === newestS;
    if (begun && Math.abs(this.#shownS - newestS) < this.#halfS) video.playbackRate = 0;
    else if (!begun || video.currentTime > newestS + 2 * this.#halfS || (!video.seeking && wallMs() > this.#stoodMs + UNSEEN_MS)) {
      this.#stoodS = newestS;
      this.#stoodMs = wallMs();
      video.playbackRate = SLOWLY;
      video.currentTime = newestS + this.#halfS;
    }
  }

  #move({ rate, seekS }: Move): void {
    if (this.surface.seeking && seekS === null) return;
    if (this.surface.playbackRate !== rate) this.surface.playbackRate = rate;
    if (seekS !== null) this.surface.currentTime = seekS;
  }

  // #evict throws away what lies before the keyframe of the present, some
  // seconds at a time.
  #evict(): void {
    const key = this.#captures.keyBefore(this.surface.currentTime);
    const { buffered } = this.surface;
    if (key !== null && buffered.length > 0 && buffered.start(0) < key - KEEP_S) this.#evictBefore(key);
  }

  // #evictBefore throws away what lies before a keyframe, and says whether there was
  // anything. What is removed reaches to the next keyframe: to the one after this,
  // where the browser has rounded its time down.
  #evictBefore(keyS: number): boolean {
    const buffer = this.#buffer;
    const endS = keyS - ROUNDED_S;
    if (!buffer || buffer.updating || buffer.buffered.length === 0 || buffer.buffered.start(0) >= endS) return false;
    buffer.remove(0, endS);
    return true;
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.close();
    this.#events.failed(error);
  }
}

function setDuration(fragment: Uint8Array<ArrayBuffer>, head: FragmentHead, duration: number): void {
  new DataView(fragment.buffer, fragment.byteOffset).setUint32(head.durationAt, duration);
}

function concatenate(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

// playsUnevenly says whether a change of rate makes the picture stutter, as in
// Safari and everything on iPhones.
function playsUnevenly(): boolean {
  return navigator.vendor.startsWith('Apple');
}
