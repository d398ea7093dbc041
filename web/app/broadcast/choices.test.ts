import { beforeEach, describe, expect, it, vi } from 'vitest';

import { fromQuery, publisher, recall, remember, usual } from './choices';

function store(content: Record<string, string> = {}): Storage {
  const kept = new Map(Object.entries(content));
  return { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) } as Storage;
}

beforeEach(() => {
  vi.stubGlobal('localStorage', store());
  vi.stubGlobal('sessionStorage', store());
});

describe('choices', () => {
  it('are the usual ones at first, and those of the last time then', () => {
    expect(recall()).toEqual(usual);
    const choices = { camera: 'device:x', width: 1280, height: 720, fps: 5, quality: 0.55, mirror: true };
    remember(choices);
    expect(recall()).toEqual(choices);
  });

  it.each(['no JSON', 'null', '7', '{"size":"9×9","fps":-1,"quality":"x","camera":3,"mirror":"yes"}', '{"size":"<b>"}'])('are the usual ones where %s is kept', (kept) => {
    vi.stubGlobal('localStorage', store({ 'framegate-broadcast': kept }));
    expect(recall()).toEqual(usual);
  });

  it('reads what earlier pages kept', () => {
    vi.stubGlobal('localStorage', store({ 'framegate-broadcast': '{"camera":"user","size":"320×240","fps":"20","quality":"0.6"}' }));
    expect(recall()).toEqual({ camera: 'user', width: 320, height: 240, fps: 20, quality: 0.6, mirror: false });
  });

  it('are kept no more where the storage is full', () => {
    vi.stubGlobal('localStorage', { setItem: () => { throw new DOMException('full', 'QuotaExceededError'); } });
    expect(() => remember(usual)).not.toThrow();
  });

  it('may be in the address', () => {
    const read = (query: string): object => fromQuery(usual, new URLSearchParams(query));
    expect(read('')).toEqual(usual);
    expect(read('camera=user&width=320&height=240&fps=0.5&quality=0.9&mirror=1')).toEqual({ camera: 'user', width: 320, height: 240, fps: 0.5, quality: 0.9, mirror: true });
    expect(read('camera=device:x&width=320&fps=100&quality=0&mirror=0')).toEqual(usual);
    expect(read('width=99999&height=240')).toEqual(usual);
  });
});

it('names a publisher the same until the tab is closed', () => {
  const name = publisher();
  expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(publisher()).toBe(name);
  vi.stubGlobal('sessionStorage', store());
  expect(publisher()).not.toBe(name);
});
