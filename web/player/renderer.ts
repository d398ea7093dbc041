// What shows pictures.

import type { Codec, Packet } from './protocol';

/** What a renderer tells of. */
export interface RendererEvents {
  /** A picture is on the screen: when it was taken by the server's clock, and when it was painted by ours, in ms. */
  painted(captureMs: number, paintedMs: number): void;
  /** Pictures were left out, for whatever reason. */
  dropped(count: number): void;
  /** The size of the pictures, now that one is known. */
  sized(width: number, height: number): void;
  /** This way of showing does not work here. The renderer does nothing any more. */
  failed(reason: Error): void;
}

/** One way to show pictures. It lives as long as its surface; connections come and go. */
export interface Renderer {
  /** The element that shows the pictures. */
  readonly surface: HTMLElement;
  /** A connection begins, whose pictures do not continue those of the one before. */
  begin(codec: Codec): void;
  /** Takes an init segment or a frame. */
  take(packet: Packet): void;
  /** What comes next comes by so much slower than it was taken, as a part of 1, as that waits for its sound. */
  pace?(slower: number): void;
  /** Nothing comes for a while: gives back what it can without losing the last picture. */
  rest(): void;
  /** How much is buffered ahead of the picture that is shown, in ms. */
  bufferMs(): number;
  /** Ends it and gives everything back. */
  close(): void;
}
