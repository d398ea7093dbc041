// One camera, shown: connections, their renderer, and what is said of them.

import type { Address } from './address';
import { Backoff } from './backoff';
import { CanvasRenderer, prepareCanvas } from './canvas';
import { ServerClock, wallMs } from './clock';
import { Connection } from './connection';
import { Hold } from './hold';
import { MultipartImage } from './img';
import { abilities, asked, Ladder, type Mode } from './modes';
import { MSERenderer } from './mse';
import { askWhy } from './posters';
import type { Codec, Packet, Playback, ServerMessage } from './protocol';
import type { Renderer, RendererEvents } from './renderer';
import { Sound } from './sound';
import type { Measure, Past, Stage } from './stage';
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

/** Shows one camera from start to stop, as often as wanted. close ends it for good. */
export class Player {
  readonly #ladder: Ladder;
  readonly #clock = new ServerClock();
  readonly #backoff = new Backoff(RETRY_BASE_MS, RETRY_CAP_MS);

  #connection: Connection | null = null;
  #renderer: Renderer | null = null;
  #rendering: Mode | null = null;
  #image: MultipartImage | null = null;
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
  #intervalMs = 0;
  #camera: (ServerMessage & { type: 'state' }) | null = null;
  #problem = '';
  #past: Past | null = null; // what is wanted; null for the present
  #returning = false; // the present is wanted, and the server has not said yet that it is shown
  #soughtMs: number | null = null; // where the past goes on when it was interrupted
  #jumped = false; // what comes next continues nothing
  #shownYet = false; // since it was started
  #delays: number[] = []; // of the pictures painted since the last tick
  #shown = 0;
  #dropped = 0;
  #ended = false; // by an administrator, or it may not be shown any more
  #closed = false;

  readonly #sound: Sound;
  readonly #hold = new Hold<Packet>((packet) => this.#render(packet), wallMs);
  readonly #address: Address;
  readonly #wanted: Mode | 'auto';
  readonly #stage: Stage;

