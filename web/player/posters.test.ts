import { expect, test, vi } from 'vitest';
import { loadPoster } from './posters';

// An image that loads when it is told.
class FakeImage {
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;
  src = '';
  removeAttribute(): void {}
}

test('who waits for a turn has it, though others that waited are gone', async () => {
  vi.stubGlobal('Image', FakeImage);
  const ask = () => {
    const [image, leaving] = [new FakeImage(), new AbortController()];
    return { image, leaving, loaded: loadPoster(image as unknown as HTMLImageElement, new URL('http://gate.test/a.jpg'), leaving.signal) };
  };
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const [first, second, third, fourth, fifth] = [ask(), ask(), ask(), ask(), ask()];
  await settle();
  fourth.leaving.abort();
  fifth.leaving.abort();
  await settle();
  expect([third.image.src, await fourth.loaded, await fifth.loaded]).toEqual(['', false, false]);
  first.image.onload?.();
  await settle();
  expect(third.image.src).not.toBe('');
  second.image.onload?.();
  third.image.onload?.();
  expect(await Promise.all([first.loaded, second.loaded, third.loaded])).toEqual([true, true, true]);
  vi.unstubAllGlobals();
});
