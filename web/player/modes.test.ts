import { describe, expect, it } from 'vitest';
import { Ladder } from './modes';

const all = { mse: true, webcodecs: true, jpeg: true };

describe('Ladder', () => {
  it('goes down when ways fail', () => {
    const ladder = new Ladder('auto', all);
    expect(ladder.codecs()).toEqual(['h264', 'jpeg']);
    expect(ladder.modeFor('h264')).toBe('webcodecs');
    expect(ladder.modeFor('jpeg')).toBe('jpeg');
    ladder.fail('webcodecs');
    expect(ladder.modeFor('h264')).toBe('mse');
    ladder.fail('mse');
    expect(ladder.codecs()).toEqual(['jpeg']);
    expect(ladder.modeFor('h264')).toBeUndefined();
    ladder.fail('jpeg');
    expect(ladder.codecs()).toEqual([]);
    expect(ladder.modes()).toEqual(['img']);
  });

  it('knows what a page without HTTPS has', () => {
    expect(new Ladder('auto', { ...all, webcodecs: false }).modeFor('h264')).toBe('mse');
  });

  it('keeps to what was asked for', () => {
    const ladder = new Ladder('mse', all);
    ladder.fail('mse');
    expect(ladder.modes()).toEqual(['mse']);
    expect(ladder.codecs()).toEqual(['h264']);
    expect(new Ladder('img', all).codecs()).toEqual([]);
  });
});
