// One camera, shown: connections, their renderer, and what is said of them.

import type { Address } from './address';
import type { Aside } from './aside';
import { Backoff } from './backoff';
import { CanvasRenderer, prepareCanvas } from './canvas';
import { ServerClock, wallMs } from './clock';
import { Connection } from './connection';
import { Hold } from './hold';
import { load } from './later';
import { Looking } from './looking';
import { abilities, asked, Ladder, webRTCFirst, type Mode } from './modes';
import { MSERenderer } from './mse';
import type { Nodes } from './nodes';
import { askWhy } from './posters';
import type { ClientMessage, Codec, Packet, Playback, ServerMessage } from './protocol';
import type { Renderer, RendererEvents } from './renderer';
import { Sound } from './sound';
import type { Measure, Stage } from './stage';
import { quiet, status } from './status';

const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 5000;
const REFUSED_MS = 5000; // a server that says no will not think better of it at once
const LASTED_MS = 5000; // a connection that gave pictures for so long was a success
const ENDED = 403;
const TICK_MS = 500;
const STATS_EVERY = 4; // ticks
const TRIES_BEFORE_IMG = 2;
const SLOW_MS = 250; // behind what has arrived
const SLOW_TICKS = 4;
const LATE_MS = 300; // more than the picture that was the least late on its way
const SETTLED_MS = 1000; // after an epoch began; until then what waits may be of another place than is asked for
const STUCK_MS = 900; // for an answer, which a queue on the way holds as it does pictures

/** Shows one camera from start to stop, as often as wanted. close ends it for good. */
export class Player {
  readonly #ladder: Ladder;
  readonly #clock = new ServerClock();
  readonly #backoff = new Backoff(RETRY_BASE_MS, RETRY_CAP_MS);

  #connection: Connection | null = null;
  #renderer: Renderer | null = null;
  #rendering: Mode | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;
  #slowTicks = 0; // in a row
  #asking: AbortController | null = null;

  #codec: Codec | null = null; // of this connection
  #begun: Codec = 'h264'; // what the renderer was told to show last
  #connected = false;
  #firstMs: number | null = null; // when this connection's first picture was painted
  #lastMs: number | null = null; // when the last one was
  #lastCaptureMs = 0;
  #passedMs = 0; // when the picture was taken that was rendered last
  #intervalMs = 0;
  #doubtMs = 0; // by how much the times of pictures may be wrong
  #camera: (ServerMessage & { type: 'state' }) | null = null;
  #problem = '';
  #aside: { by: Mode } | null = null; // it is shown without a WebSocket, or is to be
  #way: Aside | null = null; // which does that, once it was of use
  #nodes: Nodes | null = null; // where else the camera is shown, in a cluster
  #begunMs = 0; // when this epoch began; Infinity where another place was asked for
  #stale = false; // what comes is ahead of a pause, until the server has returned to it
  #leastMs = Infinity; // from taking a picture to its arrival, as far as clocks agree
  #lateMs = 0; // by how much more the newest took
  #shownYet = false; // since it was started
  readonly #proved = new Set<string>(); // the modes that showed something, each with its codec
  #blocked = 0; // attempts in a row of which nothing came though HTTP gave a picture
  #delays: number[] = []; // of the pictures painted since the last tick
  #shown = 0;
  #shownBefore = 0; // at the last tick
  #finishedMs = 0; // the picture that was sought since it was the last
  #dropped = 0;
  #ended = false; // by an administrator, or it may not be shown any more
  #closed = false;

  readonly #looking = new Looking();
  readonly #sound: Sound;
  readonly #hold = new Hold<Packet>((packet) => this.#render(packet), wallMs);
  readonly #home: Address;
  readonly #wanted: Mode | 'auto';
  readonly #stage: Stage;

