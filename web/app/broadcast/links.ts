// The ways pictures go up: a WebSocket, a POST for each, or as webrtclink.ts has it.

import { address } from '../root';

/**
 * Why a link is over: "lost" (it was there), "unreachable" (it never was), "silent" (no answer comes), "closed" (by ourselves),
 * "busy" (another publisher is there), "free" (no longer so), "replaced" (this publisher connected elsewhere), "denied" (nobody is
 * logged in any more), "gone" (there is no such camera, or no permission), or "refused" (a picture cannot be accepted).
 */
export type End = 'lost' | 'unreachable' | 'silent' | 'closed' | 'busy' | 'free' | 'replaced' | 'denied' | 'gone' | 'refused';

/** Says why a link is over; the message is the server's, where it said something. */
export class Ended extends Error {
  constructor(
    readonly kind: End,
    message = '',
  ) {
    super(message);
  }
}

/** What the server says to a picture. */
export interface Ack {
  viewers: number;
  /** It came too fast, and was not published. */
  dropped?: boolean;
}

/** What is to go up where the browser encodes it. */
export interface Pace {
  fps: number;
  /** 0 to 1. */
  quality: number;
  /** The longer side, at most. */
  longest: number;
}

/** What went up since it was told last. */
export interface Went {
  sent: number;
  bytes: number;
  tripMs: number;
  /** How long the server has not answered. */
  silentMs: number;
}

/** A way up, until it is closed. */
export interface Link {
  readonly name: 'WebSocket' | 'POST' | 'WebRTC';
  /** Bytes that are not on their way yet. */
  readonly buffered: number;
  /** Whether the server ever had a picture. */
  readonly delivered: boolean;
  /** Settles with why it is over. */
  readonly closed: Promise<Ended>;
  /** Is told how many watch. */
  onviewers: (viewers: number) => void;
  /** Is told of the codec that sound may be sent in; '', and the server's words, where it may not. */
  onsound: (codec: string, message: string) => void;
  /** Sends a picture, and when it was taken; it settles once the server has it. */
  send(picture: Blob, ms: number): Promise<Ack>;
  /** Asks to send sound; '' ends it. There is none where no sound goes this way. */
  askSound?(codec: string): void;
  /** Sends a packet of sound, and when it was taken, once that may be. */
  sound?(ms: number, packet: Uint8Array): void;
  /** Where it sends the camera itself, and no single pictures: tells how it goes. There is none elsewhere, nor of what follows. */
  follow?(going: (went: Went) => void): void;
  pace?(pace: Pace): void;
  /** Sends another camera, or another microphone, or none. */
  film?(track: MediaStreamTrack): void;
  listen?(track: MediaStreamTrack | null): void;
  close(): void;
}

const OPEN_WITHIN = 8000; // ms
const SOUND_WITHIN = 5000; // ms; then the server knows nothing of sound
const ACK_WITHIN = 10_000; // ms; then the network is gone, whatever TCP hopes for
const POST_WITHIN = 35_000; // ms; the server's own limit is 30 s
const REPLACED = 1008; // the close code

// What stands in front of a message to a server that takes sound.
const PICTURE = 1;
const SOUND = 2;
const HEAD_BYTES = 12;

/** Makes what stands there: the kind, and the time in µs. */
export function head(kind: number, ms: number): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(HEAD_BYTES));
  view.setUint8(0, kind);
  view.setBigUint64(4, BigInt(Math.max(0, Math.round(ms * 1000))));
  return view.buffer;
}

/** A message of the server. */
interface Reply {
  type: 'ack' | 'error' | 'hint' | 'sound';
  viewers: number;
  dropped?: boolean;
  codec?: string;
  message?: string;
}

interface Pending {
  resolve(ack: Ack): void;
  reject(ended: Ended): void;
  late: ReturnType<typeof setTimeout>;
}

/** Pictures and sound by a WebSocket. */
export class SocketLink implements Link {
  readonly name = 'WebSocket';
  readonly closed: Promise<Ended>;
  onviewers: Link['onviewers'] = () => {};
  onsound: Link['onsound'] = () => {};
  delivered = false;
  private codec = ''; // of the sound that the server takes
  private heads = false; // it knows them
  private asked = false; // to take sound
  private unanswered: ReturnType<typeof setTimeout> | undefined; // a question about sound
  private pending: Pending | null = null; // of the one picture in flight
  private resolve!: (ended: Ended) => void;

  /** Settles with a link, or fails with Ended where no socket can be had. */
  static open(camera: string, publisher: string): Promise<SocketLink> {
    return new Promise((resolve, reject) => {
      const url = new URL(address(`live/${encodeURIComponent(camera)}/publish?publisher=${publisher}`));
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      const socket = new WebSocket(url);
      const fail = (): void => {
        clearTimeout(late);
        socket.close();
        reject(new Ended('unreachable'));
      };
      const late = setTimeout(fail, OPEN_WITHIN);
      socket.onopen = () => {
        clearTimeout(late);
        resolve(new SocketLink(socket));
      };
      socket.onclose = fail;
    });
  }

  constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => (this.resolve = resolve));
    socket.onclose = ({ code, reason }) => this.end(code === REPLACED ? new Ended('replaced') : new Ended('lost', reason));
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data as string) as Reply);
  }

  get buffered(): number {
    return this.socket.bufferedAmount;
  }

  send(picture: Blob, ms: number): Promise<Ack> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) {
        reject(new Ended('lost'));
        return;
      }
      this.pending = { resolve, reject, late: setTimeout(() => this.end(new Ended('silent')), ACK_WITHIN) };
      this.socket.send(this.heads ? new Blob([head(PICTURE, ms), picture]) : picture);
    });
  }

  askSound(codec: string): void {
    if (this.socket.readyState !== WebSocket.OPEN || (!codec && !this.asked)) return;
    this.asked = true;
    if (!codec) this.codec = '';
    this.socket.send(JSON.stringify({ type: 'sound', codec, channels: 1 }));
    clearTimeout(this.unanswered);
    if (codec) this.unanswered = setTimeout(() => this.onsound('', ''), SOUND_WITHIN);
  }

  sound(ms: number, packet: Uint8Array): void {
    if (!this.codec || this.socket.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(HEAD_BYTES + packet.length);
    message.set(new Uint8Array(head(SOUND, ms)));
    message.set(packet, HEAD_BYTES);
    this.socket.send(message);
  }

  // end ends it at once: a browser tells of a connection's end only when the
  // other side says so, or after minutes.
  private end(ended: Ended): void {
    clearTimeout(this.unanswered);
    clearTimeout(this.pending?.late);
    this.pending?.reject(ended);
    this.pending = null;
    this.socket.onclose = this.socket.onmessage = null;
    this.socket.close();
    this.resolve(ended);
  }

  private receive(reply: Reply): void {
    this.onviewers(reply.viewers);
    if (reply.type === 'sound') {
      this.hear(reply);
      return;
    }
    const pending = this.pending;
    if (reply.type === 'hint' || !pending) return;
    this.pending = null;
    clearTimeout(pending.late);
    this.delivered = true;
    if (reply.type === 'ack') pending.resolve(reply);
    else pending.reject(new Ended('refused', reply.message));
  }

  // hear takes the answer to askSound.
  private hear({ codec = '', message = '' }: Reply): void {
    clearTimeout(this.unanswered);
    this.codec = codec;
    this.heads ||= codec !== '';
    this.onsound(codec, message);
  }

  close(): void {
    this.socket.close(1000);
    this.end(new Ended('closed'));
  }
}

/** Pictures by a POST for each, where no WebSocket comes through; and a page is told why one is refused. */
export class PostLink implements Link {
  readonly name = 'POST';
  readonly buffered = 0;
  readonly closed: Promise<Ended>;
  onviewers: Link['onviewers'] = () => {};
  onsound: Link['onsound'] = () => {};
  delivered = false;
  private readonly url: string;
  private readonly abort = new AbortController();
  private end!: (ended: Ended) => void;

  /** A probe ends as soon as a picture is taken, with "free". */
  constructor(
    camera: string,
    publisher: string,
    private readonly probe: boolean,
  ) {
    this.url = address(`live/${encodeURIComponent(camera)}.jpg?publisher=${publisher}`);
    this.closed = new Promise((resolve) => (this.end = resolve));
  }

  async send(picture: Blob): Promise<Ack> {
    try {
      return await this.post(picture);
    } catch (error) {
      const ended = error instanceof Ended ? error : new Ended('unreachable');
      if (ended.kind !== 'refused') this.end(ended);
      throw ended;
    }
  }

  private async post(picture: Blob): Promise<Ack> {
    const late = setTimeout(() => this.abort.abort(), POST_WITHIN);
    const headers = { 'Content-Type': 'image/jpeg' };
    const response = await fetch(this.url, { method: 'POST', body: picture, headers, signal: this.abort.signal });
    const text = (await response.text()).trim();
    clearTimeout(late);
    if (!response.ok) throw new Ended(endOf(response.status), text);
    this.delivered = true;
    const viewers = Number(response.headers.get('X-Framegate-Viewers'));
    this.onviewers(viewers);
    if (this.probe) this.end(new Ended('free'));
    return { viewers, dropped: response.headers.has('X-Framegate-Dropped') };
  }

  close(): void {
    this.abort.abort();
    this.end(new Ended('closed'));
  }
}

/** Says what an HTTP status means. */
export function endOf(status: number): End {
  switch (status) {
    case 401:
      return 'denied';
    case 403:
    case 404:
      return 'gone';
    case 409:
      return 'busy';
    case 413:
    case 415:
    case 422:
      return 'refused';
  }
  return 'lost';
}
