import { describe, expect, it } from 'vitest';
import byUs from '../../gateway/mp4/testdata/inorder.mp4?inline';
import byUsInH265 from '../../gateway/mp4/testdata/h265.mp4?inline';
import reordered from '../../gateway/mp4/testdata/reordered.mp4?inline';
import { BoxError, parseFragment, parseInit } from './fmp4';
import byFFmpeg from './testdata/ffmpeg.mp4?inline'; // 96x64, 30 a second, Main profile

// boxes cuts a file, given as a data URL, at its top level.
function boxes(url: string): { type: string; bytes: Uint8Array<ArrayBuffer> }[] {
  const file = Uint8Array.from(atob(url.split(',')[1]!), (character) => character.charCodeAt(0));
  const view = new DataView(file.buffer);
  const found = [];
  for (let at = 0; at < file.length; at += view.getUint32(at)) {
    const bytes = file.slice(at, at + view.getUint32(at));
    found.push({ type: String.fromCharCode(...bytes.subarray(4, 8)), bytes });
  }
  return found;
}

const ofType = (url: string, type: string) => boxes(url).filter((box) => box.type === type).map(({ bytes }) => bytes);

describe('parseInit', () => {
  it('reads ffmpeg’s', () => {
    const init = parseInit(ofType(byFFmpeg, 'moov')[0]!);
    expect(init).toMatchObject({ codec: 'avc1.4d400a', width: 96, height: 64, timescale: 15360 });
    expect([...init.config.subarray(0, 6)]).toEqual([1, 0x4d, 0x40, 0x0a, 0xff, 0xe1]);
  });

  it('reads our own', () => {
    const init = parseInit(ofType(byUs, 'moov')[0]!);
    expect(init.codec).toMatch(/^avc1\.[0-9a-f]{6}$/);
    expect(init.timescale).toBe(90_000);
    expect(init.width).toBeGreaterThan(0);
  });

  it('reads our own of H.265', () => {
    const init = parseInit(ofType(byUsInH265, 'moov')[0]!);
    expect(init).toMatchObject({ codec: 'hvc1.1.6.L30.90', width: 160, height: 96, timescale: 90_000 });
    expect([...init.config.subarray(0, 6)]).toEqual([1, 1, 0x60, 0, 0, 0]);
    const kept = init.config.length;
    const bytes = ofType(byUsInH265, 'moov')[0]!;
    const at = bytes.findIndex((_, i) => String.fromCharCode(...bytes.subarray(i, i + 4)) === 'hvcC') + 4;
    bytes.set([0x7f, 0x12, 0x34, 0x56, 0x78], at + 1); // profile space A, high tier, profile 31
    bytes.set([0, 0xb0, 0, 0x0f, 0, 0, 153], at + 6);
    expect(parseInit(bytes)).toMatchObject({ codec: 'hvc1.A31.1E6A2C48.H153.0.B0.0.F' });
    expect(parseInit(bytes).config.length).toBe(kept);
  });

  it('says what is missing', () => {
    expect(() => parseInit(new Uint8Array(0))).toThrow('no moov box');
    expect(() => parseInit(ofType(byFFmpeg, 'moof')[0]!)).toThrow(BoxError);
  });
});

describe('parseFragment', () => {
  it('reads ffmpeg’s', () => {
    const heads = ofType(byFFmpeg, 'moof').map(parseFragment);
    expect(heads.map(({ decodeTime, duration, composition }) => [decodeTime, duration, composition])).toEqual([
      [0, 512, 0], [512, 512, 0], [1024, 512, 0],
    ]);
  });

  it('reads our own, and where the duration stands', () => {
    const fragments = ofType(byUs, 'moof');
    expect(fragments.length).toBeGreaterThan(1);
    let next = parseFragment(fragments[0]!).decodeTime;
    for (const fragment of fragments) {
      const head = parseFragment(fragment);
      expect(head.decodeTime).toBe(next);
      next += head.duration;
      expect(new DataView(fragment.buffer, fragment.byteOffset).getUint32(head.durationAt)).toBe(head.duration);
    }
  });

  it('reads what is shown out of order', () => {
    const heads = ofType(reordered, 'moof').map(parseFragment);
    expect(heads.some(({ composition }) => composition !== 0)).toBe(true);
    const shown = heads.map(({ decodeTime, composition }) => decodeTime + composition);
    expect([...shown].sort((a, b) => a - b)).not.toEqual(shown);
  });
});

describe('hostile bytes', () => {
  const samples = [ofType(byFFmpeg, 'moov')[0]!, ofType(byUsInH265, 'moov')[0]!, ofType(byFFmpeg, 'moof')[0]!, ofType(byUs, 'moof')[0]!];
  const parse = (bytes: Uint8Array<ArrayBuffer>) => {
    for (const parser of [parseInit, parseFragment]) {
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

  it('may say that a box is longer than what is there', () => {
    const fragment = samples[2]!.slice();
    fragment[3]!++;
    expect(() => parseFragment(fragment)).toThrow('a box that is cut off');
  });

  it('end, however many boxes they claim to have', () => {
    const many = new Uint8Array(1 << 20); // of boxes of 8 bytes
    const view = new DataView(many.buffer);
    for (let at = 0; at < many.length; at += 8) view.setUint32(at, 8);
    expect(() => parseFragment(many)).toThrow('no moof box');
    view.setUint32(0, 0);
    expect(() => parseFragment(many)).toThrow('no moof box');
    view.setUint32(0, 1);
    expect(() => parseFragment(many)).toThrow(BoxError);
  });
});
