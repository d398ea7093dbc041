// What stands in for WebRTC in tests.

import { vi } from 'vitest';

/** The connections that were made, in their order. */
export const peers: FakePeer[] = [];

/** What the server answers with, and what it was asked. */
export const server = {
  status: 201,
  body: 'v=0\r\nm=video 9\r\na=rtpmap:96 H264/90000\r\nm=audio 9\r\na=rtpmap:111 opus/48000/2\r\n',
  headers: { Location: '/live/front/whep/7' } as Record<string, string>,
  asked: [] as { method: string; url: string; body: unknown }[],
  held: undefined as Promise<void> | undefined, // until then nothing is answered
};

/** What sends a track. */
export class FakeSender {
  parameters = { encodings: [{}] };
  constructor(public track: unknown) {}
  getParameters = () => this.parameters;
  setParameters = async (parameters: FakeSender['parameters']) => void (this.parameters = parameters);
  replaceTrack = async (track: unknown) => void (this.track = track);
}

/** A connection that does what a test says. */
export class FakePeer extends EventTarget {
  connectionState = 'new';
  iceGatheringState = 'new';
  localDescription: { sdp: string } | null = null;
  remoteDescription: { sdp: string } | null = null;
  readonly transceivers: { kind: string; direction: string }[] = [];
  stats: Record<string, unknown>[] = [];
  closed = false;
  readonly transport = Object.assign(new EventTarget(), { state: 'connected' });
  readonly senders: FakeSender[] = [];
  onconnectionstatechange: (() => void) | null = null;

  constructor(readonly configuration: RTCConfiguration) {
    super();
    peers.push(this);
  }
  addTransceiver(what: string | { kind: string }, { direction }: { direction: string }) {
    const kind = typeof what === 'string' ? what : what.kind;
    this.transceivers.push({ kind, direction });
    const sender = new FakeSender(what);
    this.senders.push(sender);
    return { receiver: { track: { kind } }, sender };
  }
  createOffer = () => Promise.resolve({ type: 'offer', sdp: 'v=0\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n' });
  async setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
  }
  async setRemoteDescription(description: { sdp: string }): Promise<void> {
    if (!description.sdp.startsWith('v=0')) throw new Error('a bad answer');
    this.remoteDescription = description;
  }
  getTransceivers = () => [{ receiver: { transport: this.transport } }];
  getConfiguration = () => this.configuration;
  getStats = () => Promise.resolve(this.stats);
  close(): void {
    this.closed = true;
  }
  /** The other end closes it. */
  hungUp(): void {
    this.transport.state = 'closed';
    this.transport.dispatchEvent(new Event('statechange'));
  }
  /** It is so from now on. */
  becomes(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
    this.onconnectionstatechange?.();
  }
}

/** A video element, as far as it is needed. */
export class FakeVideo extends EventTarget {
  muted = false;
  volume = 1;
  videoWidth = 640;
  videoHeight = 360;
  srcObject: unknown = null;
  /** Browsers refuse to begin with sound before a person did something. */
  static refuses = false;
  play = () => (FakeVideo.refuses && !this.muted ? Promise.reject(Object.assign(new Error('no'), { name: 'NotAllowedError' })) : Promise.resolve());
  pause(): void {}
}

/** Has all of it stand in for the browser's until vi.unstubAllGlobals. */
export function standIn(): void {
  peers.length = server.asked.length = 0;
  server.status = 201;
  server.held = undefined;
  FakeVideo.refuses = false;
  vi.stubGlobal('RTCPeerConnection', FakePeer);
  vi.stubGlobal('MediaStream', class {
    addTrack(): void {}
  });
  vi.stubGlobal('document', { createElement: () => new FakeVideo() });
  vi.stubGlobal('fetch', async (url: URL, { method, body, signal }: RequestInit) => {
    server.asked.push({ method: method!, url: String(url), body });
    if (server.status === 0) throw new TypeError('no network');
    signal?.throwIfAborted();
    await server.held;
    const answer = new Response(method === 'POST' || server.status >= 400 ? server.body : null, { status: server.status, headers: server.headers });
    Object.defineProperty(answer, 'url', { value: String(url) });
    return answer;
  });
}
