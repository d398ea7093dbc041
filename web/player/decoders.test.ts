import { afterEach, expect, test, vi } from 'vitest';
import { UnitDecoder } from './decoders';

afterEach(() => vi.unstubAllGlobals());

test('what a decoder leaves out is given up, and costs nothing later', () => {
  let opened = 0;
  vi.stubGlobal('EncodedVideoChunk', class {
    readonly timestamp: number;
    constructor(init: EncodedVideoChunkInit) {
      this.timestamp = init.timestamp;
    }
  });
  vi.stubGlobal('VideoDecoder', class {
    state = 'configured';
    constructor(private readonly init: VideoDecoderInit) {
      opened++;
    }
    configure(): void {}
    close(): void {}
    decode({ timestamp }: EncodedVideoChunk): void {
      if (timestamp % 3 !== 1) this.init.output({ timestamp, close() {} } as VideoFrame);
    }
  });
  let decoded = 0;
  let dropped = 0;
  const decoder = new UnitDecoder({
    decoded: () => decoded++,
    dropped: (count) => (dropped += count),
    failed: (error) => expect.fail(error.message),
  });
  decoder.configure('hvc1.1.6.L93.B0', new Uint8Array(23));
  for (let n = 0; n < 300; n++) decoder.decode({ bytes: new Uint8Array(1), key: n === 0, backlog: n < 30, behind: n >= 270, captureMs: n });
  expect(opened).toBe(1);
  expect(decoded).toBe(1 + 160); // of the backlog the keyframe
  expect(dropped).toBeGreaterThan(80);
  expect(dropped).toBeLessThanOrEqual(90);
  decoder.close();
  expect(dropped).toBe(90);
});
