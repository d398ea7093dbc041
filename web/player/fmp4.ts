// What the player has to know of fragmented MP4 (ISO/IEC 14496-12): of an init
// segment the decoder's configuration, of a fragment where it lies in time.
//
// Bytes are read as a stranger's: every length is checked against the box
// around it, and nothing is allocated as they say.

/** What an init segment says of its only video track. */
export interface InitSegment {
  /** The payload of the avcC or hvcC box (ISO/IEC 14496-15 sections 5.3.3 and 8.3.3), as decoders want it. */
  config: Uint8Array<ArrayBuffer>;
  /** RFC 6381, such as avc1.64001f or hvc1.1.6.L93.B0. */
  codec: string;
  width: number;
  height: number;
  /** Units of time in a second. */
  timescale: number;
}

/** Where the first sample of a fragment lies, in the track's units of time. */
export interface FragmentHead {
  decodeTime: number;
  /** How much later than it is decoded the picture is shown. */
  composition: number;
  duration: number;
  /** Where the duration stands, a u32, so that it can be changed; -1 if it stands in no place of its own. */
  durationAt: number;
}

/** Says what is wrong with a box. */
export class BoxError extends Error {}

/** Reads an init segment, or throws a BoxError. */
export function parseInit(bytes: Uint8Array<ArrayBuffer>): InitSegment {
  const track = find(bytes, ['moov', 'trak']);
  const entry = find(track, ['mdia', 'minf', 'stbl', 'stsd']).subarray(8); // version, flags, entry count
  const h265 = child(entry, 'hvc1');
  const sample = h265 ?? find(entry, ['avc1'], ['avc3']);
  const dimensions = viewOf(sample, 78); // of a VisualSampleEntry
  const config = find(sample.subarray(78), [h265 ? 'hvcC' : 'avcC']);
  if (config.length < (h265 ? 23 : 7) || config[0] !== 1) throw new BoxError('a bad decoder configuration');
  return {
    config: config.slice(),
    codec: h265 ? nameH265(config) : 'avc1.' + [...config.subarray(1, 4)].map((byte) => hex(byte).padStart(2, '0')).join(''),
    width: dimensions.getUint16(24),
    height: dimensions.getUint16(26),
    timescale: parseTimescale(find(track, ['mdia', 'mdhd'])),
  };
}

const hex = (value: number): string => value.toString(16);

