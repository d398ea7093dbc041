import { describe, expect, it } from 'vitest';
import { Ring } from './ring';

// ramp makes a piece whose samples say when they are to be heard, in seconds.
function ramp(startMs: number, forMs: number, rate = 48_000, channels = 1): { startMs: number; rate: number; planes: Float32Array[] } {
  const plane = Float32Array.from({ length: Math.round((forMs / 1000) * rate) }, (_, i) => startMs / 1000 + i / rate);
  return { startMs, rate, planes: Array.from({ length: channels }, () => plane) };
}

function read(ring: Ring, forMs: number, rate = 48_000): Float32Array {
  const out = new Float32Array(Math.round((forMs / 1000) * rate));
  for (let at = 0; at < out.length; at += 128) ring.read([out.subarray(at, at + 128)]);
  return out;
}

describe('Ring', () => {
  it('gives what it got, after fading it in', () => {
    const ring = new Ring(48_000);
    for (let n = 0; n < 5; n++) ring.push(ramp(1000 + n * 20, 20));
    const out = read(ring, 80);
    expect(out[0]!).toBeLessThan(0.02);
    for (let i = 240; i < out.length; i++) expect(out[i]).toBeCloseTo(1 + i / 48_000, 4);
    expect(ring.positionMs).toBeCloseTo(1080, 1);
    expect(ring.bufferedMs).toBeCloseTo(20, 1);
    expect(ring.starved).toBe(0);
  });

  it('is silent until it is in step, though it plays, and no longer than it may be', () => {
    for (const inStep of [true, false]) {
      const ring = new Ring(48_000, 0.1);
      for (let n = 0; n < 10; n++) ring.push(ramp(1000 + n * 20, 20));
      ring.off(0); // of nothing
      expect(read(ring, 48).every((value) => value === 0)).toBe(true);
      expect([ring.hushed, ring.positionMs]).toEqual([true, 1048]);
      ring.off(inStep ? -20 : 80);
      expect(read(ring, 40).at(-1)).toBeCloseTo(inStep ? 1.088 : 0, 3);
      expect(read(ring, 40).at(-1)).toBeCloseTo(1.128, 3); // late is better than never
      expect(ring.hushed).toBe(false);
      ring.clear();
      expect(ring.hushed).toBe(true);
    }
  });

  it('plays other rates, and faster and slower, without a seam', () => {
    for (const [rate, speed] of [[8000, 1], [44_100, 1.005], [48_000, 0.995]] as const) {
      const ring = new Ring(48_000);
      ring.speed = speed;
      for (let n = 0; n < 10; n++) ring.push(ramp(n * 20, 20, rate));
      const out = read(ring, 150);
      for (let i = 240; i < out.length; i++) expect(Math.abs(out[i]! - (speed * i) / 48_000)).toBeLessThan(1e-4);
    }
  });

  it('waits until there is a little in stock, and gives silence meanwhile', () => {
    const ring = new Ring(48_000);
    expect(read(ring, 20).every((value) => value === 0)).toBe(true);
    ring.push(ramp(1000, 10));
    expect(read(ring, 20).every((value) => value === 0)).toBe(true);
    expect(ring.positionMs).toBeNull();
    ring.push(ramp(1010, 10));
    expect(read(ring, 10).at(-1)).toBeCloseTo(1.01, 3);
  });

  it('fades out where it has nothing more, counts that, and goes on without what was missed', () => {
    const ring = new Ring(48_000);
    ring.push(ramp(1000, 40));
    const out = read(ring, 60);
    for (let i = 1; i < out.length; i++) expect(Math.abs(out[i]! - out[i - 1]!)).toBeLessThan(0.01); // no click
    expect(out.at(-1)).toBe(0);
    expect(ring.starved).toBe(1);
    ring.push(ramp(1040, 40));
    expect(read(ring, 10).at(-1)).toBeCloseTo(1.05, 3);
  });

  it('is silent in a gap, for as long as the gap is', () => {
    const ring = new Ring(48_000);
    ring.push(ramp(1000, 40));
    ring.push(ramp(1140, 40));
    const out = read(ring, 170);
    expect(out[48 * 100]).toBe(0);
    expect(out[48 * 160]).toBeCloseTo(1.16, 3);
    expect(ring.starved).toBe(0);
  });

  it('leaves out what is behind, but not all, and waits where it is ahead', () => {
    const ring = new Ring(48_000);
    for (let n = 0; n < 10; n++) ring.push(ramp(n * 20, 20));
    read(ring, 20);
    ring.skip(100);
    expect(ring.positionMs).toBeCloseTo(120, 1);
    ring.skip(1000);
    expect(ring.bufferedMs).toBeCloseTo(20, 1);
    ring.skip(-50);
    expect(ring.positionMs).toBeCloseTo(130, 1);
    expect(read(ring, 50).at(-1)).toBeCloseTo(0, 2);
    expect(read(ring, 10).at(-1)).toBeCloseTo(0.19, 2);
  });

  it('begins anew on another timeline, and keeps no more than can be heard', () => {
    const ring = new Ring(48_000);
    for (let n = 0; n < 10; n++) ring.push(ramp(90_000 + n * 20, 20));
    read(ring, 20);
    ring.push(ramp(0, 40));
    expect(ring.bufferedMs).toBeCloseTo(40, 1);
    for (let n = 0; n < 1000; n++) ring.push(ramp(40 + n * 20, 20));
    expect(ring.bufferedMs).toBeLessThanOrEqual(3000);
  });

  it('gives sound of one channel to both, and of two to each its own', () => {
    const ring = new Ring(48_000);
    ring.push({ startMs: 0, rate: 48_000, planes: [new Float32Array(4800).fill(0.5), new Float32Array(4800).fill(-0.5)] });
    ring.push({ startMs: 100, rate: 48_000, planes: [new Float32Array(4800).fill(0.25)] });
    const out = [new Float32Array(4800), new Float32Array(4800)];
    ring.read(out);
    expect([out[0]![4000], out[1]![4000]]).toEqual([0.5, -0.5]);
    ring.read(out);
    expect([out[0]![4000], out[1]![4000]]).toEqual([0.25, 0.25]);
  });

  it('survives anything', () => {
    const ring = new Ring(48_000);
    let x = 1;
    const random = (): number => ((x = (Math.imul(x, 1103515245) + 12345) >>> 0) >>> 8) / (1 << 24);
    for (let n = 0; n < 400; n++) {
      ring.push(ramp(random() * 5000, random() * 60, [8000, 44_100, 48_000][n % 3]!, 1 + (n % 2)));
      if (n % 5 === 0) ring.skip((random() - 0.5) * 500);
      ring.speed = 0.995 + random() / 100;
      expect(read(ring, random() * 60).every(Number.isFinite)).toBe(true);
    }
  });
});
