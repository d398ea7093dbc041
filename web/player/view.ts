// What stands on a player: the picture, and words about it.

import { delayWords, type Status } from './status';
import { styleSheet } from './style';

/** The inside of the element. It decides nothing. */
export class View {
  /** For a still picture below the moving one. */
  readonly poster = document.createElement('img');
  private readonly tile = element('div', 'tile');
  private readonly picture = element('div', 'picture');
  private readonly bar = element('div', 'bar');
  private readonly state = element('span', 'chip state');
  private readonly delay = element('span', 'chip delay');
  private readonly button = document.createElement('button');
  private surface: HTMLElement | null = null;
  private before: HTMLElement | null = null; // the surface that still shows the last picture

  /** retry is called when the person wants to try again. */
  constructor(root: ShadowRoot, retry: () => void) {
    root.adoptedStyleSheets = [styleSheet()];
    this.picture.setAttribute('role', 'img');
    this.picture.setAttribute('part', 'picture');
    this.label('');
    this.poster.className = 'poster';
    this.poster.setAttribute('part', 'poster');
    this.poster.alt = '';
    this.poster.hidden = true;
    this.bar.setAttribute('part', 'bar');
    this.state.setAttribute('part', 'state');
    this.state.setAttribute('role', 'status');
    this.delay.setAttribute('part', 'delay');
    this.delay.hidden = true;
    this.button.type = 'button';
    this.button.setAttribute('part', 'retry');
    this.button.textContent = 'Try again';
    this.button.hidden = true;
    this.button.addEventListener('click', retry);
    this.picture.append(this.poster);
    this.bar.append(this.state, this.button, this.delay);
    this.tile.append(this.picture, this.bar);
    root.append(this.tile);
  }

  /** Says what the picture is of. */
  label(text: string): void {
    this.picture.setAttribute('aria-label', text || 'Live picture');
  }

  /** Puts what shows the pictures on the tile, below what was there, until it has a first one. */
  show(surface: HTMLElement): void {
    if (this.before) this.surface?.remove();
    else this.before = this.surface;
    this.surface = surface;
    surface.setAttribute('part', 'surface');
    this.picture.prepend(surface);
    if (!this.before) this.tile.classList.remove('pictured');
  }

  /** Takes all pictures away. */
  clear(): void {
    this.surface?.remove();
    this.before?.remove();
    this.surface = this.before = null;
    this.tile.classList.remove('pictured');
  }

  /** The poster has something to show, or not. */
  posted(there: boolean): void {
    this.poster.hidden = !there;
  }

  /** The surface has something to show. */
  pictured(): void {
    this.before?.remove();
    this.before = null;
    this.tile.classList.add('pictured');
  }

  /** Shows a state in words. */
  say({ state, words }: Status): void {
    if (this.state.textContent !== words) this.state.textContent = words; // or it is read aloud again
    this.tile.classList.toggle('live', state === 'live');
    this.tile.classList.toggle('stale', state !== 'live' && state !== 'playback' && state !== 'idle');
    this.button.hidden = state !== 'error';
  }

  /** Shows a delay, or none. */
  delayed(delayMs: number | null): void {
    this.delay.hidden = delayMs === null;
    this.delay.textContent = delayMs === null ? '' : delayWords(delayMs);
  }
}

function element(tag: 'div' | 'span', className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
