import { describe, expect, it } from 'vitest';
import { HEADER_BYTES, parseMessage, parsePacket, ProtocolError } from './protocol';

// header builds a message as the server does.
function message(fields: { version?: number; kind?: number; flags?: number; unitOffset?: number; payload?: number[] } = {}): ArrayBuffer {
  const payload = fields.payload ?? [1, 2, 3, 4];
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, fields.version ?? 1);
  view.setUint8(1, fields.kind ?? 2);
  view.setUint16(2, fields.flags ?? 0);
  view.setUint32(4, 7);
  view.setBigUint64(8, 1_795_254_000_123_456n);
  view.setBigUint64(16, 4711n);
  view.setUint32(24, fields.unitOffset ?? 0);
  bytes.set(payload, HEADER_BYTES);
  return bytes.buffer;
}

describe('parsePacket', () => {
  it('reads the header', () => {
    expect(parsePacket(message({ flags: 3 + 8, unitOffset: 2 }))).toMatchObject({
      kind: 'frame', key: true, backlog: true, discontinuity: false, behind: true,
      captureMs: 1_795_254_000_123.456, unitOffset: 2,
      payload: new Uint8Array([1, 2, 3, 4]),
    });
    expect(parsePacket(message({ kind: 1, flags: 4 }))).toMatchObject({ kind: 'init', key: false, discontinuity: true, behind: false });
    expect(parsePacket(message({ kind: 3 }))).toMatchObject({ kind: 'soundInit' });
    expect(parsePacket(message({ kind: 4, flags: 4, unitOffset: 3 }))).toMatchObject({ kind: 'sound', discontinuity: true, unitOffset: 3 });
  });

  it.each([
    ['nothing', new ArrayBuffer(0)],
    ['half a header', message().slice(0, 16)],
    ['no payload', message({ payload: [] })],
    ['another version', message({ version: 2 })],
    ['another kind', message({ kind: 9 })],
    ['no kind', message({ kind: 0 })],
    ['an offset behind the end', message({ unitOffset: 4 })],
    ['a huge offset', message({ unitOffset: 0xffffffff })],
  ])('refuses %s', (_, bytes) => {
    expect(() => parsePacket(bytes)).toThrow(ProtocolError);
  });

  it('survives any bytes', () => {
    for (let seed = 1; seed < 3000; seed++) {
      const bytes = new Uint8Array(noise(seed, 80));
      if (seed % 2 && bytes.length > 1) bytes.set([1, 2]); // get past the first checks
      try {
        expect(parsePacket(bytes.buffer).unitOffset).toBeLessThan(80);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });
});

function noise(seed: number, most: number): number[] {
  const bytes: number[] = [];
  for (let x = seed * 2654435761; bytes.length < seed % most; ) bytes.push((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 24);
  return bytes;
}

describe('parseMessage', () => {
  it('reads what the server says', () => {
    expect(
      parseMessage('{"type":"hello","epoch":1,"codec":"h264","mime":"video/mp4","width":1280,"height":720,"fps":29.97,"timescale":90000,"sound":true,"more":1}'),
    ).toEqual({ type: 'hello', codec: 'h264', fps: 29.97, timescale: 90_000, sound: true, nodes: false, doubtMs: 0 });
    expect(parseMessage('{"type":"hello","codec":"h265"}')).toMatchObject({ type: 'hello', codec: 'h265', sound: false, nodes: false, doubtMs: 0 });
    expect(parseMessage('{"type":"sound","codec":"opus","mime":"audio/mp4; codecs=\\"opus\\"","rate":48000,"channels":2}')).toEqual(
      { type: 'sound', codec: 'opus', mime: 'audio/mp4; codecs="opus"', message: '' });
    expect(parseMessage('{"type":"sound","codec":"","message":"The camera has no sound."}')).toMatchObject(
      { type: 'sound', codec: null, message: 'The camera has no sound.' });
    expect(parseMessage('{"type":"state","camera":"offline","code":502,"message":"unreachable"}')).toEqual({
      type: 'state', camera: 'offline', message: 'unreachable', sound: false,
    });
    expect(parseMessage('{"type":"drop","frames":3,"reason":"slow"}')).toEqual({ type: 'drop', frames: 3 });
    expect(parseMessage('{"type":"error","code":503,"message":"too many viewers"}')).toMatchObject({ code: 503 });
    expect(parseMessage('{"type":"playback","live":false,"rate":-2,"paused":true,"end":false,"code":404,"message":"m"}')).toEqual(
      { type: 'playback', live: false, rate: -2, paused: true, end: false, code: 404, message: 'm' });
    expect(parseMessage('{"type":"pong","c":1.5,"serverTimeUs":2}')).toEqual({ type: 'pong', c: 1.5, serverTimeUs: 2 });
  });

  it('leaves out what it does not know', () => {
    expect(parseMessage('{"type":"weather"}')).toBeNull();
    expect(parseMessage('{}')).toBeNull();
    expect(parseMessage('{"type":"toString"}')).toBeNull();
  });

  it.each([
    'no JSON', '[]', 'null', '3', '"hello"',
    '{"type":"hello","codec":"vp8"}', '{"type":"hello","codec":"h264","fps":"12"}', '{"type":"hello","codec":["h264"]}', '{"type":"hello"}',
    '{"type":"sound","codec":"mp3"}', '{"type":"sound","codec":"aac","mime":{}}', '{"type":"sound","message":7}',
    '{"type":"state","camera":"on fire"}', '{"type":"state","camera":"online","message":[]}',
    '{"type":"pong","c":{"toString":1},"serverTimeUs":1}', '{"type":"drop","frames":1e999}',
  ])('refuses %s', (text) => {
    expect(() => parseMessage(text)).toThrow(ProtocolError);
  });

  it('cuts long words', () => {
    const message = parseMessage(JSON.stringify({ type: 'error', code: 500, message: 'x'.repeat(1e5) }));
    expect(message).toMatchObject({ message: 'x'.repeat(1000) });
  });
});
