// Shows a camera by WebRTC: over lines that lose packets, and where a browser has neither
// Media Source Extensions nor WebCodecs.

import { Backoff } from './backoff';
import { wallMs } from './clock';
import { noteWebRTC, type Line } from './line';
import { SILENT, type Stage } from './stage';
import { SOUND_REFUSED, status } from './status';
import { readStats, type Report } from './rtcstats';
import { hasH264, makePeer, negotiate, Refused, watchEnd, type End } from './wish';

/** How it is to be shown. */
export interface Wish {
  /** Where it is opened at the moment. */
  url: () => URL;
  muted: boolean;
  volume: number;
  /** It is asked for by name: it is tried for as long as it takes. */
  insists: boolean;
  /** Beside a WebSocket that shows the camera until there is a first picture, and nothing is said before; it is
   * the line that has to become good enough to return to it. null: by itself. */
  line: Line | null;
}

/** What it tells the player of, besides what it tells the stage. */
export interface Events {
  /** Its first picture is there, and the surface is to be shown, unless it is closed now. */
  ready(): void;
  /** It is over, and was closed: something else is to show the camera. */
  over(): void;
  /** Others ended it, and it waits until it is told to retry. */
  ended(why: string): void;
}

const TICK_MS = 500;
const PICTURE_WITHIN_MS = 10_000; // as the server gives a connection
const DOWN_MS = 4000; // without an answer; browsers take five times as long to give up
const QUIET_MS = 10_000; // without a packet: the server is asked why
const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 5000;
const REFUSED_MS = 5000; // a server that says no will not think better of it at once
const TOLD_WITHIN_MS = 2000; // why it is over
const UNAVAILABLE = 503; // a camera that is away, or too many who watch
const NOT_CONNECTED = 'WebRTC did not connect: nothing comes through on the port that the server has for it.';
const OPUS = /^m=audio [1-9][^]*?^a=rtpmap:\d+ opus\/(\d+)\/(\d)/im;
const NO_H264 = 'This browser shows no H.264 by WebRTC.';

/** One camera by WebRTC, from now on. Each connection has a video element of its own, so that the one before stays until there is a picture. */
export class WebRTCView {
  #video: HTMLVideoElement | null = null;
  #peer: RTCPeerConnection | null = null;
  #end: End | null = null;
  #opening = new AbortController();
  #ticking: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff = new Backoff(RETRY_BASE_MS, RETRY_CAP_MS);

  #ready = false; // there was a picture, once
  #pictured = false; // on this connection
  #openedMs = 0;
  #report: Report | null = null;
  #movedMs: number | null = null; // when a picture came last
  #heardMs = 0; // when a packet did
  #upMs = 0; // when it was connected last
  #shown = 0; // before this connection
  #dropped = 0;
  #trouble = '';
  #muted: boolean;
  #volume: number;
  #closed = false;

  readonly #wish: Wish;
  readonly #stage: Stage;
  readonly #events: Events;

  constructor(wish: Wish, stage: Stage, events: Events) {
    this.#wish = wish;
    this.#stage = stage;
    this.#events = events;
    this.#muted = wish.muted;
    this.#volume = wish.volume;
  }

  /** Begins. The stage, or over, may be told of it at once. */
  open(): void {
    this.#ticking = setInterval(() => void this.#tick(), TICK_MS);
    this.#open();
  }