  constructor(address: Address, wanted: Mode | 'auto', stage: Stage) {
    this.#home = address;
    this.#wanted = wanted;
    this.#stage = stage;
    this.#ladder = new Ladder(wanted === 'webrtc' ? 'auto' : wanted, abilities);
    this.#sound = new Sound({
      wish: (codecs) => this.#connection?.send({ type: 'sound', codecs }),
      changed: (state) => this.#aside || this.#stage.sounds(state),
      refused: () => this.#stage.muted(),
      trouble: (message) => this.#stage.trouble('sound', message),
    });
    void asked(); // the answer is there, or nearly, when it is needed
    if (wanted !== 'mse' && wanted !== 'img') prepareCanvas();
  }

  /** Connects. Does nothing if it runs. */
  start(): void {
    if (this.#ticking !== undefined || this.#closed) return;
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#shownYet = false;
    this.retryNow();
  }

  /** Disconnects, and leaves the last picture where it is. */
  stop(): void {
    if (this.#ticking === undefined) return;
    this.#halt();
    this.#renderer?.rest();
    this.#report();
  }

  /** Tries again now instead of later; where others ended it, only if a person asks for it. */
  retryNow(asked = false): void {
    if (this.#ticking === undefined || (this.#ended ? !asked : this.#connected)) return;
    this.#ended = false;
    if (this.#aside) return this.#way?.retry();
    this.#problem = '';
    this.#blocked = 0;
    this.#backoff.reset();
    this.#disconnect();
    this.#connect();
  }

  /** Tries again now, or finds out whether the connection is one still: the network was gone, and may be another. */
  backOnline(): void {
    this.#connection?.doubt();
    this.retryNow();
  }

  /** Has it be heard or not. A person has to have done something just now, or browsers refuse. */
  setMuted(muted: boolean): void {
    this.#way?.setMuted(muted);
    this.#sound.setMuted(muted);
  }

  /** How loud, 0 to 1. */
  setVolume(volume: number): void {
    this.#way?.setVolume(volume);
    this.#sound.setVolume(volume);
  }

  /** When the picture on the screen was taken, in ms since 1970; 0 before the first. */
  get takenMs(): number {
    return this.#aside ? (this.#way?.takenMs ?? 0) : this.#lastCaptureMs;
  }

  /** How many pictures were painted since it was made, the same again too. */
  get painted(): number {
    return this.#shown;
  }

  /** Shows what was recorded, from a moment on. */
  seek(atMs: number): void {
    this.#begunMs = Infinity;
    this.#tell(this.#looking.seek(atMs));
  }

  /** Shows it at another rate, or backwards, and goes on with it after a pause. */
  setRate(rate: number): void {
    this.#tell(this.#looking.rate(rate));
  }

  /** Keeps the picture: the server returns to where the first is still to come of those that waited for their sound. */
  pause(): void {
    const ahead = this.#hold.drop();
    const firstMs = wallMs() - this.#begunMs < SETTLED_MS ? Infinity : Math.min(...ahead.map(({ captureMs }) => captureMs));
    const atMs = Math.min((this.#passedMs + firstMs) / 2, firstMs - 1); // times are made better while it is recorded
    this.#stale = atMs < Infinity;
    if (!this.#stale) ahead.forEach((packet) => this.#render(packet));
    this.#tell(this.#looking.pause(atMs));
  }

  /** Returns to the present. */
  live(): void {
    if (!this.#looking.past) return;
    this.#begunMs = Infinity;
    this.#tell(this.#looking.live());
    this.#stage.played(null);
  }

  get #address(): Address {
    return this.#nodes?.address ?? this.#home;
  }

  #tell(message: ClientMessage): void {
    this.#lastMs &&= wallMs();
    if (this.#aside?.by === 'img') this.#stage.trouble('playback', 'Recordings cannot be shown this way.');
    this.#sound.hush(quiet(this.#looking.past));
    this.#connection?.send(message);
    if (this.#ticking !== undefined && this.#aside?.by !== 'img' && (this.#looking.past ? this.#aside : webRTCFirst(this.#wanted))) {
      this.#ended = false; // a person asks
      this.#disconnect();
      this.#connect();
    }
    this.#report();
  }

  #played(message: Playback): void {
    if (!this.#looking.played(message)) return;
    const { past } = this.#looking;
    this.#sound.hush(quiet(past));
    if (message.code !== 0) {
      this.#stage.trouble('playback', message.message);
      if (this.#begunMs === Infinity) this.#begunMs = wallMs(); // what is shown goes on
    }
    this.#stage.played(past);
  }

  /** Ends it and gives everything back. */
  close(): void {
    this.#halt();
    this.#closed = true;
    this.#sound.close();
    this.#renderer?.close();
    this.#renderer = null;
  }

  #halt(): void {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#disconnect();
  }

  // #connect shows the camera by what comes first here. WebRTC has no past.
  #connect(): void {
    if (!this.#looking.past && webRTCFirst(this.#wanted)) void this.#goAside('webrtc');
    else this.#open();
    this.#report();
  }

  // #goAside has the camera be shown without a WebSocket.
  async #goAside(by: 'img' | 'webrtc'): Promise<void> {
    const turn = (this.#aside = { by });
    this.#rendering = null; // what is on the screen stays until there is a picture elsewhere
    const way = await this.#otherWay();
    if (this.#aside !== turn) return;
    if (by === 'img' && way) way.image();
    else if (by === 'img') this.#unreached(false, '');
    else if (!way?.begin()) this.#passed(false);
  }

  // #lags: the server left pictures out, or its answers are late. Where those that come are late, too, it is the line.
  async #lags(): Promise<void> {
    if (this.#wanted !== 'auto' || this.#looking.past || this.#lateMs < LATE_MS) return;
    const connection = this.#connection;
    const way = await this.#otherWay();
    if (this.#connection === connection) way?.leftOut();
  }

  // #otherWay gives what shows it so, or null where that cannot be loaded.
  async #otherWay(): Promise<Aside | null> {
    const module = await load('aside');
    if (module) this.#way ??= new module.Aside(() => this.#address, this.#wanted === 'webrtc', this.#stage, this.#sound, (to) => this.#passed(to));
    return this.#way;
  }

  // #passed: WebRTC shows the camera from now on, or a WebSocket again, or others ended it.
  #passed(toWebRTC: boolean | string): void {
    if (typeof toWebRTC === 'string') {
      this.#ended = true;
      this.#problem = toWebRTC;
      return;
    }
    if (toWebRTC && this.#looking.past) return this.#way?.end();
    if (toWebRTC) this.#disconnectSocket();
    this.#rendering = null;
    this.#aside = toWebRTC ? { by: 'webrtc' } : null;
    if (!toWebRTC) this.#open();
  }

  #open(): void {
    if (this.#ladder.codecs().length === 0) {
      void this.#goAside('img');
      return;
    }
    this.#clock.reset();
    this.#connection = new Connection(this.#address.socket(), () => asked().then(() => this.#ladder.codecs()), this.#clock, {
      opened: () => this.#opened(),
      message: (message) => this.#receive(message),
      packet: (packet) => this.#take(packet),
      closed: (opened, reason) => this.#unreached(opened, reason),
    });
    this.#report();
  }

  #opened(): void {
    for (const message of this.#looking.resumed()) this.#connection?.send(message);
    this.#sound.connected();
  }

  #disconnect(): void {
    this.#aside = null;
    this.#way?.end();
    this.#disconnectSocket();
  }

  #disconnectSocket(): void {
    clearTimeout(this.#retry);
    this.#asking?.abort();
    this.#connection?.close();
    this.#connection = null;
    this.#hold.reset();
    this.#sound.disconnected();
    this.#connected = false;
    this.#leastMs = Infinity;
    this.#codec = null;
    this.#camera = null;
    this.#firstMs = this.#lastMs = null;
    this.#delays = [];
  }

  #receive(message: ServerMessage): void {
    this.#connected = true;
    this.#blocked = 0;
    switch (message.type) {
      case 'hello':
        this.#problem = '';
        this.#stale = false;
        this.#begunMs = wallMs();
        this.#doubtMs = message.doubtMs;
        if (message.nodes) void this.#learn();
        if (message.fps > 0) this.#intervalMs = 1000 / message.fps;
        if (message.codec !== this.#codec || this.#looking.past || this.#looking.jumped) this.#begin(message.codec);
        if (this.#looking.past || this.#looking.jumped) this.#sound.leap();
        this.#looking.jumped = false;
        this.#sound.begin(message.codec, message.timescale, message.sound);
        break;
      case 'sound':
        this.#sound.answered(message);
        break;
      case 'state':
        this.#camera = message;
        this.#sound.offered(message.sound);
        break;
      case 'playback':
        this.#played(message);
        break;
      case 'drop':
        this.#dropped += message.frames;
        void this.#lags();
        break;
      case 'error':
        this.#problem = message.message || `error ${message.code}`;
        this.#ended = message.code === ENDED;
        this.#stage.trouble(String(message.code), this.#problem);
        break;
    }
    this.#report();
  }

  // #begin gets a renderer ready for what this connection sends.
  #begin(codec: Codec): void {
    const mode = this.#ladder.modeFor(codec);
    if (!mode) {
      this.#lost(true, `The server sends ${codec}, which cannot be shown here.`);
      return;
    }
    this.#hold.flush(); // what waits is not of this codec
    this.#codec = this.#begun = codec;
    if (this.#rendering !== mode || !this.#renderer) this.#replaceRenderer(mode);
    this.#renderer?.begin(codec);
  }

  #replaceRenderer(mode: Mode): void {
    this.#renderer?.close();
    this.#renderer = null;
    this.#rendering = mode;
    let current = true; // a renderer that was replaced has nothing more to say
    const events: RendererEvents = {
      painted: (captureMs, paintedMs) => current && this.#painted(captureMs, paintedMs),
      dropped: (count) => (this.#dropped += count),
      sized: (width, height) => current && this.#stage.sized(width, height),
      failed: (reason) => {
        if (current) this.#rendererFailed(mode, reason);
        current = false;
      },
    };
    try {
      this.#renderer = mode === 'mse' ? new MSERenderer(events) : new CanvasRenderer(events);
    } catch (error) {
      events.failed(error as Error);
      return;
    }
    this.#stage.show(this.#renderer.surface, mode);
  }

  // #rendererFailed takes a mode out that has never worked, and gives one that
  // has another try.
  #rendererFailed(mode: Mode, reason: Error): void {
    this.#renderer?.close();
    this.#renderer = null;
    if (this.#firstMs === null && !this.#proved.has(`${mode} ${this.#begun}`)) {
      this.#fallBack(mode, reason.message);
    } else {
      this.#stage.trouble(mode, reason.message);
      this.#lost(true, '');
    }
  }

  // #fallBack goes on with the next mode at once, or tries this one again later
  // if it is the only one.
  #fallBack(mode: Mode, reason: string): void {
    this.#stage.trouble(mode, reason);
    this.#ladder.fail(mode, this.#begun);
    if (this.#wanted !== 'auto' && this.#begun !== 'h265') {
      this.#lost(true, `It cannot be shown here: ${reason}`);
      return;
    }
    if (this.#ticking === undefined) return; // it was stopped
    this.#disconnect();
    this.#rendering = null; // what is on the screen is the old mode's, and says nothing of the next
    this.#slowTicks = 0;
    this.#shownYet = false;
    this.#connect();
  }

  #take(packet: Packet): void {
    if (packet.kind === 'sound' || packet.kind === 'soundInit') {
      this.#sound.take(packet);
      return;
    }
    if (packet.kind === 'frame' && !packet.backlog) {
      const afterMs = wallMs() - packet.captureMs;
      this.#leastMs = Math.min(this.#leastMs, afterMs);
      this.#lateMs = afterMs - this.#leastMs;
      if (this.#clock.tripMs! > STUCK_MS) void this.#lags();
    }
    if (this.#stale && (this.#looking.past || !packet.key)) return; // a pause that is refused goes on with a keyframe
    this.#stale = false;
    const heard = quiet(this.#looking.past) === null;
    if (heard) this.#hold.set(this.#sound.holdMs());
    this.#sound.picture(packet, this.#hold.heldMs);
    this.#renderer?.pace?.(this.#hold.slower);
    this.#hold.take(packet, heard);
  }

  #render(packet: Packet): void {
    if (packet.kind === 'frame') this.#passedMs = packet.captureMs;
    try {
      this.#renderer?.take(packet);
    } catch (error) {
      this.#lost(true, `The server sent ${(error as Error).message}.`);
    }
  }

  #painted(captureMs: number, paintedMs: number): void {
    if (!this.#connected) return; // the last of a connection that is gone
    this.#shown++;
    this.#lastMs = paintedMs;
    if (this.#firstMs === null) this.#firstPicture(paintedMs); // which says that it is live, and not the next tick
    this.#lastCaptureMs = captureMs;
    this.#sound.painted(captureMs, paintedMs);
    if (this.#begunMs === Infinity) return; // it is of the place before
    if (this.#looking.past) {
      this.#looking.soughtMs = captureMs;
      return; // it has no delay
    }
    const offsetMs = this.#clock.offsetMs(paintedMs);
    if (offsetMs !== null) this.#delays.push(paintedMs + offsetMs - captureMs);
  }

  #firstPicture(atMs: number): void {
    this.#firstMs = atMs;
    this.#proved.add(`${this.#rendering} ${this.#begun}`);
    this.#shownYet = true;
    this.#stage.pictured();
    this.#report();
  }

  // #learn finds out where else the camera is shown.
  async #learn(): Promise<void> {
    const module = await load('nodes');
    if (module) this.#nodes ??= new module.Nodes(this.#home);
    this.#nodes?.reached();
  }

  // #unreached: the server does not show the camera any more. Another node may.
  #unreached(opened: boolean, reason: string): void {
    const address = this.#address;
    this.#lost(opened, reason);
    if (this.#ended) return;
    const soonMs = this.#nodes?.next();
    if (soonMs !== undefined) this.#later(soonMs);
    else if (!opened) void this.#explain(address);
  }

  #lost(opened: boolean, reason: string): void {
    if (this.#firstMs !== null && wallMs() - this.#firstMs > LASTED_MS) this.#backoff.reset();
    const problem = this.#problem || (this.#shownYet && opened ? '' : reason);
    this.#disconnect();
    this.#problem = problem;
    if (!this.#ended) this.#later(this.#backoff.next());
    this.#report();
  }

  #later(waitMs: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }

  // #explain finds out over HTTP why there is no WebSocket: browsers do not say. The next attempt may
  // have begun, and may have come through, before there is an answer.
  async #explain(address: Address): Promise<void> {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const why = await askWhy(address.still(), signal);
    if (signal.aborted || this.#connected || this.#aside) return;
    this.#problem = why ?? ((this.#nodes && this.#problem) || 'The server cannot be reached. Trying again…');
    if (why) {
      this.#disconnect();
      this.#later(REFUSED_MS * (1 + Math.random()));
    }
    if (why === '') this.#problem = 'The server is there, but no WebSocket comes through.';
    this.#stage.trouble('unreachable', this.#problem);
    if (why === '' && this.#wanted === 'auto' && ++this.#blocked >= TRIES_BEFORE_IMG) {
      this.#disconnect();
      void this.#goAside('img');
    }
    this.#report();
  }

  #tick(): void {
    this.#nodes?.tick(wallMs());
    if (this.#aside) return; // which tells what it knows itself
    const measure = this.#measure();
    this.#delays = [];
    this.#stage.measured(measure);
    if (++this.#ticks % STATS_EVERY === 0 && this.#connected) this.#sendStats(measure);
    if (this.#isTooSlow(measure)) this.#fallBack('webcodecs', 'This machine is too slow for it.');
    this.#finish(measure);
    this.#report();
  }

  #measure(): Measure {
    const nowMs = wallMs();
    const errorMs = this.#clock.errorMs(nowMs);
    return {
      delayMs: this.#delayMs(nowMs),
      errorMs: errorMs && errorMs + this.#doubtMs,
      bufferMs: this.#renderer?.bufferMs() ?? 0,
      soundMs: this.#sound.behindMs,
      shown: this.#shown,
      dropped: this.#dropped,
    };
  }

  // #delayMs is the median of what was painted lately. When nothing was, what is
  // on the screen grows old.
  #delayMs(nowMs: number): number | null {
    if (this.#delays.length > 0) return this.#delays.sort((a, b) => a - b)[this.#delays.length >> 1]!;
    const offsetMs = this.#clock.offsetMs(nowMs);
    if (this.#lastMs === null || offsetMs === null || this.#looking.past) return null;
    return nowMs + offsetMs - this.#lastCaptureMs;
  }

  // #isTooSlow finds out that WebCodecs does not keep up, where a media element
  // might: that one need not copy pictures to a canvas.
  #isTooSlow({ bufferMs }: Measure): boolean {
    const may = this.#wanted === 'auto' && !this.#looking.past && this.#rendering === 'webcodecs' && this.#ladder.offers('mse', this.#begun);
    this.#slowTicks = may && bufferMs > SLOW_MS ? this.#slowTicks + 1 : 0;
    return this.#slowTicks >= SLOW_TICKS;
  }

  // #finish shows the last picture of what was recorded, where a decoder that was too slow left it out: no keyframe
  // follows, with which it would go on.
  #finish({ bufferMs }: Measure): void {
    const { past } = this.#looking;
    const short = this.#rendering !== 'mse' && past?.end && past.rate > 0 && bufferMs > 0 && this.#shown === this.#shownBefore && this.#passedMs !== this.#finishedMs;
    this.#shownBefore = this.#shown;
    if (!short) return;
    this.#finishedMs = this.#passedMs; // once
    this.seek(this.#passedMs);
  }

  #sendStats({ shown, dropped, bufferMs, delayMs }: Measure): void {
    this.#connection?.send({ type: 'stats', shown, dropped, bufferMs: Math.round(bufferMs), latencyMs: Math.round(delayMs ?? 0) });
  }

  #report(): void {
    if (this.#aside && this.#ticking !== undefined) return;
    this.#stage.say(
      status({
        running: this.#ticking !== undefined,
        connected: this.#connected,
        shown: this.#shownYet,
        quietMs: this.#lastMs === null ? null : wallMs() - this.#lastMs,
        intervalMs: this.#intervalMs,
        past: this.#looking.past,
        camera: this.#camera?.camera ?? null,
        cameraMessage: this.#camera?.message ?? '',
        trouble: this.#problem,
      }),
    );
  }
}
