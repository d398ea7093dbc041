// What a connection says of itself (https://www.w3.org/TR/webrtc-stats/).
//
// RTP says when a picture was taken only by the reports of who sends it, which tell the
// time of the sender's clock; and of that clock is known when a report came, and for how
// long packets are on their way. What a browser does not say is not known.

import { wallMs } from './clock';

/** What is known of a connection by now. */
export interface Report {
  packets: number;
  decoded: number;
  /** Since the report before. */
  came: number;
  missed: number;
  /** From taking a picture to painting it, as far as that is known. */
  delayMs: number | null;
  errorMs: number | null;
  bufferMs: number;
  soundMs: number | null;
  shown: number;
  dropped: number;
  intervalMs: number;
  /** When the picture was taken that is shown, by the sender's clock; null where that is not known. */
  playedMs: number | null;
  /** All that were missing, whether or not they were sent again. */
  lost: number;
}

// What stands in them, of which TypeScript's library says less.
interface Inbound extends RTCInboundRtpStreamStats {
  estimatedPlayoutTimestamp?: number;
}
interface Outbound extends RTCSentRtpStreamStats {
  remoteTimestamp?: number;
}

const NTP_MS = 2_208_988_800_000; // from 1900 to 1970, by which NTP and Unix count
const IS_NTP_MS = 3e12; // which is later than any time since 1970 that somebody sees

/** Asks a connection, whose report before is known. */
export async function readStats(peer: RTCPeerConnection, before: Report | null): Promise<Report> {
  const all: RTCStats[] = [];
  (await peer.getStats()).forEach((entry: RTCStats) => all.push(entry));
  const of = <T extends RTCStats>(type: string, kind?: string): T | undefined =>
    all.find((entry) => entry.type === type && (!kind || (entry as Inbound).kind === kind)) as T | undefined;
  const video = of<Inbound>('inbound-rtp', 'video');
  const audio = of<Inbound>('inbound-rtp', 'audio');
  const packets = video?.packetsReceived ?? 0;
  const decoded = video?.framesDecoded ?? 0;
  const dropped = video?.framesDropped ?? 0;
  const lost = Math.max(0, video?.packetsLost ?? 0) + (video?.nackCount ?? 0);
  const playedMs = unixMs(video?.estimatedPlayoutTimestamp);
  const heardMs = unixMs(audio?.estimatedPlayoutTimestamp);
  return {
    packets, decoded, dropped, lost, playedMs,
    came: packets - (before?.packets ?? 0),
    missed: lost - (before?.lost ?? 0),
    shown: Math.max(0, decoded - dropped),
    bufferMs: 1000 * ratio(video?.jitterBufferDelay, video?.jitterBufferEmittedCount),
    soundMs: playedMs !== null && heardMs !== null ? playedMs - heardMs : null,
    intervalMs: video?.framesPerSecond ? 1000 / video.framesPerSecond : 0,
    ...delay(playedMs, of<Outbound>('remote-outbound-rtp', 'video'), roundTripMs(all)),
  };
}

function delay(playedMs: number | null, sender: Outbound | undefined, tripMs: number | null): Pick<Report, 'delayMs' | 'errorMs'> {
  const saidMs = unixMs(sender?.remoteTimestamp);
  if (playedMs === null || !sender || saidMs === null || tripMs === null) return { delayMs: null, errorMs: null };
  const aheadMs = saidMs + tripMs / 2 - sender.timestamp; // of the server's clock
  return { delayMs: wallMs() + aheadMs - playedMs, errorMs: tripMs / 2 };
}

function roundTripMs(all: RTCStats[]): number | null {
  const trips = all.filter(({ type }) => type === 'candidate-pair').map((pair) => (pair as RTCIceCandidatePairStats).currentRoundTripTime);
  const known = trips.filter((seconds) => seconds !== undefined);
  return known.length > 0 ? 1000 * Math.min(...known) : null;
}

function unixMs(ms: number | undefined): number | null {
  if (!ms) return null;
  return ms > IS_NTP_MS ? ms - NTP_MS : ms;
}

function ratio(sum: number | undefined, count: number | undefined): number {
  return sum && count ? sum / count : 0;
}
