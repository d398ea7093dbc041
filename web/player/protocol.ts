// The live WebSocket's messages, subprotocol framegate.v1: read with care,
// because whoever answers at the address may not be Framegate.
//
// Text messages are JSON objects with a type; binary ones are a header of 32
// bytes, big-endian, and a payload:
//
//      0 u8  version, 1                   8 u64 capture time, µs since 1970
//      1 u8  kind: 1 init, 2 frame,      16 u64 sequence number
//            3 init of sound, 4 sound    24 u32 offset of the access unit, or of
//      2 u16 flags                              the first frame of sound, in the
//      4 u32 epoch                              payload, 0 if it is a JPEG
//
// Sound comes to who asks for it, by a message that says in which codecs, the
// best first, and none to have no more of it. The server answers with what it
// sends from now on, or with why there is none, then comes an init segment and
// then fragments, each with a few frames. Times of sound and pictures count from one zero.

/** The subprotocol to ask for. */
export const SUBPROTOCOL = 'framegate.v1';

/** Bytes of a binary message before its payload. */
export const HEADER_BYTES = 32;

const VERSION = 1;
const KINDS = [undefined, 'init', 'frame', 'soundInit', 'sound'] as const;
const FLAG_KEY = 1;
const FLAG_BACKLOG = 2;
const FLAG_DISCONTINUITY = 4;
const FLAG_BEHIND = 8;

/** What the server sends pictures as. */
export type Codec = 'h265' | 'h264' | 'jpeg';

/** What the server sends sound as. */
export type SoundCodec = 'aac' | 'opus';

/** A binary message. Its bytes are views of the message: copy them to keep one without the other. */
export interface Packet {
  kind: 'init' | 'frame' | 'soundInit' | 'sound';
  key: boolean;
  /** It was old already when this viewer joined. */
  backlog: boolean;
  /** It does not continue the one before it. */
  discontinuity: boolean;
  /** It comes behind what was sought, for decoders that give that only then, and is not to be seen. */
  behind: boolean;
  /** When the picture was taken, or the sound began, in ms since 1970 by the server's clock. */
  captureMs: number;
  /** An init segment, a fragment with one picture, or with some frames of sound, or a JPEG. */
  payload: Uint8Array<ArrayBuffer>;
  /** Where the access unit or the sound begins in the payload of a fragment; 0 for others. */
  unitOffset: number;
}

/** What the camera is doing, in the server's words. */
export type CameraState = 'online' | 'offline' | 'connecting';

/** A text message of the server, as far as it is of use here. Codes are HTTP statuses, 0 if nothing is wrong. */
export type ServerMessage =
  | { type: 'hello'; codec: Codec; fps: number; timescale: number; sound: boolean; nodes: boolean; doubtMs: number }
  | SoundMessage
  | { type: 'drop'; frames: number }
  | { type: 'state'; camera: CameraState; message: string; sound: boolean }
  | { type: 'error'; code: number; message: string }
  | Playback
  | { type: 'pong'; c: number; serverTimeUs: number };

/** What is played: the present, or what was recorded. */
export interface Playback {
  type: 'playback';
  live: boolean;
  rate: number;
  paused: boolean;
  /** There is nothing more in this direction, so far. */
  end: boolean;
  code: number;
  message: string;
}

/** What sound is sent from now on. */
export interface SoundMessage {
  type: 'sound';
  /** null: none, and message says why. */
  codec: SoundCodec | null;
  mime: string;
  message: string;
}

/** A text message to the server. */
export type ClientMessage =
  | { type: 'sound'; codecs: SoundCodec[] }
  | { type: 'seek' | 'pause'; atUs: number }
  | { type: 'rate'; rate: number }
  | { type: 'pause' }
  | { type: 'play' }
  | { type: 'hello'; codecs: string[] }
  | { type: 'ping'; c: number }
  | { type: 'stats'; shown: number; dropped: number; bufferMs: number; latencyMs: number };

/** Says what is wrong with bytes of the server. */
export class ProtocolError extends Error {}

/** Reads a binary message, or throws a ProtocolError. */
export function parsePacket(message: ArrayBuffer): Packet {
  if (message.byteLength <= HEADER_BYTES) throw new ProtocolError('a message that is cut off');
  const view = new DataView(message);
  if (view.getUint8(0) !== VERSION) throw new ProtocolError(`version ${view.getUint8(0)} of the protocol`);
  const kind = KINDS[view.getUint8(1)];
  if (!kind) throw new ProtocolError(`a message of kind ${view.getUint8(1)}`);
  const flags = view.getUint16(2);
  const payload = new Uint8Array(message, HEADER_BYTES);
  const unitOffset = view.getUint32(24);
  if (unitOffset >= payload.length) throw new ProtocolError('a message that is cut off');
  return {
    kind,
    key: (flags & FLAG_KEY) !== 0,
    backlog: (flags & FLAG_BACKLOG) !== 0,
    discontinuity: (flags & FLAG_DISCONTINUITY) !== 0,
    behind: (flags & FLAG_BEHIND) !== 0,
    captureMs: Number(view.getBigUint64(8)) / 1000,
    payload,
    unitOffset,
  };
}

/** Reads a text message. Gives null for one of a type it does not know, and throws a ProtocolError for nonsense. */
export function parseMessage(text: string): ServerMessage | null {
  const given = parseObject(text);
  const type = String(given['type']);
  if (!Object.hasOwn(MESSAGES, type)) return null;
  const fields = Object.entries(MESSAGES[type as ServerMessage['type']]);
  return Object.fromEntries([['type', type], ...fields.map(([name, read]) => [name, read(given[name], name)])]) as ServerMessage;
}

type Read<T> = (value: unknown, name: string) => T;
type Fields<M> = { [Name in Exclude<keyof M, 'type'>]: Read<M[Name]> };

// An absent number is 0 and an absent string is empty, as in the server's JSON.
const number: Read<number> = (value = 0, name) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ProtocolError(`a bad ${name}`);
  return value;
};

const MAX_STRING = 1000;

const string: Read<string> = (value = '', name) => {
  if (typeof value !== 'string') throw new ProtocolError(`a bad ${name}`);
  return value.slice(0, MAX_STRING);
};

const flag: Read<boolean> = (value) => value === true;

// oneOf reads a word of a few.
function oneOf<T extends string>(...words: T[]): Read<T> {
  return (value, name) => {
    if (!words.includes(value as T)) throw new ProtocolError(`a ${name} that is ${String(value)}`);
    return value as T;
  };
}

const soundCodec = oneOf<SoundCodec>('aac', 'opus');

// What is read of each type of message.
const MESSAGES: { [Type in ServerMessage['type']]: Fields<Extract<ServerMessage, { type: Type }>> } = {
  hello: { codec: oneOf<Codec>('h265', 'h264', 'jpeg'), fps: number, timescale: number, sound: flag, nodes: flag, doubtMs: number },
  sound: { codec: (value, name) => (value ? soundCodec(value, name) : null), mime: string, message: string },
  drop: { frames: number },
  state: { camera: oneOf<CameraState>('online', 'offline', 'connecting'), message: string, sound: flag },
  error: { code: number, message: string },
  playback: { live: flag, rate: number, paused: flag, end: flag, code: number, message: string },
  pong: { c: number, serverTimeUs: number },
};

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // and so it is none
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError('a bad text message');
  }
  return value as Record<string, unknown>;
}
