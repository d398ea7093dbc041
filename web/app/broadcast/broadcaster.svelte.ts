// The broadcaster: this device's camera, sent up picture by picture, and its
// microphone if that is wanted.

import { call } from '../api/client';
import { live, may } from '../live.svelte';
import { texts } from '../texts/broadcast';
import type { Text } from '../text.svelte';
import { Awake } from './awake';
import { Camera, listCameras, type Device } from './camera';
import { publisher, remember, type Choices } from './choices';
import type { Ended, Link } from './links';
import { Microphone } from './microphone';
import { opener, publish } from './publishing';
import { Sender } from './sender';
import { canSend, type Tracks } from './webrtclink';

const LATE = 3000; // ms without an answer, after which the page does not say live
const COUNTED_EVERY = 1000; // ms

/** How a broadcast is: not there, on its way, live, or over for a reason that is none of ours. */
export type State = 'idle' | 'wait' | 'live' | 'bad';

/** What is counted, while there is a link; NaN where it is not known. */
export interface Counters {
  viewers: number;
  fps: number;
  bytesPerSecond: number;
  tripMs: number;
  sent: number;
  skipped: number;
  /** What goes up at the moment, where that is less than what is wanted. */
  less: { fps: number; quality: number } | null;
  way: Link['name'] | null;
}

const nothing: Counters = { viewers: NaN, fps: NaN, bytesPerSecond: NaN, tripMs: NaN, sent: 0, skipped: 0, less: null, way: null };

/** Broadcasts to a camera. Its properties are reactive. */
export class Broadcaster {
  /** How it is, in words. */
  status = $state.raw<{ state: State; text: Text }>({ state: 'idle', text: texts.idle });
  /** What there is to say of the sound. */
  sound = $state.raw<Text | null>(null);
  soundWanted = $state(false);
  counters = $state.raw<Counters>(nothing);
  /** The device's cameras, as far as it tells their names. */
  devices = $state.raw<readonly Device[]>([]);
  /** Whether the camera is open, for a broadcast or not. */
  shown = $state(false);
  /** Whether a broadcast is wanted. */
  running = $state(false);
  hasTorch = $state(false);
  torch = $state(false);

  private readonly camera: Camera;
  private readonly sender: Sender;
  private readonly microphone = new Microphone();
  private readonly ticker = new Worker(new URL('./ticker.ts', import.meta.url), { type: 'module' });
  private readonly awake = new Awake();
  private readonly counting: ReturnType<typeof setInterval>;
  private use: AbortController | null = null; // of what wants the camera: a look at it, or a broadcast
  private link: Link | null = null;
  private opening: Promise<boolean> = Promise.resolve(true); // the camera, if it is being opened
  private wishes = 0; // how often it was to be
  private before = { at: performance.now(), sent: 0, bytes: 0 };

  constructor(
    private readonly id: string,
    video: HTMLVideoElement,
    private choices: Choices,
  ) {
    this.camera = new Camera(video);
    this.camera.onended = () => this.fail(texts.takenAway);
    this.sender = new Sender(this.camera, choices);
    this.sender.onsent = () => this.status.state !== 'live' && this.sayLive();
    this.sender.onrefused = (message) => this.say('bad', texts.refused(message));
    this.sender.onpace = () => this.setPace();
    this.microphone.onpacket = (ms, packet) => this.sender.sound(ms, packet);
    this.microphone.onended = (end) => this.endSound(end.kind === 'taken' ? texts.microphoneTaken : texts.notEncoded(end.message));
    this.ticker.onmessage = () => this.sender.tick();
    this.counting = setInterval(() => this.show(), COUNTED_EVERY);
    this.sound = missingSound();
  }

  /** Ends all of it. */
  end(): void {
    this.stop();
    clearInterval(this.counting);
    this.ticker.terminate();
  }

  /** Ends the link at once, as the page goes. */
  hangUp(): void {
    this.link?.close();
  }

