// Keeps a way up to the server, whatever happens to the network.

import { Ended, PostLink, SocketLink, type Link } from './links';
import { WebRTCLink, type Tracks } from './webrtclink';

const SOCKET_TRIES = 2; // before pictures go by POST
const PAUSE = 500; // ms, before the second attempt; doubles
const LONGEST_PAUSE = 10_000; // ms
const BUSY_PAUSE = 4000; // ms
const STEADY = 10_000; // ms after which a link that ends counts as no failure

/** Who is told of it. */
export interface Told {
  /** There is a link; null: it is over. */
  link(link: Link | null): void;
  /** There is none, and why; another attempt follows. */
  waiting(ended: Ended): void;
}

/** Opens links to a camera as a publisher. */
export interface Opener {
  /** There is none where the server takes no WebRTC, or the browser sends none. */
  webRTC?(): Promise<Link>;
  socket(): Promise<Link>;
  post(probe: boolean): Link;
}

/** The real one; tracks are what goes by WebRTC, null where nothing is to. */
export function opener(camera: string, publisher: string, tracks: (() => Tracks | null) | null): Opener {
  return {
    ...(tracks && {
      webRTC: () => {
        const now = tracks();
        return now ? WebRTCLink.open(camera, publisher, now) : Promise.reject(new Ended('silent'));
      },
    }),
    socket: () => SocketLink.open(camera, publisher),
    post: (probe) => new PostLink(camera, publisher, probe),
  };
}

/**
 * Keeps a link up, by WebRTC where that comes through, until signal says to stop, or the same publisher connected elsewhere, which gives true. Where no socket is to be had pictures go
 * by POST. A page may not see why a socket is refused; a POST tells, so it also finds out when a taken camera is free.
 */
export async function publish(open: Opener, signal: AbortSignal, told: Told): Promise<boolean> {
  let socketFailures = 0;
  let webRTC = open.webRTC !== undefined; // and it has not failed
  let probing = false; // whether the camera is free, or there again
  for (let failures = 0; !signal.aborted; failures++) {
    let ended: Ended;
    const wasWebRTC = webRTC && !probing;
    try {
      const link = probing ? open.post(true) : webRTC ? await open.webRTC!() : socketFailures >= SOCKET_TRIES ? open.post(false) : await open.socket();
      const began = performance.now();
      ended = await use(link, signal, told);
      if (performance.now() - began > STEADY) failures = 0;
      if (link.name === 'WebRTC') webRTC &&= link.delivered || ended.kind === 'free';
      else socketFailures = link.delivered || link.name === 'POST' ? 0 : socketFailures + 1;
      probing = ended.kind === 'busy' || ended.kind === 'gone';
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      ended = error;
      if (wasWebRTC) webRTC = ended.kind === 'busy' || ended.kind === 'denied' || ended.kind === 'unreachable';
      else socketFailures++;
      if (wasWebRTC && !webRTC) continue; // at once, and without a word
      probing = ended.kind === 'busy';
    }
    if (signal.aborted) return false;
    if (ended.kind === 'free') continue;
    if (ended.kind === 'replaced') return true;
    // The first failure of a socket is not worth a word, since the next attempt
    // follows at once.
    if (socketFailures !== 1) told.waiting(ended);
    await pause(ended.kind === 'busy' ? BUSY_PAUSE : Math.min(LONGEST_PAUSE, PAUSE * 2 ** failures), signal);
  }
  return false;
}

// use has pictures sent through a link until it is over, and says why it is.
async function use(link: Link, signal: AbortSignal, told: Told): Promise<Ended> {
  const close = (): void => link.close();
  if (signal.aborted) { // while it was opened
    close();
    return link.closed;
  }
  signal.addEventListener('abort', close);
  told.link(link);
  const ended = await link.closed;
  signal.removeEventListener('abort', close);
  told.link(null);
  return ended;
}

// pause waits before the next attempt, never in step with others that lost the
// same server.
function pause(most: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, most * (0.5 + Math.random() / 2));
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
