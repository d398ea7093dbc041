// <framegate-player src="/live/front">: a camera, live, on any page.
//
//     <script type="module" src="/assets/framegate-player.js"></script>
//     <framegate-player src="/live/front" label="Front door" delay></framegate-player>
//
// Attributes, each also a property of the same name:
//
//     src                        the camera's address; without one nothing is shown
//     mode                       auto (the default), mse, webcodecs, jpeg, img or webrtc
//     width height fps quality   ask for a rendition: never larger than the camera's
//     poster                     a picture to show while it connects; "none" for none; otherwise the camera's newest
//     label                      what the picture is of, for those who cannot see it
//     delay                      show the delay from camera to screen
//     muted                      "false" begins with the sound on, where the browser lets it
//     volume                     0 to 1 (the default)
//
// Properties to read: state, words, delayMs, measure, activeMode, surface (the
// video, canvas or img that shows it), time (when its picture was taken, a Date),
// painted (how many pictures were, so that who seeks knows that the same was shown
// again), past, sound. Method: retry(). A page whose script makes players may call prepare() of the
// class, customElements.get('framegate-player'), as soon as it knows that it will.
//
// Sound is off at first: the property muted is true. Where the camera has sound there
// is a button for it on the tile; a page that has its own sets muted = false when a
// person clicks it. Browsers refuse sound before anybody did anything on a page: then
// muted becomes true again, sound.message says why, and pictures go on. A player that
// is muted asks for no sound. Pictures may be shown somewhat later while sound is
// heard (half a second at most), so that both are in step.
//
// What was recorded is shown by seek(date), and then pause() and rate, a property
// of 0.25 to 16, or backwards, -0.25 to -16, which also ends a pause; live() returns
// to the present. It is heard at a rate of 1; at another there is no sound, and
// sound.message says why.
//
// Events; none bubbles:
//
//     framegate-state   {state, words}: idle, connecting, live, playback, stalled, offline or error
//     framegate-playback {past}: {rate, paused, end, message} of what was recorded; null for the present
//     framegate-delay   {delayMs, errorMs, bufferMs, soundMs, shown, dropped}, twice a second
//     framegate-sound   {available, codec, rate, channels, message}: whether the camera has sound, what of
//                       it is heard (codec null: nothing), and why it is not though it is wanted
//     volumechange      muted or volume changed
//     framegate-mode    {mode}: how it is shown from now on
//     framegate-size    {width, height} of the pictures
//     framegate-error   {code, message}: something went wrong; the player goes on trying,
//                       but after 403: an administrator ended it, or it may not be shown any more
//
// Parts: picture, surface, poster, bar, state, delay, retry, mute, volume, note. Custom properties:
// --framegate-aspect, --framegate-fit, --framegate-background.
//
// It connects when it is on the screen, or its video is in picture in picture, and disconnects
// when neither is so. Where it is moved in the page it goes on.

import { Address, type Wish } from './address';
import { prepareCanvas } from './canvas';
import { isMode, type Mode } from './modes';
import { Player } from './player';
import { loadPoster } from './posters';
import type { SoundState } from './sound';
import { SILENT, type Measure, type Past, type Stage } from './stage';
import type { PlayerState, Status } from './status';
import { View } from './view';

const NEAR = '100px'; // of the screen is as good as on it
const AWAY_MS = 500; // away for so long is gone; people scroll past
const POSTER_AFTER_MS = 150; // a camera that is connected shows itself sooner

const RENDITION = ['width', 'height', 'fps', 'quality'] as const;
const TEXTS = ['src', 'mode', ...RENDITION, 'poster', 'label'] as const; // the attributes whose properties are texts

/** The element. What is not public is #private, since pages put properties of their own on elements. */
export class FramegatePlayer extends HTMLElement {
  static readonly observedAttributes = [...TEXTS, 'delay', 'muted', 'volume'];

