// What stands on a player: the picture, and words about it.

import type { SoundState } from './sound';
import { delayWords, type Status } from './status';
import { styleSheet } from './style';

/** What a person wants. */
export interface Controls {
  retry(): void;
  /** Sound on or off, whichever it is not. */
  mute(): void;
  volume(volume: number): void;
}

/** The inside of the element. It decides nothing. */
export class View {
  /** For a still picture below the moving one. */
  readonly poster = make('img', { class: 'poster', part: 'poster', alt: '', hidden: '' });
  readonly #picture = make('div', { class: 'picture', part: 'picture', role: 'img' }, this.poster);
  readonly #state = make('span', { class: 'chip state', part: 'state', role: 'status' });
  readonly #delay = make('span', { class: 'chip delay', part: 'delay', hidden: '' });
  readonly #retry = make('button', { type: 'button', part: 'retry', hidden: '' }, 'Try again');
  readonly #mute = make('button', { type: 'button', class: 'mute', part: 'mute' }, loudspeaker());
  readonly #note = make('span', { class: 'chip', part: 'note', role: 'status' });
  readonly #volume = make('input', { type: 'range', max: '1', step: '0.05', part: 'volume', 'aria-label': 'Volume' });
  readonly #bar = make('div', { class: 'bar', part: 'bar' }, this.#state, this.#retry, this.#note, this.#delay, this.#volume, this.#mute);
  readonly #tile = make('div', { class: 'tile' }, this.#picture, this.#bar);
  #muted = true;
  #sound = { offered: false, message: '' };
  #surface: HTMLElement | null = null;
  #before: HTMLElement | null = null; // the surface that still shows the last picture

  constructor(root: ShadowRoot, { retry, mute, volume }: Controls) {
    root.adoptedStyleSheets = [styleSheet()];
    this.label('');
    this.loudness(true, 1);
    this.#retry.addEventListener('click', retry);
    this.#mute.addEventListener('click', mute);
    this.#volume.addEventListener('input', () => volume(this.#volume.valueAsNumber));
    root.append(this.#tile);
  }

  /** Says what the picture is of. */
  label(text: string): void {
    this.#picture.setAttribute('aria-label', text || 'Live picture');
  }

  /** Puts what shows the pictures on the tile, below what was there, until it has a first one. */
  show(surface: HTMLElement): void {
    if (this.#before) this.#surface?.remove();
    else this.#before = this.#surface;
    this.#surface = surface;
    surface.setAttribute('part', 'surface');
    this.#picture.prepend(surface);
    if (!this.#before) this.#tile.classList.remove('pictured');
  }

  /** Takes all pictures away. */
  clear(): void {
    this.#surface?.remove();
    this.#before?.remove();
    this.#surface = this.#before = null;
    this.#tile.classList.remove('pictured');
  }

  /** The poster has something to show, or not. */
  posted(there: boolean): void {
    this.poster.hidden = !there;
  }

  /** The surface has something to show. */
  pictured(): void {
    this.#before?.remove();
    this.#before = null;
    this.#tile.classList.add('pictured');
  }

  /** Shows a state in words. */
  say({ state, words }: Status): void {
    if (this.#state.textContent !== words) this.#state.textContent = words; // or it is read aloud again
    this.#tile.classList.toggle('live', state === 'live');
    this.#tile.classList.toggle('stale', state !== 'live' && state !== 'playback' && state !== 'idle');
    this.#retry.hidden = state !== 'error';
  }

  /** Shows that the camera has sound, and what is wrong with it. */
  sounds({ available, codec, message }: SoundState): void {
    this.#sound = { offered: available || codec !== null, message }; // what is heard may be away for a moment
    this.#arrange();
  }

  /** Shows how loud it is. */
  loudness(muted: boolean, volume: number): void {
    this.#muted = muted;
    this.#volume.value = String(volume);
    this.#arrange();
  }

  #arrange(): void {
    const muted = this.#muted;
    const sound = this.#sound;
    this.#mute.hidden = !sound.offered;
    this.#volume.hidden = !sound.offered || muted;
    this.#mute.setAttribute('aria-label', muted ? 'Turn the sound on' : 'Turn the sound off');
    this.#mute.classList.toggle('silent', muted);
    this.#note.hidden = !sound.offered || sound.message === '';
    if (this.#note.textContent !== sound.message) this.#note.textContent = sound.message;
  }

  /** Shows a delay, or none. */
  delayed(delayMs: number | null): void {
    this.#delay.hidden = delayMs === null;
    this.#delay.textContent = delayMs === null ? '' : delayWords(delayMs);
  }
}

// make makes an element with attributes, and puts something into it.
function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: Record<string, string>, ...inside: (Node | string)[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

// loudspeaker draws one, with waves or a stroke through it as the style says.
function loudspeaker(): SVGSVGElement {
  const made = document.createElementNS(SVG, 'svg');
  made.setAttribute('viewBox', '0 0 24 24');
  made.setAttribute('aria-hidden', 'true');
  const paths = { body: 'M4 9v6h4l5 4V5L8 9z', waves: 'M16 9a4 4 0 0 1 0 6M18.5 6.5a8 8 0 0 1 0 11', stroke: 'M16 9l6 6M22 9l-6 6' };
  for (const [name, d] of Object.entries(paths)) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', d);
    made.append(path);
  }
  return made;
}
