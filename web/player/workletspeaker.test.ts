import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SoundOrder, SoundReport } from './ring';
import type { SoundInit } from './soundboxes';

const init: SoundInit = { codec: 'mp4a.40.2', config: new Uint8Array([0x11, 0x90]), rate: 48_000, channels: 1, timescale: 48_000 };
const orders: SoundOrder[] = [];
let state: AudioContextState;
let active: boolean; // somebody has done something on the page

class FakeContext extends EventTarget {
  readonly currentTime = 0;
  readonly destination = {};
  readonly audioWorklet = { addModule: () => Promise.resolve() };
  get state(): AudioContextState {
    return state;
  }
  resume = () => Promise.resolve();
  suspend = () => Promise.resolve();
  getOutputTimestamp = () => ({});
}

interface FakePort {
  postMessage(order: SoundOrder): void;
  close(): void;
  onmessage?(message: { data: SoundReport }): void;
}

class FakeNode {
  static last: FakeNode | null = null;
  readonly port: FakePort = { postMessage: (order: SoundOrder) => orders.push(order), close: () => {} };
  readonly gain = { setTargetAtTime: () => {} };
  connect = () => {
    FakeNode.last = this;
  };
  disconnect = () => {};
}

// FakeDecoder makes sound of each frame but for as many as it needs first, and counts
// its times on from the first frame, as Chrome's does.
class FakeDecoder {
  static needs = 0;
  state = 'unconfigured';
  decodeQueueSize = 0;
  private nextUs: number | null = null;
  private needs = FakeDecoder.needs;
  constructor(private readonly sink: { output(data: unknown): void }) {}
  configure = () => (this.state = 'configured');
  close = () => (this.state = 'closed');
  decode({ timestamp }: { timestamp: number }): void {
    if (this.needs-- > 0) return;
    this.nextUs ??= timestamp;
    this.sink.output({ timestamp: this.nextUs, numberOfFrames: 1024, numberOfChannels: 1, sampleRate: 48_000, copyTo: () => {}, close: () => {} });
    this.nextUs += (1024 / 48_000) * 1e6;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
  orders.length = 0;
  state = 'running';
  active = true;
  FakeDecoder.needs = 0;
  vi.stubGlobal('AudioContext', FakeContext);
  vi.stubGlobal('GainNode', FakeNode);
  vi.stubGlobal('AudioWorkletNode', FakeNode);
  vi.stubGlobal('AudioDecoder', FakeDecoder);
  vi.stubGlobal('EncodedAudioChunk', class {
    readonly timestamp: number;
    constructor(init: EncodedAudioChunkInit) {
      this.timestamp = init.timestamp;
    }
  });
  vi.stubGlobal('navigator', { userActivation: { get hasBeenActive() { return active; } } });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function make() {
  const { WorkletSpeaker } = await import('./workletspeaker');
  const told: string[] = [];
  const speaker = new WorkletSpeaker(1, { refused: () => told.push('refused'), failed: (reason) => told.push(reason.message) });
  await vi.advanceTimersByTimeAsync(0);
  return { speaker, told };
}

const frame = (start: number) => ({ start, duration: 1024, bytes: new Uint8Array(1) });
const starts = () => orders.flatMap((order) => (order.type === 'push' ? [Math.round(order.piece.startMs)] : []));

test.each([0, 1])('sound is heard at its own time, also behind a gap, by a decoder that needs %i frames first', async (needs) => {
  FakeDecoder.needs = needs;
  const { speaker } = await make();
  speaker.begin({ init, mime: '', bytes: new Uint8Array(0) });
  const at = [48_000, 49_024, 50_048, 240_000, 241_024];
  for (const start of at) speaker.take({ frames: [frame(start)], bytes: new Uint8Array(0) });
  expect(starts()).toEqual([1000, 1021, 1043, 5000, 5021].slice(needs));
  speaker.close();
  expect(orders.at(-1)).toEqual({ type: 'close' });
});

test('what was to be heard is not when it is to be silent, and what comes then is', async () => {
  const { speaker } = await make();
  speaker.begin({ init, mime: '', bytes: new Uint8Array(0) });
  speaker.take({ frames: [frame(48_000)], bytes: new Uint8Array(0) });
  speaker.rest();
  expect(orders.at(-1)).toEqual({ type: 'clear' });
  speaker.take({ frames: [frame(480_000)], bytes: new Uint8Array(0) });
  expect(starts()).toEqual([1000, 10_000]);
  speaker.close();
});

test('sound that began before there was a worklet is kept in step', async () => {
  const { WorkletSpeaker } = await import('./workletspeaker');
  const speaker = new WorkletSpeaker(1, { refused: () => {}, failed: () => {} });
  speaker.begin({ init, mime: '', bytes: new Uint8Array(0) });
  await vi.advanceTimersByTimeAsync(0);
  speaker.take({ frames: [frame(48_000)], bytes: new Uint8Array(0) });
  expect(orders.filter(({ type }) => type === 'step').at(-1)).toMatchObject({ offMs: NaN }); // and silent, while no picture is known to be seen
  const known = orders.flatMap((order) => (order.type === 'step' ? [order.number] : [])).at(-1) ?? 0; // as the worklet has it
  speaker.sync.painted(1000, 0, 0);
  FakeNode.last!.port.onmessage!({ data: { mediaMs: 1000, contextS: 0, starved: 0, number: known } });
  expect(orders.at(-1)).toMatchObject({ type: 'step', offMs: expect.any(Number) });
  expect(orders.at(-1)).not.toMatchObject({ offMs: NaN });
  speaker.close();
});

test('what the worklet reports of before moves nothing', async () => {
  const { speaker } = await make();
  speaker.begin({ init, mime: '', bytes: new Uint8Array(0) });
  const numbers = orders.flatMap((order) => (order.type === 'step' ? [order.number] : []));
  speaker.sync.painted(10_000, 0, 0);
  const before = orders.length;
  const report = (number: number, mediaMs: number): void => FakeNode.last!.port.onmessage!({ data: { mediaMs, contextS: 0, starved: 0, number } });
  report(numbers.at(-1)! - 1, 1000);
  expect(orders.length).toBe(before);
  report(numbers.at(-1)!, 1000);
  expect(orders.at(-1)).toMatchObject({ type: 'step', number: numbers.at(-1)! + 1 });
  speaker.close();
});

test('a browser that waits for a person refuses, one without a device fails', async () => {
  state = 'suspended';
  active = false;
  const waits = await make();
  await vi.advanceTimersByTimeAsync(2000);
  expect(waits.told).toEqual(['refused']);
  active = true;
  const mute = await make();
  await vi.advanceTimersByTimeAsync(9000);
  expect(mute.told.length).toBe(1);
  expect(mute.told[0]).toContain('device');
});
