// The third way up: the device's camera itself, by WebRTC (WHIP, RFC 9725), encoded as H.264 by the
// browser. It costs the line a tenth of JPEGs, and what is lost of it is sent again.

import { hasH264, makePeer, negotiate, Refused, watchEnd, type End as EndSession } from '../../player/wish';
import { address } from '../root';
import { Ended, endOf, type Ack, type Link, type Pace, type Went } from './links';

const CONNECTED_WITHIN = 10_000; // ms, as the server has it
const COUNTED_EVERY = 1000; // ms
const DOWN = 5000; // ms without an answer
const BITS_PER_PIXEL = 0.15; // of a picture of the best quality
const LEAST_BITS = 100_000; // a second

/** What goes up. */
export interface Tracks {
  video: MediaStreamTrack;
  /** null: there is no sound, so that nobody waits for some. */
  audio: MediaStreamTrack | null;
}

/** Says whether this browser can send so. */
export function canSend(): boolean {
  return typeof RTCPeerConnection === 'function' && hasH264(globalThis.RTCRtpSender);
}

/** The camera and the microphone by WebRTC. */
export class WebRTCLink implements Link {
  readonly name = 'WebRTC';
  readonly buffered = 0;
  readonly closed: Promise<Ended>;
  onviewers: Link['onviewers'] = () => {};
  onsound: Link['onsound'] = () => {};
  delivered = false;
  private going: (went: Went) => void = () => {};
  private before = { sent: 0, bytes: 0 };
  private answeredAt = performance.now(); // the last report of the server
  private reported = 0; // when that was, by its own time
  private readonly counting: ReturnType<typeof setInterval>;
  private over = false;
  private resolve!: (ended: Ended) => void;

  /** Settles with a link that is connected, or fails with Ended. */
  static async open(camera: string, publisher: string, { video, audio }: Tracks): Promise<WebRTCLink> {
    const peer = makePeer();
    const pictures = peer.addTransceiver(video, { direction: 'sendonly' }).sender;
    const sound = audio && peer.addTransceiver(audio, { direction: 'sendonly' }).sender;
    const url = new URL(address(`live/${encodeURIComponent(camera)}/whip?publisher=${publisher}`));
    let end: EndSession | null = null;
    try {
      end = await negotiate(peer, url, AbortSignal.timeout(CONNECTED_WITHIN));
      await connected(peer);
      return new WebRTCLink(peer, pictures, sound, end);
    } catch (error) {
      await end?.();
      peer.close();
      throw whyNone(error);
    }
  }

  private constructor(
    private readonly peer: RTCPeerConnection,
    private readonly pictures: RTCRtpSender,
    private readonly audio: RTCRtpSender | null,
    private readonly endSession: EndSession,
  ) {
    this.closed = new Promise((resolve) => (this.resolve = resolve));
    this.counting = setInterval(() => void this.count(), COUNTED_EVERY);
    peer.onconnectionstatechange = null;
    watchEnd(peer, () => this.end(new Ended('lost')));
  }

  send(): Promise<Ack> {
    return Promise.reject(new Ended('lost')); // nobody sends single pictures this way
  }

  follow(going: (went: Went) => void): void {
    this.going = going;
  }

  async pace({ fps, quality, longest }: Pace): Promise<void> {
    const { width = longest, height = longest } = this.pictures.track?.getSettings() ?? {};
    const parameters = this.pictures.getParameters();
    const [encoding] = parameters.encodings;
    if (!encoding) return;
    const scale = Math.max(1, Math.max(width, height) / longest);
    encoding.maxFramerate = fps;
    encoding.scaleResolutionDownBy = scale;
    encoding.maxBitrate = Math.max(LEAST_BITS, Math.round((BITS_PER_PIXEL * quality * fps * width * height) / scale ** 2));
    await this.pictures.setParameters(parameters).catch(() => {}); // which the next change makes good
  }

  async film(track: MediaStreamTrack): Promise<void> {
    if (this.pictures.track !== track) await this.pictures.replaceTrack(track).catch(() => this.end(new Ended('free')));
  }

  async listen(track: MediaStreamTrack | null): Promise<void> {
    if (!this.audio) {
      if (track) this.end(new Ended('free')); // another connection has room for it
      return;
    }
    await this.audio.replaceTrack(track).catch(() => {});
    if (track) this.onsound('opus', '');
  }

  close(): void {
    this.end(new Ended('closed'));
  }

  private async count(): Promise<void> {
    const stats = await this.peer.getStats().catch(() => null);
    if (this.over || !stats) return;
    let [sent, bytes, tripMs] = [0, 0, NaN];
    stats.forEach((entry: RTCOutboundRtpStreamStats & { roundTripTime?: number }) => {
      if (entry.type === 'outbound-rtp') bytes += (entry.bytesSent ?? 0) + (entry.headerBytesSent ?? 0);
      if (entry.type === 'outbound-rtp' && entry.kind === 'video') sent = entry.framesSent ?? entry.framesEncoded ?? 0;
      if (String(entry.type) !== 'remote-inbound-rtp' || entry.kind !== 'video') return;
      if (entry.timestamp !== this.reported) this.answeredAt = performance.now();
      this.reported = entry.timestamp;
      tripMs = 1000 * (entry.roundTripTime ?? NaN);
    });
    const silentMs = performance.now() - this.answeredAt;
    if (silentMs > 2 * DOWN || (silentMs > DOWN && this.peer.connectionState !== 'connected')) return this.end(new Ended('silent'));
    this.delivered ||= sent > 0 && this.reported > 0;
    this.going({ sent: sent - this.before.sent, bytes: bytes - this.before.bytes, tripMs, silentMs });
    this.before = { sent, bytes };
  }

  // end ends it, and asks the server why, where it was the server that did. What follows waits for the answer: else
  // the next connection would be the one that ends this, which the server then says.
  private end(ended: Ended): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.counting);
    if (ended.kind === 'closed') this.resolve(ended);
    setTimeout(() => this.resolve(ended), WHY_WITHIN);
    void this.endSession().then((why) => {
      this.peer.close();
      if (why?.status === REPLACED) this.resolve(new Ended('replaced'));
      else this.resolve(why && why.status !== NOT_FOUND ? new Ended(endOf(why.status), why.message) : ended);
    });
  }
}

const WHY_WITHIN = 2000; // ms
const REPLACED = 409;
const NOT_FOUND = 404; // it knows nothing of it any more

// whyNone says why there is no link: "unreachable" is a server that did not answer by HTTP, "silent" one that cannot
// be connected to besides.
function whyNone(error: unknown): Ended {
  if (error instanceof Ended) return error;
  if (error instanceof Refused) return new Ended(error.status === 502 || error.status === 504 ? 'unreachable' : endOf(error.status), error.message);
  return new Ended(/^(Type|Timeout)Error$/.test((error as Error).name) ? 'unreachable' : 'silent'); // as fetch fails
}

function connected(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Ended('silent')), CONNECTED_WITHIN);
    const look = (): void => {
      if (peer.connectionState === 'connected') resolve();
      else if (peer.connectionState === 'failed' || peer.connectionState === 'closed') reject(new Ended('silent'));
      else return;
      clearTimeout(late);
    };
    peer.onconnectionstatechange = look;
    look();
  });
}
