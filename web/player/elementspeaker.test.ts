import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { wallMs } from './clock';
import type { ElementSpeaker } from './elementspeaker';

// FakeBuffer appends until it is told to be done, and says so when it is told to, as browsers do later.
class FakeBuffer extends EventTarget {
  static last: FakeBuffer;
  timestampOffset = 0;
  updating = false;
  readonly done: string[] = [];
  appendBuffer = () => this.#begin('append');
  remove = (fromS: number, toS: number) => this.#begin(`remove ${fromS} to ${toS}`);

  #begin(what: string): void {
    this.done.push(this.updating ? `${what}, while it does something else` : what);
    this.updating = true;
  }

  end(): void {
    this.updating = false;
  }

  tell(): void {
    this.dispatchEvent(new Event('updateend'));
  }
}

class FakeSource extends EventTarget {
  readonly readyState = 'open';
  addSourceBuffer = () => (FakeBuffer.last = new FakeBuffer());
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('what was heard is thrown away when nothing is appended', async () => {
  const audio = Object.assign(new EventTarget(), {
    buffered: { length: 1, start: () => 0, end: () => 100 }, currentTime: 50, play: () => Promise.resolve(), pause: () => {}, load: () => {}, removeAttribute: () => {},
  });
  vi.stubGlobal('document', { createElement: () => audio });
  vi.stubGlobal('MediaSource', FakeSource);
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:');
  const { ElementSpeaker } = await import('./elementspeaker');
  const speaker = new ElementSpeaker(1, { refused: () => {}, failed: (error) => expect.fail(error.message) });
  const bytes = new Uint8Array(1);
  speaker.begin({ init: { codec: 'mp4a.40.2', config: bytes, rate: 48_000, channels: 1, timescale: 48_000 }, mime: 'audio/mp4', bytes });
  const buffer = FakeBuffer.last;
  buffer.end();
  speaker.take({ frames: [{ start: 0, duration: 1024, bytes }], bytes });
  buffer.tell(); // of what ended before
  expect(buffer.done).toEqual(['append', 'append']);
  buffer.end();
  buffer.tell();
  expect(buffer.done).toEqual(['append', 'append', 'remove 0 to 45']);
  speaker.close();
});

const SEEK_MS = 30;
const PLAY_MS = 15; // until there is sound
const FRAME_MS = 20;
const PICTURE_MS = 40;

// FakeAudio plays what is appended, as time passes, and takes a while to begin and to go somewhere.
class FakeAudio extends EventTarget {
  volume = 1;
  playbackRate = 1;
  paused = true;
  seeking = false;
  rangeS: [number, number] = [0, 0];
  readonly #rangeS = () => this.rangeS;
  readonly buffered = { get length() { return 1; }, start: () => this.#rangeS()[0], end: () => this.#rangeS()[1] };
  #atS = 0;
  #movesMs = Infinity; // from then on

  load = () => {};
  removeAttribute = () => {};
  play(): Promise<void> {
    this.paused = false;
    this.#movesMs = wallMs() + PLAY_MS;
    return Promise.resolve();
  }
  pause(): void {
    this.paused = true;
  }
  get readyState(): number {
    return this.#atS < this.rangeS[1] - 0.01 ? 4 : 2;
  }
  get currentTime(): number {
    return this.#atS;
  }
  set currentTime(toS: number) {
    this.#atS = toS;
    this.seeking = true;
    setTimeout(() => (this.seeking = false), SEEK_MS);
  }

  /** A ms passes. Says whether something is heard. */
  pass(): boolean {
    const moves = !this.paused && !this.seeking && wallMs() >= this.#movesMs && this.readyState === 4;
    if (moves) this.#atS += this.playbackRate / 1000;
    return moves && this.volume > 0;
  }
}

// off gives by how much sound is behind its picture whenever it is heard in the first seconds after it was turned on, in ms, and how long it was silent. Sound is there so much
// later than it was, pictures are on the screen so much later, and known to be after so long.
async function off(soundMs: number, pictureMs: number, knownMs = 0): Promise<{ behind: number[]; silentMs: number }> {
  const audio = new FakeAudio();
  vi.stubGlobal('document', { createElement: () => audio });
  vi.stubGlobal('HTMLMediaElement', { HAVE_FUTURE_DATA: 3 });
  vi.stubGlobal('MediaSource', FakeSource);
  vi.spyOn(URL, 'createObjectURL').mockReturnValue('blob:');
  const Made = (await import('./elementspeaker')).ElementSpeaker;
  const speaker: ElementSpeaker = new Made(1, { refused: () => {}, failed: (error) => expect.fail(error.message) });
  const bytes = new Uint8Array(1);
  const append = () => {
    FakeBuffer.last.end();
    FakeBuffer.last.tell();
  };
  speaker.begin({ init: { codec: 'mp4a.40.2', config: bytes, rate: 48_000, channels: 1, timescale: 1000 }, mime: 'audio/mp4', bytes });
  append();
  const startMs = wallMs();
  const behind: number[] = [];
  let silentMs = NaN;
  let sentMs = 0;
  for (let ms = 1; ms < 4000; ms++) {
    vi.advanceTimersByTime(1);
    if (ms % FRAME_MS === 0 && ms > soundMs) {
      const start = ms - soundMs;
      sentMs ||= start;
      speaker.take({ frames: [{ start, duration: FRAME_MS, bytes }], bytes });
      audio.rangeS = [0, (start + FRAME_MS - sentMs) / 1000];
      append();
    }
    const lagMs = pictureMs + speaker.sync.holdMs();
    if (ms % PICTURE_MS === 0 && ms > knownMs) speaker.sync.painted(ms - lagMs, wallMs(), speaker.sync.holdMs());
    if (!audio.pass()) continue;
    silentMs ||= wallMs() - startMs;
    behind.push(ms - (audio.currentTime * 1000 + sentMs) - lagMs);
  }
  speaker.close();
  return { behind, silentMs };
}

test.each([
  [20, 40], [20, 400], [130, 40], [130, 200], [300, 100],
])('sound that is there %d ms late is heard beside pictures that are %d ms late in step from the beginning', async (soundMs, pictureMs) => {
  const { behind, silentMs } = await off(soundMs, pictureMs);
  expect(Math.max(...behind.map(Math.abs))).toBeLessThan(60);
  expect(behind.length).toBeGreaterThan(2500);
  expect(silentMs).toBeLessThan(1000);
});

test('it is silent until pictures are known to be seen, and then in step', async () => {
  const { behind, silentMs } = await off(20, 500, 600);
  expect(Math.max(...behind.map(Math.abs))).toBeLessThan(60);
  expect(silentMs).toBeGreaterThan(600);
});

test('it is heard in the end beside no pictures', async () => {
  const { silentMs } = await off(20, 40, Infinity);
  expect(silentMs).toBeGreaterThan(1500);
  expect(silentMs).toBeLessThan(2000);
});
