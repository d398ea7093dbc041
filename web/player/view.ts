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
  readonly poster = document.createElement('img');
  readonly #tile = element('div', 'tile');
  readonly #picture = element('div', 'picture');
  readonly #bar = element('div', 'bar');
  readonly #state = element('span', 'chip state');
  readonly #delay = element('span', 'chip delay');
  readonly #button = document.createElement('button');
  readonly #mute = document.createElement('button');
  readonly #loudspeaker = icon();
  readonly #note = element('span', 'chip');
  readonly #volume = document.createElement('input');
  #muted = true;
  #sound = { offered: false, message: '' };
  #surface: HTMLElement | null = null;
  #before: HTMLElement | null = null; // the surface that still shows the last picture

  constructor(root: ShadowRoot, controls: Controls) {
    root.adoptedStyleSheets = [styleSheet()];
    this.#picture.setAttribute('role', 'img');
    this.#picture.setAttribute('part', 'picture');
    this.label('');
    this.poster.className = 'poster';
    this.poster.setAttribute('part', 'poster');
    this.poster.alt = '';
    this.poster.hidden = true;
    this.#bar.setAttribute('part', 'bar');
    this.#state.setAttribute('part', 'state');
    this.#state.setAttribute('role', 'status');
    this.#delay.setAttribute('part', 'delay');
    this.#delay.hidden = true;
    this.#button.type = 'button';
    this.#button.setAttribute('part', 'retry');
    this.#button.textContent = 'Try again';
    this.#button.hidden = true;
    this.#button.addEventListener('click', controls.retry);
    this.#setUpSound(controls);
    this.#picture.append(this.poster);
    this.#bar.append(this.#state, this.#button, this.#note, this.#delay, this.#volume, this.#mute);
    this.#tile.append(this.#picture, this.#bar);
    root.append(this.#tile);
  }

  #setUpSound({ mute, volume }: Controls): void {
    this.#note.setAttribute('part', 'note');
    this.#note.setAttribute('role', 'status');
    this.#mute.type = 'button';
    this.#mute.className = 'mute';
    this.#mute.setAttribute('part', 'mute');
    this.#mute.append(this.#loudspeaker);
    this.#mute.addEventListener('click', mute);
    this.#volume.type = 'range';
    this.#volume.max = '1';
    this.#volume.step = '0.05';
    this.#volume.setAttribute('part', 'volume');
    this.#volume.setAttribute('aria-label', 'Volume');
    this.#volume.addEventListener('input', () => volume(this.#volume.valueAsNumber));
    this.loudness(true, 1);
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
    this.#button.hidden = state !== 'error';
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

function element(tag: 'div' | 'span', className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

// icon draws a loudspeaker, with waves or a stroke through it as the style says.
function icon(): SVGSVGElement {
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