  readonly #view = new View(this.attachShadow({ mode: 'open' }), {
    retry: () => this.retry(),
    mute: () => (this.muted = !this.muted),
    volume: (volume) => (this.volume = volume),
  });
  readonly #onScreen = new IntersectionObserver((entries) => this.#see(entries.at(-1)!.isIntersecting), { rootMargin: NEAR });
  #player: Player | null = null;
  #posting: AbortController | null = null;
  #attached = false;
  #changing = false;
  #inView = false;
  #floats = false; // the video does, in a window of its own
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #status: Status = { state: 'idle', words: '' };
  #measure: Measure | null = null;
  #mode: Mode | null = null;
  #surface: HTMLElement | null = null;
  #past: Past | null = null;
  #muted = true;
  #volume = 1;
  #sound: SoundState = SILENT;

  /** Gets ready for players that a page will have soon: their first pictures need not wait for that. */
  static prepare(): void {
    prepareCanvas();
  }

  /** What the player is doing. */
  get state(): PlayerState {
    return this.#status.state;
  }

  /** The same in words, as shown on the tile. */
  get words(): string {
    return this.#status.words;
  }

  /** From taking the picture on the screen to painting it, in ms; null while that is not known. */
  get delayMs(): number | null {
    return this.#measure?.delayMs ?? null;
  }

  /** The last measurement, as in framegate-delay, or null. */
  get measure(): Measure | null {
    return this.#measure;
  }

  /** How it is shown: mse, webcodecs, jpeg, img, webrtc; null before that is decided. */
  get activeMode(): Mode | null {
    return this.#mode;
  }

  /** The video, canvas or img element with the picture, or null. */
  get surface(): HTMLElement | null {
    return this.#surface;
  }

  /** When the picture that is shown was taken, or null. */
  get time(): Date | null {
    return this.#player?.takenMs ? new Date(this.#player.takenMs) : null;
  }

  /** How many pictures were painted since it connected first, the same again too. */
  get painted(): number {
    return this.#player?.painted ?? 0;
  }

  /** How what was recorded is shown; null for the present. */
  get past(): Past | null {
    return this.#past;
  }

  /** What is known of the camera's sound, as in framegate-sound. */
  get sound(): SoundState {
    return this.#sound;
  }

  /** It is not heard. Set it to false when a person asks for sound, by a click or a key. */
  get muted(): boolean {
    return this.#muted;
  }

  set muted(muted: boolean) {
    if (this.#muted === Boolean(muted)) return;
    this.#muted = Boolean(muted);
    this.#loudness();
    this.#player?.setMuted(this.#muted);
  }

  /** How loud it is, 0 to 1. */
  get volume(): number {
    return this.#volume;
  }

  set volume(volume: number) {
    if (!(volume >= 0 && volume <= 1)) throw new RangeError(`a volume of ${volume}; it is 0 to 1`);
    if (this.#volume === volume) return;
    this.#volume = Number(volume);
    this.#player?.setVolume(this.#volume);
    this.#loudness();
  }

  /** Whether the delay is shown. */
  get delay(): boolean {
    return this.hasAttribute('delay');
  }

  set delay(shown: boolean) {
    this.toggleAttribute('delay', Boolean(shown));
  }

  /** At which rate it is shown. */
  get rate(): number {
    return this.#past?.rate ?? 1;
  }

  set rate(rate: number) {
    this.#player?.setRate(rate);
  }

  /** Shows what was recorded, from a moment on. */
  seek(date: Date | number | string): void {
    const atMs = new Date(date).getTime();
    if (Number.isNaN(atMs)) throw new RangeError(`${String(date)} is no time`);
    this.#player?.seek(atMs);
  }

  /** Keeps the picture until rate is set, or live is called. */
  pause(): void {
    this.#player?.pause();
  }

  /** Returns to the present. */
  live(): void {
    this.#player?.live();
  }

  /** Connects now if it waits to try again, or others ended it. */
  retry(): void {
    this.#player?.retryNow(true);
  }

  /** @internal */
  connectedCallback(): void {
    for (const name of [...TEXTS, 'delay', 'muted', 'volume'] as const) this.#takeOver(name);
    document.addEventListener('visibilitychange', this.#look);
    window.addEventListener('online', this.#backOnline);
    this.#onScreen.observe(this);
    this.#attached = true;
    if (!this.#player) this.#rebuild(); // or it was moved, and goes on
    queueMicrotask(() => this.#glance());
  }

  // #takeOver has what a page set before this was loaded, which stands before the property, be set.
  #takeOver(name: string): void {
    if (!Object.hasOwn(this, name)) return;
    const own = this as Record<string, unknown>;
    const value = own[name];
    delete own[name];
    own[name] = value;
  }

  /** @internal */
  disconnectedCallback(): void {
    document.removeEventListener('visibilitychange', this.#look);
    window.removeEventListener('online', this.#backOnline);
    this.#onScreen.disconnect();
    this.#attached = false;
    queueMicrotask(() => {
      if (this.#attached) return; // elsewhere
      this.#inView = false;
      this.#tearDown();
    });
  }

  /** @internal */
  attributeChangedCallback(name: string, _before: string | null, value: string | null): void {
    if (name === 'muted') this.muted = value !== 'false';
    else if (name === 'volume') this.volume = loudness(value);
    else if (name === 'label') this.#view.label(this.getAttribute('label') ?? '');
    else if (name === 'delay') this.#showDelay();
    else if (!this.#changing && (this.#attached || this.#player)) {
      this.#changing = true; // several attributes change together
      queueMicrotask(() => {
        this.#changing = false;
        if (this.#attached) this.#rebuild();
      });
    }
  }

  readonly #stage: Stage = {
    show: (surface, mode) => {
      this.#surface = surface;
      this.#mode = mode;
      this.#view.show(surface);
      surface.addEventListener('enterpictureinpicture', () => (this.#floats = true));
      surface.addEventListener('leavepictureinpicture', () => ((this.#floats = false), this.#look()));
      this.#emit('mode', { mode });
    },
    pictured: () => {
      this.#posting?.abort();
      this.#view.pictured();
    },
    say: (status) => {
      if (status.state === this.#status.state && status.words === this.#status.words) return;
      this.#status = status;
      this.#view.say(status);
      this.#emit('state', { ...status });
    },
    sized: (width, height) => this.#emit('size', { width, height }),
    measured: (measure) => {
      this.#measure = measure;
      this.#showDelay();
      this.#emit('delay', { ...measure });
    },
    played: (past) => {
      this.#past = past;
      this.#emit('playback', { past });
    },
    sounds: (state) => {
      this.#sound = state;
      this.#view.sounds(state);
      this.#emit('sound', { ...state });
    },
    muted: () => (this.muted = true),
    trouble: (code, message) => this.#emit('error', { code, message }),
  };

  #emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(`framegate-${name}`, { detail }));
  }

  #loudness(): void {
    this.#view.loudness(this.#muted, this.#volume);
    this.dispatchEvent(new Event('volumechange'));
  }

  #showDelay(): void {
    this.#view.delayed(this.delay ? this.delayMs : null);
  }

  // #rebuild starts over with what the attributes say now.
  #rebuild(): void {
    this.#tearDown();
    const address = this.#address();
    if (!address) {
      if (!this.getAttribute('src')) this.#stage.say({ state: 'idle', words: '' });
      return;
    }
    const mode = this.getAttribute('mode') ?? '';
    this.#player = new Player(address, isMode(mode) ? mode : 'auto', this.#stage);
    this.#player.setVolume(this.#volume);
    this.#player.setMuted(this.#muted);
    this.#look();
  }

  #tearDown(): void {
    clearTimeout(this.#leaving);
    this.#posting?.abort();
    this.#player?.close();
    this.#player = null;
    this.#measure = null;
    if (this.#past) this.#stage.played(null);
    this.#surface = this.#mode = null;
    this.#floats = false;
    this.#view.clear();
    this.#view.posted(false);
    if (this.#sound !== SILENT) this.#stage.sounds(SILENT);
    this.#showDelay();
  }

  #address(): Address | null {
    const src = this.getAttribute('src');
    if (!src) return null;
    const wish = Object.fromEntries(RENDITION.map((name) => [name, this.getAttribute(name)])) as unknown as Wish;
    try {
      return new Address(src, document.baseURI, wish);
    } catch (error) {
      this.#stage.say({ state: 'error', words: (error as Error).message });
      return null;
    }
  }

  #see(inView: boolean): void {
    this.#inView = inView;
    this.#look();
  }

  // #glance sees at once what the observer tells a frame later, unless the page stands in another.
  #glance(): void {
    const { bottom, right, top, left } = this.getBoundingClientRect();
    if (parent === self && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth) this.#see(true);
  }

  readonly #look = (): void => {
    clearTimeout(this.#leaving);
    if (this.#floats || (this.#inView && document.visibilityState === 'visible')) this.#enter();
    else this.#leaving = setTimeout(() => this.#leave(), AWAY_MS);
  };

  readonly #backOnline = (): void => this.#player?.backOnline();

  #enter(): void {
    if (!this.#player) return;
    this.#player.start();
    if (this.state !== 'live') void this.#post();
  }

  #leave(): void {
    this.#posting?.abort();
    this.#player?.stop();
  }

  // #post shows a still if no picture came first.
  async #post(): Promise<void> {
    const wanted = this.getAttribute('poster');
    this.#posting?.abort();
    const { signal } = (this.#posting = new AbortController());
    if (wanted === 'none') return;
    if (wanted === null) await new Promise((resolve) => setTimeout(resolve, POSTER_AFTER_MS));
    const url = wanted === null ? this.#address()?.still() : new URL(wanted, document.baseURI);
    if (url && !signal.aborted) this.#view.posted(await loadPoster(this.#view.poster, url, signal));
  }
}

// loudness reads the attribute volume.
function loudness(value: string | null): number {
  const volume = value?.trim() ? Number(value) : 1;
  return Number.isNaN(volume) ? 1 : Math.min(1, Math.max(0, volume));
}

// The attributes as properties.
for (const name of TEXTS) {
  Object.defineProperty(FramegatePlayer.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: HTMLElement) {
      return this.getAttribute(name) ?? '';
    },
    set(this: HTMLElement, value: unknown) {
      this.setAttribute(name, String(value));
    },
  });
}

if (!customElements.get('framegate-player')) customElements.define('framegate-player', FramegatePlayer);
