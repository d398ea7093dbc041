import { describe, expect, it } from 'vitest';
import { Fling, Pace, around, atNow, clamp, msAt, pan, pixelMs, reveal, spanOf, xOf, zoom, type View } from './geometry';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const nowMs = Date.parse('2026-11-03T14:00:00Z');
const limits = { oldestMs: nowMs - 400 * DAY, nowMs };
const day: View = { fromMs: nowMs - 2 * DAY, toMs: nowMs - DAY };

describe('places', () => {
  it('are whole pixels, and back again', () => {
    expect(xOf(day, 1440, day.fromMs)).toBe(0);
    expect(xOf(day, 1440, day.toMs)).toBe(1440);
    expect(xOf(day, 1440, day.fromMs + 90_500)).toBe(2);
    for (const x of [0, 1, 7, 719, 1440]) expect(xOf(day, 1440, msAt(day, 1440, x))).toBe(x);
    expect(pixelMs(day, 1440)).toBe(60_000);
  });
});

describe('zoom', () => {
  it('leaves what it is about where it is', () => {
    const old = pan(day, -99 * DAY, limits);
    const about = old.fromMs + 7 * HOUR;
    for (const factor of [0.5, 0.9, 2, 10]) {
      const zoomed = zoom(old, factor, about, limits);
      expect(spanOf(zoomed)).toBeCloseTo(DAY * factor, 0);
      expect(xOf(zoomed, 1440, about)).toBe(xOf(old, 1440, about));
    }
  });

  it('goes from a minute to years', () => {
    expect(spanOf(zoom(day, 1e-9, day.fromMs, limits))).toBeCloseTo(60_000);
    const all = zoom(day, 1e9, day.fromMs, limits);
    expect(all.fromMs).toBeLessThan(limits.oldestMs);
    expect(all.toMs).toBeGreaterThan(nowMs);
    expect(spanOf(all)).toBeLessThan(440 * DAY);
    const young = zoom(day, 1e9, day.fromMs, { oldestMs: nowMs - HOUR, nowMs });
    expect(spanOf(young)).toBe(DAY);
  });
});

describe('pan', () => {
  it('goes over days without a border', () => {
    expect(pan(day, -3 * HOUR, limits)).toEqual({ fromMs: day.fromMs - 3 * HOUR, toMs: day.toMs - 3 * HOUR });
  });

  it('ends a little beyond now, and before the oldest', () => {
    const right = pan(day, 99 * DAY, limits);
    expect(spanOf(right)).toBe(DAY);
    expect(right.toMs).toBeGreaterThan(nowMs);
    expect(right.toMs).toBeLessThan(nowMs + 0.1 * DAY);
    const left = pan(day, -999 * DAY, limits);
    expect(left.fromMs).toBeLessThan(limits.oldestMs);
    expect(left.fromMs).toBeGreaterThan(limits.oldestMs - 0.1 * DAY);
  });
});

describe('clamp', () => {
  it('ends with now where there is less than a view to see', () => {
    for (const oldestMs of [nowMs, nowMs - HOUR, nowMs + HOUR]) {
      const v = clamp(day, { oldestMs, nowMs });
      expect(spanOf(v)).toBe(DAY);
      expect(v.toMs).toBeCloseTo(nowMs + 0.04 * DAY, 0);
    }
  });

  it('changes nothing twice', () => {
    for (const v of [day, { fromMs: 0, toMs: 1 }, { fromMs: nowMs, toMs: nowMs + 900 * DAY }]) {
      const once = clamp(v, limits);
      const twice = clamp(once, limits);
      expect(Math.abs(twice.fromMs - once.fromMs)).toBeLessThan(1);
      expect(Math.abs(twice.toMs - once.toMs)).toBeLessThan(1);
    }
  });
});

describe('a view', () => {
  it('is moved only where something is not seen', () => {
    expect(reveal(day, day.fromMs + HOUR, limits)).toBe(day);
    const moved = reveal(day, day.fromMs - HOUR, limits);
    expect((moved.fromMs + moved.toMs) / 2).toBe(day.fromMs - HOUR);
    expect(spanOf(moved)).toBe(DAY);
  });

  it('comes back to now, as long as it was', () => {
    const v = atNow(day, limits);
    expect(spanOf(v)).toBe(DAY);
    expect(v.fromMs).toBeLessThan(nowMs);
    expect(v.toMs).toBeGreaterThan(nowMs);
  });

  it('shows a stretch with its ends', () => {
    const v = around(nowMs - 3 * HOUR, nowMs - 2 * HOUR, limits);
    expect(v.fromMs).toBeLessThan(nowMs - 3 * HOUR);
    expect(v.toMs).toBeGreaterThan(nowMs - 2 * HOUR);
    expect(spanOf(v)).toBeLessThan(2 * HOUR);
  });
});

describe('a fling', () => {
  it('comes to rest, and goes as far in many steps as in few', () => {
    const way = (stepMs: number) => {
      const fling = new Fling(2);
      let sum = 0;
      for (let i = 0; i < 4000 && !fling.over; i++) sum += fling.advance(stepMs);
      expect(fling.over).toBe(true);
      return sum;
    };
    expect(way(8)).toBeGreaterThan(600);
    expect(way(8)).toBeLessThan(650);
    expect(Math.abs(way(8) - way(32))).toBeLessThan(10);
    expect(new Fling(0.001).advance(1000)).toBe(0);
  });

  it('is as fast as the finger was lately', () => {
    const pace = new Pace();
    pace.move(0, 0);
    for (let t = 400; t <= 500; t += 10) pace.move(t * 3, t);
    expect(pace.lift(505)).toBeCloseTo(3);
    expect(pace.lift(900)).toBe(0);
    expect(new Pace().lift(5)).toBe(0);
  });
});
