import { describe, expect, it } from 'vitest';
import { BoxError } from './fmp4';
import { parseSound, parseSoundInit } from './soundboxes';
import aac from './testdata/aac-init.mp4?inline'; // of ffmpeg: 48 kHz, two channels
import opus from './testdata/opus-init.mp4?inline'; // of ffmpeg: one channel

const bytesOf = (url: string) => Uint8Array.from(atob(url.split(',')[1]!), (character) => character.charCodeAt(0));

function box(type: string, ...parts: (number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const payload = parts.flatMap((part) => [...part]);
  const size = payload.length + 8;
  return Uint8Array.from([...u32(size), ...[...type].map((letter) => letter.charCodeAt(0)), ...payload]);
}

function u32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

// fragment makes one as the server does: where its frames begin, and the bytes.
function fragment(start: number, frames: { duration: number; bytes: number[] }[]): [Uint8Array<ArrayBuffer>, number] {
  const entries = frames.flatMap(({ duration, bytes }) => [...u32(duration), ...u32(bytes.length)]);
  const moof = box('moof', box('mfhd', u32(0), u32(1)), box('traf',
    box('tfhd', u32(0x020000), u32(1)),
    box('tfdt', u32(0x01000000), u32(0), u32(start)),
    box('trun', u32(0x000301), u32(frames.length), u32(0), entries)));
  const bytes = Uint8Array.from([...moof, ...box('mdat', frames.flatMap((frame) => frame.bytes))]);
  return [bytes, moof.length + 8];
}

describe('parseSoundInit', () => {
  it('reads AAC', () => {
    const init = parseSoundInit(bytesOf(aac));
    expect(init).toMatchObject({ codec: 'mp4a.40.2', rate: 48_000, channels: 2, timescale: 48_000 });
    expect([...init.config!.subarray(0, 2)]).toEqual([0x11, 0x90]); // AAC-LC, 48 kHz, two channels
  });

  it('reads Opus, which needs no configuration', () => {
    expect(parseSoundInit(bytesOf(opus))).toEqual({ codec: 'opus', config: null, rate: 48_000, channels: 1, timescale: 48_000 });
  });

  it('says what is missing', () => {
    expect(() => parseSoundInit(new Uint8Array(0))).toThrow('no moov box');
    expect(() => parseSoundInit(fragment(0, [])[0])).toThrow(BoxError);
  });
});

describe('parseSound', () => {
  it('finds each frame', () => {
    const [bytes, at] = fragment(96_000, [{ duration: 1024, bytes: [1, 2, 3] }, { duration: 1000, bytes: [4] }, { duration: 1024, bytes: [5, 6] }]);
    expect(parseSound(bytes, at)).toEqual([
      { start: 96_000, duration: 1024, bytes: new Uint8Array([1, 2, 3]) },
      { start: 97_024, duration: 1000, bytes: new Uint8Array([4]) },
      { start: 98_024, duration: 1024, bytes: new Uint8Array([5, 6]) },
    ]);
  });

  it('refuses frames that are not there, and counts that cannot be', () => {
    const [bytes, at] = fragment(0, [{ duration: 1024, bytes: [1, 2, 3] }]);
    expect(() => parseSound(bytes, at + 1)).toThrow('frames of sound that are cut off');
    const many = bytes.slice();
    const count = many.findIndex((_, i) => String.fromCharCode(...many.subarray(i, i + 4)) === 'trun') + 8;
    many.set([0xff, 0xff, 0xff, 0xff], count);
    expect(() => parseSound(many, at)).toThrow('frames of sound that are cut off');
    many.set([0, 0, 0], count - 3); // no duration, no size
    expect(() => parseSound(many, at)).toThrow('cut off');
  });
});

describe('hostile bytes of sound', () => {
  const samples = [bytesOf(aac), bytesOf(opus), fragment(5, [{ duration: 1024, bytes: [1, 2, 3] }, { duration: 960, bytes: [4] }])[0]];
  const parse = (bytes: Uint8Array<ArrayBuffer>) => {
    for (const parser of [parseSoundInit, (bytes: Uint8Array<ArrayBuffer>) => parseSound(bytes, 100)]) {
      try {
        parser(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(BoxError);
      }
    }
  };

  it('may be cut off anywhere', () => {
    for (const bytes of samples) for (let length = 0; length < bytes.length; length++) parse(bytes.slice(0, length));
  });

  it('may be changed anywhere', () => {
    for (const bytes of samples) {
      for (let at = 0; at < bytes.length; at++) {
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
          const changed = bytes.slice();
          changed[at] = value;
          parse(changed);
        }
      }
    }
  });
});