  constructor(address: Address, wanted: Mode | 'auto', stage: Stage) {
    this.#address = address;
    this.#wanted = wanted;
    this.#stage = stage;
    this.#ladder = new Ladder(wanted, abilities);
    this.#sound = new Sound({
      wish: (codecs) => this.#connection?.send({ type: 'sound', codecs }),
      changed: (state) => this.#stage.sounds(state),
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
    if (this.#ticking === undefined || this.#connected || (this.#ended && !asked)) return;
    this.#ended = false;
    this.#problem = '';
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
    this.#sound.setMuted(muted);
  }

  /** How loud, 0 to 1. */
  setVolume(volume: number): void {
    this.#sound.setVolume(volume);
  }

  /** When the picture on the screen was taken, in ms since 1970; 0 before the first. */
  get takenMs(): number {
    return this.#lastCaptureMs;
  }

  /** Shows what was recorded, from a moment on. */
  seek(atMs: number): void {
    this.#past ??= { rate: 1, paused: false, end: false, message: '' };
    this.#returning = false;
    this.#soughtMs = atMs;
    this.#tell({ type: 'seek', atUs: Math.round(atMs * 1000) });
  }

  /** Shows it at another rate, or backwards, and goes on with it after a pause. */
  setRate(rate: number): void {
    this.#past = { end: false, message: '', ...this.#past, rate, paused: false };
    this.#returning = false;
    this.#tell({ type: 'rate', rate });
  }

  /** Keeps the picture. */
  pause(): void {
    this.#past = { rate: 1, end: false, message: '', ...this.#past, paused: true };
    this.#returning = false;
    this.#tell({ type: 'pause' });
  }

  /** Returns to the present. */
  live(): void {
    if (!this.#past) return;
    this.#past = this.#soughtMs = null;
    this.#jumped = this.#returning = true;
    this.#tell({ type: 'play' });
    this.#stage.played(null);
  }

  #tell(message: Parameters<Connection['send']>[0]): void {
    this.#lastMs &&= wallMs();
    if (this.#image) this.#stage.trouble('playback', 'Recordings cannot be shown this way.');
    this.#sound.hush(quiet(this.#past));
    this.#connection?.send(message);
    this.#report();
  }

  // #resume goes on with the past on another connection, also where the camera has
  // nothing to show.
  #resume({ rate, paused }: Past): void {
    if (this.#soughtMs !== null) this.#connection?.send({ type: 'seek', atUs: Math.round(this.#soughtMs * 1000) });
    if (this.#soughtMs === null || rate !== 1) this.#connection?.send({ type: 'rate', rate });
    if (paused) this.#connection?.send({ type: 'pause' });
  }

  #played(message: Playback): void {
    if (message.live && this.#past && message.code === 0) return; // it was said before we wanted the past
    if (!message.live && this.#returning) return; // or before we wanted the present
    this.#returning = false;
    const { live, rate, paused, end } = message;
    this.#past = live ? null : { rate, paused, end, message: message.message };
    if (live) this.#soughtMs = null;
    this.#jumped ||= live;
    this.#sound.hush(quiet(this.#past));
    if (message.code !== 0) this.#stage.trouble('playback', message.message);
    this.#stage.played(this.#past);
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

  #connect(): void {
    if (this.#ladder.codecs().length === 0) {
      this.#showImage();
      return;
    }
    this.#clock.reset();
    this.#connection = new Connection(this.#address.socket(), () => this.#codecs(), this.#clock, {
      opened: () => this.#opened(),
      message: (message) => this.#receive(message),
      packet: (packet) => this.#take(packet),
      closed: (opened, reason) => this.#lost(opened, reason),
    });
    this.#report();
  }

  #opened(): void {
    this.#returning = false; // another connection begins with the present
    if (this.#past) this.#resume(this.#past);
    this.#sound.connected();
  }

  async #codecs(): Promise<Codec[]> {
    await asked();
    return this.#ladder.codecs();
  }

  #disconnect(): void {
    clearTimeout(this.#retry);
    this.#asking?.abort();
    this.#connection?.close();
    this.#connection = null;
    this.#image?.close();
    this.#image = null;
    this.#hold.reset();
    this.#sound.disconnected();
    this.#connected = false;
    this.#codec = null;
    this.#camera = null;
    this.#firstMs = this.#lastMs = null;
    this.#delays = [];
  }

  #receive(message: ServerMessage): void {
    this.#connected = true;
    switch (message.type) {
      case 'hello':
        this.#problem = '';
        if (message.fps > 0) this.#intervalMs = 1000 / message.fps;
        if (message.codec !== this.#codec || this.#past || this.#jumped) this.#begin(message.codec);
        if (this.#past || this.#jumped) this.#sound.leap();
        this.#jumped = false;
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
    if (this.#firstMs === null) {
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
    this.#hold.set(this.#sound.holdMs(), this.#rendering !== 'mse');
    this.#sound.picture(packet, this.#hold.heldMs);
    this.#hold.take(packet);
  }

  #render(packet: Packet): void {
    try {
      this.#renderer?.take(packet);
    } catch (error) {
      this.#lost(true, `The server sent ${(error as Error).message}.`);
    }
  }

  #painted(captureMs: number, paintedMs: number): void {
    if (!this.#connected) return; // the last of a connection that is gone
    this.#shown++;
    if (this.#firstMs === null) this.#firstPicture(paintedMs);
    this.#lastMs = paintedMs;
    this.#lastCaptureMs = captureMs;
    this.#sound.painted(captureMs, paintedMs);
    if (this.#past) {
      this.#soughtMs = captureMs;
      return; // it has no delay
    }
    const offsetMs = this.#clock.offsetMs(paintedMs);
    if (offsetMs !== null) this.#delays.push(paintedMs + offsetMs - captureMs);
  }

  #firstPicture(atMs: number): void {
    this.#firstMs = atMs;
    this.#shownYet = true;
    this.#lastMs = atMs;
    this.#stage.pictured();
    this.#report();
  }

  #lost(opened: boolean, reason: string): void {
    if (this.#firstMs !== null && wallMs() - this.#firstMs > LASTED_MS) this.#backoff.reset();
    const problem = this.#problem || (this.#shownYet && opened ? '' : reason);
    this.#disconnect();
    this.#problem = problem;
    if (!this.#ended) this.#later(this.#backoff.next());
    if (!opened) void this.#explain();
    this.#report();
  }

  #later(waitMs: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), waitMs);
  }

  // #explain finds out over HTTP why there is no WebSocket: browsers do not say.
  async #explain(): Promise<void> {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const why = await askWhy(this.#address.still(), signal);
    if (signal.aborted) return;
    this.#problem = why ?? 'The server cannot be reached. Trying again…';
    if (why) this.#later(REFUSED_MS * (1 + Math.random()));
    if (why === '') this.#problem = 'The server is there, but no WebSocket comes through.';
    this.#stage.trouble('unreachable', this.#problem);
    if (why === '' && this.#wanted === 'auto' && this.#backoff.count >= TRIES_BEFORE_IMG) {
      this.#disconnect();
      this.#showImage();
    }
    this.#report();
  }

  #showImage(): void {
    this.#renderer?.close();
    this.#renderer = null;
    this.#rendering = 'img';
    this.#image = new MultipartImage(this.#address.multipart(), {
      shown: () => {
        this.#connected = true;
        this.#shownYet = true;
        this.#stage.pictured();
        this.#stage.say({ state: 'live', words: 'Live' });
      },
      broken: () => this.#stage.say({ state: 'error', words: 'No picture. Trying again…' }),
      sized: (width, height) => this.#stage.sized(width, height),
    });
    this.#stage.show(this.#image.surface, 'img');
  }

  #tick(): void {
    if (this.#image) return; // which knows nothing to tell
    const measure = this.#measure();
    this.#delays = [];
    this.#stage.measured(measure);
    if (++this.#ticks % STATS_EVERY === 0 && this.#connected) this.#sendStats(measure);
    if (this.#isTooSlow(measure)) this.#fallBack('webcodecs', 'This machine is too slow for it.');
    this.#report();
  }

  #measure(): Measure {
    const nowMs = wallMs();
    return {
      delayMs: this.#delayMs(nowMs),
      errorMs: this.#clock.errorMs(nowMs),
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
    if (this.#lastMs === null || offsetMs === null || this.#past) return null;
    return nowMs + offsetMs - this.#lastCaptureMs;
  }

  // #isTooSlow finds out that WebCodecs does not keep up, where a media element
  // might: that one need not copy pictures to a canvas.
  #isTooSlow({ bufferMs }: Measure): boolean {
    const may = this.#wanted === 'auto' && !this.#past && this.#rendering === 'webcodecs' && this.#ladder.offers('mse', this.#begun);
    this.#slowTicks = may && bufferMs > SLOW_MS ? this.#slowTicks + 1 : 0;
    return this.#slowTicks >= SLOW_TICKS;
  }

  #sendStats({ shown, dropped, bufferMs, delayMs }: Measure): void {
    const rounded = { shown, dropped, bufferMs: Math.round(bufferMs), latencyMs: Math.round(delayMs ?? 0) };
    this.#connection?.send({ type: 'stats', ...rounded });
  }

  #report(): void {
    if (this.#image && this.#ticking !== undefined) return;
    this.#stage.say(
      status({
        running: this.#ticking !== undefined,
        connected: this.#connected,
        shown: this.#shownYet,
        quietMs: this.#lastMs === null ? null : wallMs() - this.#lastMs,
        intervalMs: this.#intervalMs,
        past: this.#past,
        camera: this.#camera?.camera ?? null,
        cameraMessage: this.#camera?.message ?? '',
        trouble: this.#problem,
      }),
    );
  }
}
