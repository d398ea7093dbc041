// What the player has to know of sound in fragmented MP4: how it is configured,
// and where its frames are.

import {
  BoxError, TRUN_COMPOSITION, TRUN_DATA_OFFSET, TRUN_DURATION, TRUN_FIRST_FLAGS, TRUN_FLAGS, TRUN_SIZE, child, find, parseDecodeTime, parseTimescale, viewOf,
} from './fmp4';

/** What an init segment says of its only track, which is of sound. */
export interface SoundInit {
  /** RFC 6381: opus, or mp4a.40 and the type of AAC. */
  codec: string;
  /** What decoders want to know: an AudioSpecificConfig; null for Opus, which says it in each packet. */
  config: Uint8Array<ArrayBuffer> | null;
  /** Samples a second of each channel. */
  rate: number;
  channels: number;
  /** Units of time in a second. */
  timescale: number;
}

/** A frame of sound. */
export interface SoundFrame {
  /** In the track's units of time. */
  start: number;
  duration: number;
  bytes: Uint8Array<ArrayBuffer>;
}

const ENTRY_BYTES = 28; // of an AudioSampleEntry before its boxes (ISO/IEC 14496-12, 12.2.3)

/** Reads an init segment of sound, or throws a BoxError. */
export function parseSoundInit(bytes: Uint8Array<ArrayBuffer>): SoundInit {
  const track = find(bytes, ['moov', 'trak']);
  const entries = find(track, ['mdia', 'minf', 'stbl', 'stsd']).subarray(8); // version, flags, entry count
  const timescale = parseTimescale(find(track, ['mdia', 'mdhd']));
  const opus = child(entries, 'Opus');
  const entry = viewOf(opus ?? find(entries, ['mp4a']), ENTRY_BYTES);
  const channels = entry.getUint16(16);
  if (channels === 0) throw new BoxError('sound in no channel');
  const rate = entry.getUint32(24) >>> 16 || timescale; // 0 where it does not fit
  if (opus) return { codec: 'opus', config: null, rate, channels, timescale };
  const config = decoderInfo(find(find(entries, ['mp4a']).subarray(ENTRY_BYTES), ['esds']).subarray(4));
  return { codec: `mp4a.40.${objectType(config)}`, config: config.slice(), rate, channels, timescale };
}

// objectType gives the type of AAC (ISO/IEC 14496-3, 1.6.2.1).
function objectType(config: Uint8Array): number {
  if (config.length < 2) throw new BoxError('a bad decoder configuration');
  const type = config[0]! >> 3;
  return type === 31 ? 32 + ((config[0]! & 7) << 3) + (config[1]! >> 5) : type;
}

// Descriptors (ISO/IEC 14496-1, 7.2.2.1), and what stands in them before others.
const ES = { tag: 3, bytes: 3 };
const DECODER_CONFIG = { tag: 4, bytes: 13 };
const DECODER_INFO = { tag: 5, bytes: 0 };
const ES_DEPENDS = 0x80;
const ES_URL = 0x40;
const ES_CLOCK = 0x20;

// decoderInfo finds the AudioSpecificConfig in what is in esds.
function decoderInfo(esds: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const es = descriptor(esds, ES);
  const flags = es[2]!;
  let more = (flags & ES_DEPENDS ? 2 : 0) + (flags & ES_CLOCK ? 2 : 0);
  if (flags & ES_URL) more += 1 + (es[ES.bytes + (flags & ES_DEPENDS ? 2 : 0)] ?? 0);
  const config = descriptor(es.subarray(ES.bytes + more), DECODER_CONFIG);
  return descriptor(config.subarray(DECODER_CONFIG.bytes), DECODER_INFO);
}

// descriptor gives what is in the first descriptor of a tag.
function descriptor(bytes: Uint8Array<ArrayBuffer>, { tag, bytes: least }: { tag: number; bytes: number }): Uint8Array<ArrayBuffer> {
  for (let at = 0; at < bytes.length; ) {
    const found = bytes[at++];
    let size = 0;
    for (let n = 0; n < 4; n++) {
      const digit = bytes[at++] ?? 0;
      size = size * 128 + (digit & 0x7f);
      if (digit < 0x80) break;
    }
    if (size > bytes.length - at) throw new BoxError('a descriptor that is cut off');
    if (found !== tag) at += size;
    else if (size >= least) return bytes.subarray(at, at + size);
    else throw new BoxError('a descriptor that is cut off');
  }
  throw new BoxError(`no descriptor ${tag}`);
}

/**
 * Reads where the frames of a fragment are, or throws a BoxError. at is where the
 * first begins in it. Each has a duration and a size of its own.
 */
export function parseSound(bytes: Uint8Array<ArrayBuffer>, at: number): SoundFrame[] {
  const track = find(bytes, ['moof', 'traf']);
  const trun = viewOf(find(track, ['trun']), 8);
  const flags = trun.getUint32(0) & 0xffffff;
  if (!(flags & TRUN_DURATION) || !(flags & TRUN_SIZE)) throw new BoxError('frames of sound that are cut off');
  const entry = 8 + (flags & TRUN_FLAGS ? 4 : 0) + (flags & TRUN_COMPOSITION ? 4 : 0);
  const first = 8 + (flags & TRUN_DATA_OFFSET ? 4 : 0) + (flags & TRUN_FIRST_FLAGS ? 4 : 0);
  const count = trun.getUint32(4);
  if (first + count * entry > trun.byteLength) throw new BoxError('frames of sound that are cut off');
  const frames: SoundFrame[] = [];
  let start = parseDecodeTime(track);
  for (let i = 0; i < count; i++) {
    const duration = trun.getUint32(first + i * entry);
    const size = trun.getUint32(first + i * entry + 4);
    if (size > bytes.length - at) throw new BoxError('frames of sound that are cut off');
    frames.push({ start, duration, bytes: bytes.subarray(at, at + size) });
    start += duration;
    at += size;
  }
  return frames;
}
