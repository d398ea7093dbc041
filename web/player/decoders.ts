// Makes pictures of access units and of JPEGs.

import type { Drawable } from './painter';

/** What is to be decoded. */
export interface Encoded {
  /** An access unit with 4-byte lengths, or a JPEG. */
  bytes: Uint8Array<ArrayBuffer>;
  key: boolean;
  backlog: boolean;
  /** It is not to be shown. */
  behind: boolean;
  captureMs: number;
}

/** Where a decoder puts its pictures. */
export interface Sink {
  /** A picture to show. Whoever gets it closes it. */
  decoded(image: Drawable, encoded: Encoded): void;
  dropped(count: number): void;
  /** It does not work here. */
  failed(error: Error): void;
}

/** Decodes one codec. */
export interface Decoder {
  /** Says what is coming: an RFC 6381 string and the payload of an avcC or hvcC box. */
  configure(codec: string, description: Uint8Array<ArrayBuffer>): void;
  decode(encoded: Encoded): void;
  close(): void;
}

const MOST_WAITING = 30; // live pictures; a decoder that is farther behind starts over at a keyframe
const MOST_REORDERED = 16; // pictures that may come before one that is shown earlier
const MOST_ERRORS = 3; // within ERRORS_WITHIN_MS; more are no accident
const ERRORS_WITHIN_MS = 10_000;

/**
 * Decodes H.264 and H.265 by WebCodecs. Of a backlog it gives the keyframe, which is a
 * picture at once, and then nothing before the present. What is damaged costs the pictures up to the next
 * keyframe; what the browser cannot decode at all is a failure.
 */
export class UnitDecoder implements Decoder {
  #decoder: VideoDecoder | null = null;
  #config: VideoDecoderConfig | null = null;
  #needsKey = true;
  #count = 0; // of access units; labels them on their way through the decoder
  #inside = new Map<number, Encoded>();
  #errors: number[] = []; // when they happened
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  configure(codec: string, description: Uint8Array<ArrayBuffer>): void {
    this.#config = { codec, description, optimizeForLatency: true };
    this.#restart();
  }

  decode(encoded: Encoded): void {
    if (!this.#config) return;
    if (!encoded.backlog && !encoded.key && this.#liveInside() > MOST_WAITING) this.#restart();
    if (this.#needsKey && !encoded.key) {
      this.#sink.dropped(1);
      return;
    }
    this.#needsKey = false;
    const decoder = (this.#decoder ??= this.#open(this.#config));
    const timestamp = this.#count++;
    this.#inside.set(timestamp, { ...encoded, bytes: NOTHING });
    decoder.decode(new EncodedVideoChunk({ type: encoded.key ? 'key' : 'delta', timestamp, data: encoded.bytes }));
  }

  close(): void {
    this.#sink.dropped(this.#liveInside());
    this.#inside.clear();
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
  }

  #open(config: VideoDecoderConfig): VideoDecoder {
    const decoder = new VideoDecoder({
      output: (frame) => this.#output(frame),
      error: (error) => decoder === this.#decoder && this.#failed(error),
    });
    decoder.configure(config);
    return decoder;
  }

  #output(frame: VideoFrame): void {
    const encoded = this.#inside.get(frame.timestamp);
    this.#inside.delete(frame.timestamp);
    this.#giveUp(frame.timestamp - MOST_REORDERED);
    if (encoded && !encoded.behind && (encoded.key || !encoded.backlog)) this.#sink.decoded(frame, encoded);
    else frame.close();
  }

  // #giveUp forgets what went in before and does not come out: decoders leave out
  // what they cannot decode after the keyframe that they began with.
  #giveUp(before: number): void {
    for (const [timestamp, { backlog }] of this.#inside) {
      if (timestamp >= before) return;
      this.#inside.delete(timestamp);
      if (!backlog) this.#sink.dropped(1);
    }
  }

  #failed(error: Error): void {
    const now = performance.now();
    this.#errors = [...this.#errors.filter((at) => at > now - ERRORS_WITHIN_MS), now];
    if (error.name === 'NotSupportedError' || this.#errors.length > MOST_ERRORS) this.#sink.failed(error);
    else this.#restart();
  }

  #restart(): void {
    this.close();
    this.#needsKey = true;
  }

  #liveInside(): number {
    let live = 0;
    for (const encoded of this.#inside.values()) if (!encoded.backlog) live++;
    return live;
  }
}

const NOTHING = new Uint8Array(0);

/** Decodes JPEGs, one at a time; of those that come meanwhile the newest. */
export class JPEGDecoder implements Decoder {
  #busy = false;
  #next: Encoded | null = null;
  #closed = false;
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  configure(): void {}

  decode(encoded: Encoded): void {
    if (encoded.backlog) return;
    if (this.#next) this.#sink.dropped(1);
    this.#next = encoded;
    if (!this.#busy) void this.#work();
  }

  close(): void {
    this.#closed = true;
    this.#next = null;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#next) {
      const encoded = this.#next;
      this.#next = null;
      try {
        const image = await createImageBitmap(new Blob([encoded.bytes], { type: 'image/jpeg' }));
        if (this.#closed) image.close();
        else this.#sink.decoded(image, encoded);
      } catch {
        this.#sink.dropped(1); // one broken picture; the next is another
      }
    }
    this.#busy = false;
  }
}
