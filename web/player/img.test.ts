import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MultipartImage } from './img';
import type { Stage } from './stage';

// An image element, as far as it is needed, and what it was given to load.
class FakeImage extends EventTarget {
  naturalWidth = 0;
  naturalHeight = 0;
  readonly loads: string[] = [];
  set src(url: string) {
    this.loads.push(url);
  }
  removeAttribute(): void {}
  becomes(width: number): void {
    this.naturalWidth = this.naturalHeight = width;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { createElement: () => new FakeImage() });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// show has an image show a camera, and notes what is said of it.
function show() {
  const said: string[] = [];
  const ignore = (): void => {};
  const stage: Stage = {
    show: ignore, pictured: () => said.push('pictured'), say: ({ state }) => said.push(state), sized: (width) => said.push(`sized ${width}`),
    measured: ignore, played: ignore, sounds: ignore, muted: ignore, trouble: ignore,
  };
  const it = new MultipartImage(new URL('http://gate.test/live/front.mjpeg'), stage);
  return { it, said, image: it.surface as unknown as FakeImage };
}

test('a stream that breaks behind its first picture, of which browsers fire nothing, is asked for again', async () => {
  const { it, said, image } = show();
  image.becomes(640);
  await vi.advanceTimersByTimeAsync(500);
  image.dispatchEvent(new Event('load')); // of the first picture, when it is whole
  image.becomes(320);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([said, image.loads.length]).toEqual([['pictured', 'live', 'sized 640', 'sized 320'], 1]);
  image.becomes(0);
  await vi.advanceTimersByTimeAsync(2000);
  expect([said.at(-1), image.loads.length]).toEqual(['error', 2]);
  image.becomes(320);
  await vi.advanceTimersByTimeAsync(500);
  expect(said.slice(-3)).toEqual(['pictured', 'live', 'sized 320']);
  it.close();
});

test('a stream that is not to be had is asked for until it is', async () => {
  const { it, said, image } = show();
  image.dispatchEvent(new Event('error'));
  await vi.advanceTimersByTimeAsync(1000);
  expect([said, image.loads.length]).toEqual([['error'], 2]);
  it.retry();
  expect(image.loads.length).toBe(3);
  image.becomes(640);
  await vi.advanceTimersByTimeAsync(500);
  it.retry(); // it shows something
  expect([said.includes('live'), image.loads.length]).toEqual([true, 3]);
  it.close();
});
