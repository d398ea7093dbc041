// The ways to show pictures, and which of them a browser has.

import type { Codec } from './protocol';

/** A way to show pictures. */
export type Mode = 'mse' | 'webcodecs' | 'jpeg' | 'img';

/** What of a browser decides which ways it has. */
export interface Abilities {
  /** MediaSource or ManagedMediaSource plays H.264 in fragmented MP4. */
  mse: boolean;
  /** VideoDecoder is there, which pages without HTTPS have not. */
  webcodecs: boolean;
  /** createImageBitmap is there. */
  jpeg: boolean;
}

/** The H.264 that every browser with H.264 plays: Main profile, level 4. */
const COMMON = 'video/mp4; codecs="avc1.4d4028"';

/** Asks this browser what it can do. */
export function abilities(): Abilities {
  return {
    mse: mediaSource()?.isTypeSupported(COMMON) ?? false,
    webcodecs: typeof VideoDecoder === 'function',
    jpeg: typeof createImageBitmap === 'function',
  };
}

/** The MediaSource to use: the managed one only where there is no other (iPhones). */
export function mediaSource(): typeof MediaSource | undefined {
  const managed = (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
  return globalThis.MediaSource ?? managed;
}

/** What the attribute mode may say. */
export function isMode(value: string): value is Mode {
  return value === 'mse' || value === 'webcodecs' || value === 'jpeg' || value === 'img';
}

/**
 * Ladder is the ways to show a camera, best first, and those that failed.
 *
 * WebCodecs comes before MSE because it draws a picture when it is there,
 * while a media element wants to have some in stock. JPEG costs the line more
 * than H.264, and img cannot even say what is wrong.
 */
export class Ladder {
  private readonly failed = new Set<Mode>();

  /** wanted is a mode, or auto for all of them. */
  constructor(
    private readonly wanted: Mode | 'auto',
    private readonly has: Abilities,
  ) {}

  /** The ways that are left, best first. With a mode that was asked for by name it is that one, whatever happens. */
  modes(): Mode[] {
    if (this.wanted !== 'auto') return [this.wanted];
    const all: Mode[] = ['webcodecs', 'mse', 'jpeg', 'img'];
    return all.filter((mode) => (mode === 'img' || this.has[mode]) && !this.failed.has(mode));
  }

  /** The way for a codec, or undefined if none is left. */
  modeFor(codec: Codec): Mode | undefined {
    return this.modes().find((mode) => codecOf(mode) === codec);
  }

  /** What to tell the server that it may send, best first; empty if all that is left is img. */
  codecs(): Codec[] {
    const codecs = this.modes().map(codecOf).filter((codec) => codec !== null);
    return [...new Set(codecs)];
  }

  /** Takes a way out. */
  fail(mode: Mode): void {
    this.failed.add(mode);
  }
}

function codecOf(mode: Mode): Codec | null {
  if (mode === 'img') return null;
  return mode === 'jpeg' ? 'jpeg' : 'h264';
}