  /** Connects now if it waits to try again. */
  retry(): void {
    if (!this.#peer) this.#open();
  }

  /** When the picture that is shown was taken, in ms since 1970; 0 where that is not known. */
  get takenMs(): number {
    return this.#report?.playedMs ?? 0;
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
    if (!this.#video) return;
    this.#video.muted = muted;
    this.#hear('');
    if (!muted) this.#play(this.#video);
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    if (this.#video) this.#video.volume = volume;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#ticking);
    this.#video?.pause(); // which keeps the picture
    void this.#hangUp();
  }

  #open(): void {
    void this.#hangUp();
    this.#pictured = false;
    this.#report = this.#movedMs = null;
    this.#openedMs = this.#heardMs = this.#upMs = wallMs();
    const { signal } = (this.#opening = new AbortController());
    try {
      if (typeof RTCPeerConnection !== 'function') throw new Error('This browser has no WebRTC.');
      if (!hasH264(globalThis.RTCRtpReceiver)) throw new Error(NO_H264);
      const peer = (this.#peer = makePeer());
      const stream = new MediaStream();
      for (const kind of ['video', 'audio']) stream.addTrack(peer.addTransceiver(kind, { direction: 'recvonly' }).receiver.track);
      this.#video = this.#surface(stream, signal);
      if (!this.#wish.line) this.#stage.show(this.#video, 'webrtc');
      void this.#negotiate(peer, signal);
    } catch (error) {
      this.#lost((error as Error).message, 'never');
    }
    this.#say();
  }

  // #hangUp ends the connection, and what waits to make another.
  #hangUp(): Promise<Refused | null> {
    clearTimeout(this.#retry);
    this.#opening.abort();
    const peer = this.#peer;
    const told = this.#end?.() ?? Promise.resolve(null);
    if (this.#end) void told.then(() => peer?.close()); // which would end the session before it is to be ended
    else peer?.close();
    this.#end = this.#peer = null;
    this.#shown += this.#report?.shown ?? 0;
    this.#dropped += this.#report?.dropped ?? 0;
    this.#report = null;
    return told;
  }

  #surface(stream: MediaStream, signal: AbortSignal): HTMLVideoElement {
    const video = document.createElement('video');
    video.autoplay = true;
    video.playsInline = true;
    video.muted = this.#muted;
    video.volume = this.#volume;
    video.disableRemotePlayback = true;
    video.addEventListener('loadeddata', () => this.#first(), { signal });
    video.addEventListener('resize', () => this.#stage.sized(video.videoWidth, video.videoHeight), { signal });
    video.srcObject = stream;
    this.#play(video);
    return video;
  }

  // #play is asked for, since Safari begins nothing by itself that is heard, or is not on the page yet.
  #play(video: HTMLVideoElement): void {
    video.play().catch((error: Error) => {
      if (error.name !== 'NotAllowedError' || video !== this.#video || video.muted) return;
      this.setMuted(true);
      this.#hear(SOUND_REFUSED);
      this.#stage.muted();
    });
  }

  async #negotiate(peer: RTCPeerConnection, signal: AbortSignal): Promise<void> {
    try {
      const end = await negotiate(peer, this.#wish.url(), signal);
      if (signal.aborted) void end();
      else this.#end = end;
      this.#trouble = '';
      watchEnd(peer, () => peer === this.#peer && this.#lostNow());
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) this.#lost(error.message, error.status === UNAVAILABLE ? 'later' : 'never');
      else if (error instanceof TypeError) this.#lost('The server cannot be reached.', 'later'); // as fetch says it
      else this.#lost((error as Error).message, 'never');
    }
  }

  #first(): void {
    if (this.#pictured || this.#closed) return;
    this.#pictured = true;
    this.#movedMs = wallMs();
    this.#trouble = '';
    this.#backoff.reset();
    if (!this.#ready) {
      this.#ready = true;
      noteWebRTC(true, wallMs());
      this.#events.ready();
      if (this.#closed) return; // it is not wanted any more
      if (this.#wish.line) this.#stage.show(this.#video!, 'webrtc');
    }
    this.#stage.pictured();
    this.#hear('');
    this.#say();
  }

  // #lost gives up this connection, and makes another unless something else can show the camera: soon
  // after one that there was, later where the server said so, and where it never works perhaps not at all.
  #lost(trouble: string, again: 'soon' | 'later' | 'never'): void {
    const told = this.#hangUp();
    if (trouble) this.#stage.trouble('webrtc', trouble);
    if (again === 'never') noteWebRTC(false, wallMs());
    if (again !== 'soon') return this.#again(trouble, again);
    this.#say();
    const { signal } = this.#opening = new AbortController();
    const late = new Promise<null>((resolve) => setTimeout(resolve, TOLD_WITHIN_MS, null));
    void Promise.race([told, late]).then((why) => {
      if (signal.aborted) return;
      if (why?.status === 401 || why?.status === 403) this.#ended(why.message);
      else this.#again(trouble, again);
    });
  }

  // #ended: whoever was thrown out comes back when a person asks for it.
  #ended(why: string): void {
    this.#trouble = why;
    this.#stage.trouble('403', why);
    this.#events.ended(why);
    this.#say();
  }

  #again(trouble: string, again: 'soon' | 'later' | 'never'): void {
    if (!this.#wish.insists && (again !== 'soon' || this.#wish.line)) {
      this.close();
      this.#events.over();
      return;
    }
    this.#trouble = trouble;
    this.#pictured = false;
    const waitMs = again === 'soon' ? this.#backoff.next() : REFUSED_MS * (1 + Math.random());
    this.#retry = setTimeout(() => this.#open(), waitMs);
    this.#say();
  }

  async #tick(): Promise<void> {
    const peer = this.#peer;
    if (!peer) return this.#say();
    const report = await readStats(peer, this.#report);
    if (peer !== this.#peer) return;
    const nowMs = wallMs();
    if (report.packets > (this.#report?.packets ?? 0)) this.#heardMs = nowMs;
    if (report.decoded > (this.#report?.decoded ?? 0)) {
      this.#movedMs = nowMs;
      this.#first();
      if (this.#closed) return;
    }
    if (peer.connectionState === 'connected') this.#upMs = nowMs;
    this.#report = report;
    if (this.#ready) this.#measure(report);
    this.#judge(nowMs, report);
    this.#say();
  }

  // #judge ends a connection that is of no use, or is not needed any more.
  #judge(nowMs: number, { came, missed }: Report): void {
    const useless = this.#pictured ? nowMs - this.#upMs > DOWN_MS || nowMs - this.#heardMs > QUIET_MS : nowMs - this.#openedMs > PICTURE_WITHIN_MS;
    if (useless) this.#lostNow();
    else if (this.#pictured && this.#wish.line?.passed(nowMs, came, missed)) {
      this.close();
      this.#events.over();
    }
  }

  #lostNow(): void {
    if (this.#pictured) this.#lost('', 'soon');
    else if (this.#upMs > this.#openedMs) this.#lost('No picture came by WebRTC.', 'later');
    else this.#lost(NOT_CONNECTED, 'never');
  }

  #measure({ delayMs, errorMs, bufferMs, soundMs, shown, dropped }: Report): void {
    this.#stage.measured({
      delayMs, errorMs, bufferMs, soundMs: this.#muted ? null : soundMs, shown: this.#shown + shown, dropped: this.#dropped + dropped,
    });
  }

  // #hear tells of the sound. A camera without any has an empty track of another codec.
  #hear(message: string): void {
    const [, rate, channels] = OPUS.exec(this.#peer?.remoteDescription?.sdp ?? '') ?? [];
    const played = rate && !this.#muted ? { codec: 'opus' as const, rate: Number(rate), channels: Number(channels) } : null;
    if (this.#ready) this.#stage.sounds({ ...SILENT, available: rate !== undefined, ...played, message });
  }

  #say(): void {
    if (this.#closed || (this.#wish.line && !this.#ready)) return;
    this.#stage.say(
      status({
        running: true, connected: this.#peer?.connectionState === 'connected', shown: this.#ready,
        quietMs: this.#movedMs === null ? null : wallMs() - this.#movedMs, intervalMs: this.#report?.intervalMs ?? 0,
        past: null, camera: null, cameraMessage: '', trouble: this.#trouble,
      }),
    );
  }
}
