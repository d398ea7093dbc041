// Opens sessions of WebRTC by HTTP: WHEP to see (draft-ietf-wish-whep), WHIP to send (RFC 9725).
//
// A POST carries the offer, its answer the answer, and DELETE at the Location that it
// names ends the session. The offer goes out without candidates, since the server waits
// for nobody's: it is found at those of its answer. Only where the server names STUN
// servers, being behind something itself, the offer waits for what they say.

/** The server refused. Its words are the message. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** How a session is ended: the server is told, and says why it had ended it, if so; null where it had not, or does not answer. */
export type End = () => Promise<Refused | null>;

const GATHERED_WITHIN_MS = 2000;

let iceServers: RTCIceServer[] = []; // as the server named them last

/** Makes a connection that negotiate opens. */
export function makePeer(): RTCPeerConnection {
  return new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
}

/**
 * Offers what the connection has, and takes the answer. Fails with Refused, or as fetch does.
 * Where it fails the connection is of no use any more, and is to be closed.
 */
export async function negotiate(peer: RTCPeerConnection, url: URL, signal: AbortSignal): Promise<End> {
  const { type, sdp } = await peer.createOffer();
  await peer.setLocalDescription({ type, sdp: inStereo(sdp ?? '') });
  if (peer.getConfiguration().iceServers?.length) await gathered(peer);
  const body = peer.localDescription?.sdp ?? '';
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body, signal });
  const text = await answer.text();
  if (!answer.ok) throw refused(answer, text);
  const end = ending(answer);
  try {
    learn(answer.headers.get('Link') ?? '');
    await peer.setRemoteDescription({ type: 'answer', sdp: text });
  } catch (error) {
    void end();
    throw error;
  }
  return end;
}

/**
 * Calls lost once the connection cannot be used any more, also where the other end has closed it, of which browsers
 * tell by the transport alone. It is to be called when there is an answer.
 */
export function watchEnd(peer: RTCPeerConnection, lost: () => void): void {
  const { transport } = peer.getTransceivers()[0]?.receiver ?? {};
  const look = (): void => {
    if ([peer.connectionState, transport?.state].some((state) => state === 'failed' || state === 'closed')) lost();
  };
  peer.addEventListener('connectionstatechange', look);
  transport?.addEventListener('statechange', look);
  look();
}

/** Says whether H.264 can be received, or sent, by WebRTC here. A browser that does not say is believed to. */
export function hasH264(what: typeof RTCRtpReceiver | typeof RTCRtpSender | undefined): boolean {
  return what?.getCapabilities?.('video')?.codecs.some(({ mimeType }) => /h264/i.test(mimeType)) ?? true;
}

// inStereo asks for both channels of Opus, of which Chromium plays one otherwise.
function inStereo(sdp: string): string {
  return sdp.replace(/useinbandfec=1(?!;stereo)/g, 'useinbandfec=1;stereo=1');
}

function refused({ status }: Response, text: string): Refused {
  return new Refused(status, text.trim().split('\n')[0]!.slice(0, 200) || `The server answers ${status}.`);
}

function gathered(peer: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (peer.iceGatheringState === 'complete') resolve();
    };
    peer.addEventListener('icegatheringstatechange', look);
    setTimeout(resolve, GATHERED_WITHIN_MS);
    look();
  });
}

// ending tells the server that a session is over, also as the page goes.
function ending(answer: Response): End {
  const location = answer.headers.get('Location'); // which another site may not see, unless the server says so
  return async () => {
    const told = location && (await fetch(new URL(location, answer.url), { method: 'DELETE', keepalive: true }).catch(() => null));
    return told && !told.ok ? refused(told, await told.text()) : null;
  };
}

// learn keeps the STUN servers that the server names (RFC 9725, section 4.6), for the next connection.
function learn(link: string): void {
  const urls = [...link.matchAll(/<(stuns?:[^>]+)>[^,]*rel="?ice-server/g)].map(([, url]) => url!);
  iceServers = urls.length > 0 ? [{ urls }] : [];
}
