import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff';

describe('Backoff', () => {
  it('doubles up to the cap and starts over after a success', () => {
    const backoff = new Backoff(250, 5000, () => 1);
    expect([1, 2, 3, 4, 5, 6, 7].map(() => backoff.next())).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    backoff.reset();
    expect(backoff.next()).toBe(250);
  });

  it('never overflows', () => {
    const backoff = new Backoff(250, 5000, () => 1);
    for (let i = 0; i < 5000; i++) expect(backoff.next()).toBeLessThanOrEqual(5000);
  });

  it('spreads a crowd over the whole wait', () => {
    const waits = Array.from({ length: 2000 }, () => {
      const backoff = new Backoff(250, 5000);
      backoff.next();
      return backoff.next();
    }).sort((a, b) => a - b);
    expect(waits[0]).toBeLessThan(25);
    expect(waits[1999]).toBeGreaterThan(475);
    expect(waits[1999]).toBeLessThanOrEqual(500);
    expect(Math.abs(waits[1000]! - 250)).toBeLessThan(30);
  });
});
