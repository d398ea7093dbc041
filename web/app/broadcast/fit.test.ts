import { describe, expect, it } from 'vitest';

import { Fit, type Passed } from './fit';

const well: Passed = { ms: 2000, sent: 20, late: 0, tripMs: 20 };
const slow: Passed = { ms: 2000, sent: 8, late: 12, tripMs: 250 }; // 4 a second get through

describe('the fit', () => {
  it('begins with what is wanted, and stays there while all goes well', () => {
    const fit = new Fit({ quality: 0.7, fps: 10 });
    for (let i = 0; i < 100; i++) expect(fit.note(well)).toBe(false);
    expect(fit.measure).toEqual({ quality: 0.7, fps: 10 });
    expect(fit.less).toBe(false);
  });

  it('has worse pictures first, then as few as get through', () => {
    const fit = new Fit({ quality: 0.7, fps: 10 });
    fit.note(slow);
    expect(fit.measure.quality).toBeCloseTo(0.56);
    expect(fit.measure.fps).toBe(10);
    for (let i = 0; i < 5; i++) fit.note(slow);
    expect(fit.measure.quality).toBe(0.35);
    expect(fit.measure.fps).toBe(4);
    expect(fit.less).toBe(true);
  });

  it('has fewer at once where it is not the way that takes long', () => {
    const fit = new Fit({ quality: 0.7, fps: 10 });
    fit.note({ ...slow, tripMs: 5 });
    expect(fit.measure).toEqual({ quality: 0.7, fps: 4 });
  });

  it('goes never below one picture a second, nor below a quality that is wanted', () => {
    const fit = new Fit({ quality: 0.3, fps: 10 });
    for (let i = 0; i < 20; i++) fit.note({ ms: 2000, sent: 0, late: 20, tripMs: 0 });
    expect(fit.measure).toEqual({ quality: 0.3, fps: 1 });
  });

  it('comes back to what is wanted', () => {
    const fit = new Fit({ quality: 0.7, fps: 10 });
    for (let i = 0; i < 10; i++) fit.note(slow);
    let passed = 0;
    while (fit.less && passed < 200) {
      fit.note(well);
      passed++;
    }
    expect(fit.measure).toEqual({ quality: 0.7, fps: 10 });
    expect(passed).toBeGreaterThan(10);
  });

  it('tries the more seldom the more often it fails', () => {
    const fit = new Fit({ quality: 0.7, fps: 10 });
    const waits: number[] = [];
    for (let i = 0; i < 10; i++) fit.note(slow);
    for (let attempt = 0; attempt < 6; attempt++) {
      let waited = 1;
      while (!fit.note(well)) waited++;
      waits.push(waited);
      fit.note(slow);
    }
    expect(waits).toEqual([3, 6, 12, 24, 48, 48]);
  });

  it('begins anew with another wish', () => {
    const fit = new Fit({ quality: 0.7, fps: 10 });
    fit.note(slow);
    fit.want({ quality: 0.5, fps: 20 });
    expect(fit.measure).toEqual({ quality: 0.5, fps: 20 });
  });
});
