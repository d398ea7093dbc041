// The ways to show pictures, and which of them a browser has.

import type { Codec } from './protocol';

/** A way to show pictures. */
export type Mode = 'mse' | 'webcodecs' | 'jpeg' | 'img' | 'webrtc';

/** What of a browser decides which ways it has. */
export interface Abilities {
  /** MediaSource or ManagedMediaSource plays H.264 in fragmented MP4. */
  mse: boolean;
  /** VideoDecoder is there, which pages without HTTPS have not. */
  webcodecs: boolean;
  /** Which of these two shows H.265, as far as is known. */
  h265: { mse: boolean; webcodecs: boolean };
  /** createImageBitmap is there. */
  jpeg: boolean;
}

/** The H.264 that every browser with H.264 plays: Main profile, level 4. */
const COMMON = 'video/mp4; codecs="avc1.4d4028"';

/** The most common H.265: Main profile, level 4. Whether a camera's own is played shows when it comes. */
const COMMON_H265 = 'hvc1.1.6.L120.B0';

/** Asks this browser what it can do. It may have to wait for the answer as to H.265: see Abilities.h265 and asked. */
export function abilities(): Abilities {
  const plays = (type: string) => mediaSource()?.isTypeSupported(type) ?? false;
  return {
    mse: plays(COMMON),
    webcodecs: typeof VideoDecoder === 'function',
    jpeg: typeof createImageBitmap === 'function',
    h265: { mse: plays(`video/mp4; codecs="${COMMON_H265}"`), webcodecs: decodes },
  };
}

let decodes = false; // H.265, by WebCodecs
let asking: Promise<void> | undefined;

/** Waits until it is known whether WebCodecs decode H.265, once for a page; a browser that gives no answer does not. */
export function asked(): Promise<void> {
  return (asking ??= Promise.race([ask(), new Promise<void>((resolve) => setTimeout(resolve, ANSWER_WITHIN_MS))]));
}

const ANSWER_WITHIN_MS = 1000;

async function ask(): Promise<void> {
  if (typeof VideoDecoder !== 'function') return;
  try {
    const { supported } = await VideoDecoder.isConfigSupported({ codec: COMMON_H265, optimizeForLatency: true });
    decodes = supported ?? false;
  } catch {
    // it knows no such codec
  }
}

/** The MediaSource to use: the managed one only where there is no other (iPhones). */
export function mediaSource(): typeof MediaSource | undefined {
  const managed = (globalThis as { ManagedMediaSource?: typeof MediaSource }).ManagedMediaSource;
  return globalThis.MediaSource ?? managed;
}

/** Whether WebRTC comes before all else: it is asked for by name, or nothing else plays H.264, as on old iPhones. */
export function webRTCFirst(wanted: Mode | 'auto'): boolean {
  const { mse, webcodecs } = abilities();
  return wanted === 'webrtc' || (wanted === 'auto' && !mse && !webcodecs && hasWebRTC());
}

/** Whether there is WebRTC at all. */
export function hasWebRTC(): boolean {
  return typeof RTCPeerConnection === 'function';
}

/** What the attribute mode may say. */
export function isMode(value: string): value is Mode {
  return /^(mse|webcodecs|jpeg|img|webrtc)$/.test(value);
}

/** A way to show pictures of one codec; img has none. WebRTC is no such way, but comes before all of them or beside them (bypass.ts). */
interface Way {
  mode: Exclude<Mode, 'webrtc'>;
  codec: Codec | null;
}

const WAYS: Way[] = [
  { mode: 'webcodecs', codec: 'h265' },
  { mode: 'mse', codec: 'h265' },
  { mode: 'webcodecs', codec: 'h264' },
  { mode: 'mse', codec: 'h264' },
  { mode: 'jpeg', codec: 'jpeg' },
  { mode: 'img', codec: null },
];

/**
 * Ladder is the ways to show a camera, best first, and those that failed.
 *
 * WebCodecs comes before MSE because it draws a picture when it is there,
 * while a media element wants to have some in stock. H.265 is sent as the camera
 * has it or not at all. JPEG costs the line more than H.264, and img cannot even
 * say what is wrong.
 */
export class Ladder {
  readonly #failed = new Set<Way>();
  readonly #wanted: Mode | 'auto';
  readonly #has: () => Abilities;

  /** wanted is a mode, or auto for all of them. has is asked each time, and so may become true later. */
  constructor(wanted: Mode | 'auto', has: () => Abilities) {
    this.#wanted = wanted;
    this.#has = has;
  }

  /** The way for a codec, or undefined if none is left. */
  modeFor(codec: Codec): Mode | undefined {
    return this.#ways().find((way) => way.codec === codec)?.mode;
  }

  /** Says whether a mode that shows a codec is left. */
  offers(mode: Mode, codec: Codec): boolean {
    return this.#ways().some((way) => way.mode === mode && way.codec === codec);
  }

  /** What to tell the server that it may send, best first; empty if all that is left is img. */
  codecs(): Codec[] {
    const codecs = this.#ways().map(({ codec }) => codec).filter((codec) => codec !== null);
    return [...new Set(codecs)];
  }

  /** Takes out a way to show a codec. */
  fail(mode: Mode, codec: Codec): void {
    for (const way of WAYS) if (way.mode === mode && way.codec === codec) this.#failed.add(way);
  }

  // #ways gives those that are left, best first. A mode that was asked for by name
  // stays, whatever happens, for what every browser with it shows.
  #ways(): Way[] {
    const has = this.#has();
    return WAYS.filter((way) => {
      const { mode, codec } = way;
      if (this.#wanted !== 'auto' && mode !== this.#wanted) return false;
      if (codec === 'h265') return !this.#failed.has(way) && (mode === 'mse' || mode === 'webcodecs') && has.h265[mode];
      if (this.#wanted !== 'auto' || mode === 'img') return true;
      return has[mode] && !this.#failed.has(way);
    });
  }
}
