// The addresses of a camera's pictures.

/** What of a rendition can be asked for; null leaves it to the server. */
export interface Wish {
  width: string | null;
  height: string | null;
  fps: string | null;
  quality: string | null;
}

/**
 * Gives the addresses of one camera. src is that of its WebSocket, such as
 * /live/front, relative to base; a query in it (a signed link's) is kept.
 */
export class Address {
  /** Its own, of HTTP. */
  readonly url: URL;

  /** Throws a TypeError if src is no address, or not one of HTTP. */
  constructor(src: string, base: string, wish: Wish) {
    this.url = new URL(src, base);
    this.url.protocol = this.url.protocol.replace(/^ws/, 'http');
    if (!/^https?:$/.test(this.url.protocol)) throw new TypeError(`${src} is not an address of HTTP`);
    for (const [name, value] of Object.entries(wish)) {
      if (value !== null) this.url.searchParams.set(name, value as string);
    }
  }

  /** The WebSocket, for what the client will say that it can show. */
  socket(): URL {
    const url = this.at('', { codec: 'auto' });
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    return url;
  }

  /** One picture, which may be as old as a day: better than none. */
  still(): URL {
    return this.at('.jpg', { max_age: '24h' });
  }

  /** What is behind the address, as .mjpeg, the endless multipart response, or /whep, where a session of WebRTC is opened. */
  at(extension: string, query: Record<string, string> = {}): URL {
    const url = new URL(this.url);
    url.pathname += extension;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }
}
