// The player element of the page: what it says of itself, and what is set on it.

import { tick } from 'svelte';

import type { FramegatePlayer } from '../../../player/element';
import type { Mode } from '../../../player/modes';
import type { SoundState } from '../../../player/sound';
import type { Measure } from '../../../player/stage';
import type { PlayerState } from '../../../player/status';
import type { Past, Transport } from './transport.svelte';

/** What of a picture can be chosen; each is an attribute of the player, and a key of the address. */
export const wishes = ['mode', 'width', 'fps', 'quality'] as const;

const VOLUME = 'framegate-volume';

/** A player. Its properties are reactive. */
export class Screen {
  state = $state<PlayerState>('idle');
  words = $state('');
  measure = $state.raw<Measure | null>(null);
  sound = $state.raw<SoundState | null>(null);
  mode = $state<Mode | null>(null);
  surface = $state.raw<HTMLElement | null>(null);
  size = $state.raw<{ width: number; height: number } | null>(null);
  muted = $state(true);
  volume = $state(1);

  private element: FramegatePlayer | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly trouble: (code: string, message: string) => void,
  ) {}

  /** Takes the element, for {@attach}. */
  readonly attach = (node: HTMLElement): (() => void) => {
    const element = node as FramegatePlayer;
    this.element = element;
    const heard = new AbortController();
    const on = <D>(name: string, take: (detail: D) => void): void =>
      element.addEventListener(`framegate-${name}`, (event) => take((event as CustomEvent<D>).detail), { signal: heard.signal });
    on<{ state: PlayerState; words: string }>('state', ({ state, words }) => ((this.state = state), (this.words = words)));
    on<Measure>('delay', (measure) => (this.measure = measure));
    on<SoundState>('sound', (sound) => (this.sound = sound));
    on<{ mode: Mode }>('mode', ({ mode }) => ((this.mode = mode), (this.surface = element.surface)));
    on<{ width: number; height: number }>('size', (size) => (this.size = size));
    on<{ past: Past | null }>('playback', ({ past }) => this.transport.played(past));
    on<{ code: string; message: string }>('error', ({ code, message }) => this.trouble(code, message));
    element.addEventListener('volumechange', () => ((this.muted = element.muted), (this.volume = element.volume)), { signal: heard.signal });
    void customElements.whenDefined('framegate-player').then(() => {
      if (!heard.signal.aborted) element.volume = stored(localStorage.getItem(VOLUME));
    });
    return () => {
      heard.abort();
      this.element = null;
      this.transport.detach();
    };
  };

  /** Sets attributes, null for none, and has the player show what the transport says. */
  async show(attributes: Record<string, string | null>): Promise<void> {
    await tick();
    const { element } = this;
    if (!element) return;
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null) element.removeAttribute(name);
      else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
    }
    await customElements.whenDefined('framegate-player'); // by then it has begun anew with these
    if (this.element === element) this.transport.attach(element);
  }

  setMuted(muted: boolean): void {
    if (this.element) this.element.muted = muted;
  }

  setVolume(volume: number): void {
    if (!this.element) return;
    this.element.volume = volume;
    localStorage.setItem(VOLUME, String(volume));
  }

  retry(): void {
    this.element?.retry();
  }
}

function stored(text: string | null): number {
  const volume = text === null ? 1 : Number(text);
  return volume >= 0 && volume <= 1 ? volume : 1;
}

/** Says whether a surface can be shown in a window of its own. */
export function floats(surface: HTMLElement | null): boolean {
  if (!document.pictureInPictureEnabled) return false;
  return surface instanceof HTMLVideoElement || surface instanceof HTMLCanvasElement;
}

/** Shows a surface in a window of its own, or no more. */
export async function float(surface: HTMLElement | null): Promise<void> {
  if (document.pictureInPictureElement) {
    await document.exitPictureInPicture();
    return;
  }
  if (surface instanceof HTMLVideoElement) {
    surface.disablePictureInPicture = false;
    await surface.requestPictureInPicture();
  } else if (surface instanceof HTMLCanvasElement) await floatCanvas(surface);
}

// floatCanvas shows a canvas by a video that nobody sees, as browsers float videos only.
async function floatCanvas(canvas: HTMLCanvasElement): Promise<void> {
  const stream = canvas.captureStream();
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  video.addEventListener('leavepictureinpicture', () => stream.getTracks().forEach((track) => track.stop()), { once: true });
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) await new Promise((loaded) => video.addEventListener('loadedmetadata', loaded, { once: true }));
  await video.requestPictureInPicture();
}