// nameH265 names H.265 by its configuration (ISO/IEC 14496-15, E.3): profile, the
// profiles it is compatible with, tier and level, and constraints.
function nameH265(hvcC: Uint8Array<ArrayBuffer>): string {
  const profile = hvcC[1]!;
  const space = ['', 'A', 'B', 'C'][profile >> 6]!;
  let compatible = 0;
  for (let bits = viewOf(hvcC, 6).getUint32(2), i = 0; i < 32; i++) compatible = compatible * 2 + ((bits >>> i) & 1);
  const constraints = [...hvcC.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const tier = profile & 0x20 ? 'H' : 'L';
  const parts = [`${space}${profile & 0x1f}`, hex(compatible), `${tier}${hvcC[12]}`, ...constraints.map(hex)];
  return 'hvc1.' + parts.join('.').toUpperCase();
}

/** Reads the units of time in a second out of mdhd. */
export function parseTimescale(mdhd: Uint8Array<ArrayBuffer>): number {
  const view = viewOf(mdhd, 24);
  const timescale = view.getUint8(0) === 1 ? view.getUint32(20) : view.getUint32(12);
  if (timescale === 0) throw new BoxError('a timescale of 0');
  return timescale;
}

// Flags of tfhd and trun (sections 8.8.7 and 8.8.8).
const TFHD_BASE_DATA_OFFSET = 0x1;
const TFHD_DESCRIPTION = 0x2;
const TFHD_DURATION = 0x8;
export const TRUN_DATA_OFFSET = 0x1;
export const TRUN_FIRST_FLAGS = 0x4;
export const TRUN_DURATION = 0x100;
export const TRUN_SIZE = 0x200;
export const TRUN_FLAGS = 0x400;
export const TRUN_COMPOSITION = 0x800;

/** Reads the head of a fragment, or throws a BoxError. */
export function parseFragment(bytes: Uint8Array<ArrayBuffer>): FragmentHead {
  const track = find(bytes, ['moof', 'traf']);
  const decodeTime = parseDecodeTime(track);
  const trun = find(track, ['trun']);
  const first = parseFirstSample(trun);
  const duration = first.duration ?? defaultDuration(find(track, ['tfhd']));
  const durationAt = first.durationAt < 0 ? -1 : trun.byteOffset - bytes.byteOffset + first.durationAt;
  return { decodeTime, composition: first.composition, duration, durationAt };
}

/** Gives the decode time of a fragment's first sample, of its traf. */
export function parseDecodeTime(track: Uint8Array<ArrayBuffer>): number {
  const tfdt = find(track, ['tfdt']);
  return viewOf(tfdt, 8).getUint8(0) === 1 ? Number(viewOf(tfdt, 12).getBigUint64(4)) : viewOf(tfdt, 8).getUint32(4);
}

interface FirstSample {
  duration: number | null;
  durationAt: number;
  composition: number;
}

function parseFirstSample(trun: Uint8Array<ArrayBuffer>): FirstSample {
  const flags = viewOf(trun, 8).getUint32(0) & 0xffffff;
  let at = 8; // behind version, flags and the sample count
  if (flags & TRUN_DATA_OFFSET) at += 4;
  if (flags & TRUN_FIRST_FLAGS) at += 4;
  let duration: number | null = null;
  let durationAt = -1;
  if (flags & TRUN_DURATION) {
    duration = viewOf(trun, at + 4).getUint32(at);
    durationAt = at;
    at += 4;
  }
  if (flags & TRUN_SIZE) at += 4;
  if (flags & TRUN_FLAGS) at += 4;
  const composition = flags & TRUN_COMPOSITION ? viewOf(trun, at + 4).getInt32(at) : 0;
  return { duration, durationAt, composition };
}

function defaultDuration(tfhd: Uint8Array<ArrayBuffer>): number {
  const flags = viewOf(tfhd, 8).getUint32(0) & 0xffffff;
  if (!(flags & TFHD_DURATION)) return 0;
  const at = 8 + (flags & TFHD_BASE_DATA_OFFSET ? 8 : 0) + (flags & TFHD_DESCRIPTION ? 4 : 0);
  return viewOf(tfhd, at + 4).getUint32(at);
}

/** Gives the payload of the first box at a path, or at another one. */
export function find(bytes: Uint8Array<ArrayBuffer>, path: string[], otherwise?: string[]): Uint8Array<ArrayBuffer> {
  let inside: Uint8Array<ArrayBuffer> | null = bytes;
  for (const type of path) {
    inside = child(inside, type);
    if (inside) continue;
    if (otherwise) return find(bytes, otherwise);
    throw new BoxError(`no ${type} box`);
  }
  return inside;
}

/** Gives the payload of the first box of a type, or null. */
export function child(bytes: Uint8Array<ArrayBuffer>, type: string): Uint8Array<ArrayBuffer> | null {
  const view = viewOf(bytes, 0);
  for (let at = 0; at + 8 <= bytes.length; ) {
    let size = view.getUint32(at);
    let head = 8;
    if (size === 1) {
      if (at + 16 > bytes.length) throw new BoxError('a box that is cut off');
      size = Number(view.getBigUint64(at + 8));
      head = 16;
    }
    if (size === 0) size = bytes.length - at; // it reaches to the end
    if (size < head || size > bytes.length - at) throw new BoxError('a box that is cut off');
    if (String.fromCharCode(...bytes.subarray(at + 4, at + 8)) === type) return bytes.subarray(at + head, at + size);
    at += size;
  }
  return null;
}

/** Gives a view of bytes, of which there have to be some. */
export function viewOf(bytes: Uint8Array<ArrayBuffer>, least: number): DataView {
  if (bytes.length < least) throw new BoxError('a box that is cut off');
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