  /** Starts a broadcast, with the camera that is open, or asks for one. */
  async start(): Promise<void> {
    const fresh = this.use === null;
    const use = this.use ?? this.begin();
    this.running = true;
    if (!(await (fresh ? this.openCamera() : this.opening)) || use.signal.aborted) return;
    this.say('wait', texts.connecting);
    void this.awake.keep(() => this.running);
    this.setPace();
    this.askSound();
    const tracks = (await takesWebRTC(this.id)) ? () => this.tracks() : null;
    if (use.signal.aborted) return;
    const replaced = await publish(opener(this.id, publisher(), tracks), use.signal, {
      link: (link) => this.take(link),
      waiting: (ended) => this.sayWaiting(ended),
    });
    if (replaced) this.fail(texts.replaced);
  }

  /** Opens the camera, to be seen here alone. */
  async preview(): Promise<void> {
    if (this.use) return;
    this.begin();
    if ((await this.openCamera()) && !this.running) this.say('idle', texts.idle);
  }

  private begin(): AbortController {
    this.say('wait', texts.opening);
    return (this.use = new AbortController());
  }

  /** Stops, and closes the camera. */
  stop(): void {
    this.use?.abort();
    this.use = null;
    this.running = this.shown = this.torch = this.hasTorch = false;
    this.camera.close();
    this.endSound(null);
    this.awake.release();
    this.setPace();
    this.say('idle', texts.idle);
  }

  private fail(why: Text): void {
    this.stop();
    this.say('bad', why);
  }

  /** Takes other choices, and keeps them. */
  async choose(choices: Choices): Promise<void> {
    const before = this.choices;
    this.choices = choices;
    remember(choices);
    this.camera.mirror = choices.mirror;
    this.film();
    if (choices.fps !== before.fps || choices.quality !== before.quality) this.sender.want(choices);
    if (!this.use) return;
    const same = (['camera', 'width', 'height', 'fps'] as const).every((key) => choices[key] === before[key]);
    if (!same) await this.openCamera();
  }

  /** Turns the camera's light on or off. */
  async turnTorch(on: boolean): Promise<void> {
    try {
      await this.camera.turnTorch(on);
      this.torch = on;
    } catch {
      this.torch = this.hasTorch = false;
    }
  }

  /** Opens the camera as it is wanted by then, one opening after another: a device gives its camera once. An opening
   * that another follows is left out. It settles with whether what it is for goes on. */
  private openCamera(): Promise<boolean> {
    const wish = ++this.wishes;
    const use = this.use;
    this.opening = this.opening.then(() => (wish === this.wishes ? this.openNow(use) : this.use === use));
    return this.opening;
  }

  private async openNow(use: AbortController | null): Promise<boolean> {
    if (this.use !== use) return false;
    this.hasTorch = this.torch = false;
    try {
      await this.camera.open(this.choices);
    } catch (error) {
      if (this.use === use) this.fail(texts.whyNoCamera(error as DOMException));
      return false;
    }
    if (this.use !== use) {
      this.camera.close(); // stopped while the browser asked
      return false;
    }
    this.shown = true;
    this.hasTorch = this.camera.hasTorch;
    this.film();
    await this.list();
    return true;
  }

  /** Lists the device's cameras anew. */
  async list(): Promise<void> {
    this.devices = await listCameras();
  }

  /** Turns the sound on or off. */
  async turnSound(on: boolean): Promise<void> {
    this.soundWanted = on;
    if (!on) {
      this.endSound(null);
      return;
    }
    this.sound = texts.openingMicrophone;
    try {
      await this.microphone.start();
    } catch (error) {
      this.endSound(texts.whyNoMicrophone(error as DOMException));
      return;
    }
    this.askSound();
  }

