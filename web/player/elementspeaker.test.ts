import { afterEach, expect, test, vi } from 'vitest';

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

afterEach(() => {
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
