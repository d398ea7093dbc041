// What shows a camera without our WebSocket: WebRTC, or an endless image. It is a file of its
// own, which the player loads when it is needed.

import type { Address } from './address';
import { wallMs } from './clock';
import { MultipartImage } from './img';
import { Line, mayTry } from './line';
import { hasWebRTC } from './modes';
import type { Stage } from './stage';
import { WebRTCView } from './webrtcview';

/** How loud it is to be. */
export interface Loudness {
  readonly muted: boolean;
  readonly volume: number;
}

/** One camera's other ways. */
export class Aside {
  readonly #line = new Line();
  #view: WebRTCView | MultipartImage | null = null;
  #shows = false; // or is to, by itself
  readonly #address: () => Address;
  readonly #insists: boolean;
  readonly #stage: Stage;
  readonly #loudness: Loudness;
  readonly #passed: (to: boolean | string) => void;

  /** address gives where the camera is at the moment. insists says that WebRTC is asked for by name, and so is tried for as long as it takes. passed is told that WebRTC
   * shows the camera from now on where a WebSocket did, or that a WebSocket is to, again, or why others ended it. */
  constructor(address: () => Address, insists: boolean, stage: Stage, loudness: Loudness, passed: (to: boolean | string) => void) {
    this.#address = address;
    this.#insists = insists;
    this.#stage = stage;
    this.#loudness = loudness;
    this.#passed = passed;
  }

  /** When the picture that it shows was taken, in ms since 1970; 0 where that is not known. */
  get takenMs(): number {
    return this.#view?.takenMs ?? 0;
  }

  setMuted(muted: boolean): void {
    this.#view?.setMuted(muted);
  }

  setVolume(volume: number): void {
    this.#view?.setVolume(volume);
  }

  /** Over the WebSocket pictures were left out, and those that came were late. */
  leftOut(): void {
    if (!this.#view && hasWebRTC() && this.#line.leftOut(wallMs())) this.#show(true);
  }

  /** Shows the camera by an endless image. */
  image(): void {
    this.#view = new MultipartImage(this.#address().at('.mjpeg'), this.#stage);
  }

  /** Shows it by WebRTC alone, if that did not fail lately, and says whether it tries to. Where that is over at once, passed was told. */
  begin(): boolean {
    const tries = (this.#shows = this.#insists || mayTry(wallMs()));
    if (tries) this.#show(false);
    return tries;
  }

  /** Connects now if it waits to try again. */
  retry(): void {
    this.#view?.retry();
  }

  /** Ends it. */
  end(): void {
    this.#view?.close();
    this.#view = null;
    this.#shows = false;
  }

  #show(beside: boolean): void {
    const { muted, volume } = this.#loudness;
    const view = new WebRTCView({ url: () => this.#address().at('/whep'), muted, volume, insists: this.#insists, line: beside ? this.#line : null }, this.#stage, {
      ready: () => {
        const beside = !this.#shows;
        this.#shows = true;
        if (beside) this.#passed(true);
      },
      ended: (why) => this.#passed(why),
      over: () => {
        const shown = this.#shows;
        this.end();
        if (shown) this.#passed(false);
      },
    });
    this.#view = view;
    view.open();
  }
}