  // askSound asks the server to take sound, once there is some and a connection.
  private askSound(): void {
    if (!this.microphone.open) return;
    if (!this.running) this.sound = texts.soundLater;
    else if (this.link?.listen) this.link.listen(this.microphone.track);
    else if (this.link && !this.link.askSound) this.sound = texts.soundNeedsSocket;
    else this.link?.askSound?.('opus');
  }

  private endSound(why: Text | null): void {
    this.microphone.stop();
    this.link?.askSound?.('');
    this.link?.listen?.(null);
    this.soundWanted = false;
    this.sound = why ?? missingSound();
  }

  /** Is to be called when the page is seen again. */
  seen(): void {
    void this.awake.keep(() => this.running);
  }

  // tracks gives what goes up by WebRTC.
  private tracks(): Tracks | null {
    const video = this.camera.outgoing;
    return video && { video, audio: this.microphone.track };
  }

  // film has another camera, or the same mirrored, go up by WebRTC.
  private film(): void {
    const track = this.camera.outgoing;
    if (track) this.link?.film?.(track);
    this.sender.setPace();
  }

  // take has pictures and sound sent through a link.
  private take(link: Link | null): void {
    this.link = link;
    if (link) {
      link.onsound = (codec, message) => {
        if (this.microphone.open) this.sound = codec ? texts.soundSent : texts.soundRefused(message);
      };
      this.askSound();
    }
    this.sender.use(link);
  }

  private say(state: State, text: Text): void {
    this.status = { state, text };
  }

  private sayWaiting(ended: Ended): void {
    this.say('wait', whyWaiting(ended));
    if (ended.kind === 'denied') void call('get', '/api/v1/me').catch(() => {}); // by which the app learns of it
  }

  private sayLive(): void {
    const { viewers } = this.sender;
    this.say('live', viewers > 0 ? texts.live(viewers) : texts.unwatched);
  }

  private setPace(): void {
    const fps = this.running ? this.sender.fps : 0;
    this.ticker.postMessage(fps > 0 ? 1000 / fps : 0);
    if (this.status.state === 'live') this.sayLive();
  }

  private show(): void {
    if (this.link?.follow) this.link.onviewers(live.status(this.id)?.viewers ?? 1);
    const { count, silentMs, now, tripMs, viewers } = this.sender;
    // Until the link is given up nobody knows whether anything arrives.
    if (this.running && this.link && silentMs > LATE) this.say('wait', texts.silent(Math.round(silentMs / 1000)));
    const at = performance.now();
    const seconds = (at - this.before.at) / 1000;
    this.counters = {
      viewers,
      fps: (count.sent - this.before.sent) / seconds,
      bytesPerSecond: (count.bytes - this.before.bytes) / seconds,
      tripMs,
      ...(!this.link && { viewers: NaN, fps: NaN, bytesPerSecond: NaN, tripMs: NaN }),
      sent: count.sent,
      skipped: count.skipped,
      less: this.link && !this.link.follow && viewers > 0 && now.less ? now : null,
      way: this.link?.name ?? null,
    };
    this.before = { at, sent: count.sent, bytes: count.bytes };
  }
}

// takesWebRTC says whether the server has pictures come by WebRTC, and tells how many watch them.
async function takesWebRTC(id: string): Promise<boolean> {
  if (!canSend() || !may(live.camera(id), 'view')) return false;
  const status = await call('get', '/api/v1/cameras/{id}/status', { path: { id } }).catch(() => null);
  return status?.links['publish_webrtc'] !== undefined;
}

// missingSound says why no sound can be sent, if so.
function missingSound(): Text | null {
  const missing = Microphone.missing();
  return missing && texts.soundMissing[missing];
}

// whyWaiting puts into words why there is no link.
function whyWaiting(ended: Ended): Text {
  switch (ended.kind) {
    case 'busy':
      return texts.busy;
    case 'gone':
      return texts.gone;
    case 'denied':
      return texts.denied;
    case 'unreachable':
      return texts.unreachable;
    case 'silent':
      return texts.noAnswer;
  }
  return texts.lost(ended.message);
}
