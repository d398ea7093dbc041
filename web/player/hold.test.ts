import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Hold } from './hold';

describe('Hold', () => {
  beforeEach(() => vi.useFakeTimers({ now: 0 }));
  afterEach(() => vi.useRealTimers());

  // stream has things come every 40 ms for a while, and gives how late each was passed on.
  function stream(hold: Hold<number>, passed: Map<number, number>, forMs: number): number[] {
    const first = Date.now();
    for (; Date.now() < first + forMs; vi.advanceTimersByTime(40)) hold.take(Date.now());
    return [...passed].filter(([at]) => at >= first).map(([at, then]) => then - at);
  }

  function make(): [Hold<number>, Map<number, number>] {
    const passed = new Map<number, number>();
    return [new Hold<number>((thing) => passed.set(thing, Date.now()), Date.now), passed];
  }

  it('passes on at once at first', () => {
    const [hold, passed] = make();
    hold.take(7);
    expect(passed.get(7)).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('holds back more and more, slowly, and then evenly', () => {
    const [hold, passed] = make();
    hold.take(0);
    hold.set(1);
    stream(hold, passed, 4000);
    hold.set(100); // which it does not begin with
    const late = stream(hold, passed, 4000);
    for (let i = 1; i < late.length; i++) expect(late[i]! - late[i - 1]!).toBeLessThanOrEqual(3); // of 40
    expect(late.slice(-10).every((ms) => ms >= 98 && ms <= 101)).toBe(true);
    expect(hold.heldMs).toBe(100);
  });

  it('holds back soon at first, and slowly then, and says how slowly', () => {
    const [hold, passed] = make();
    stream(hold, passed, 4000);
    hold.set(0);
    hold.set(100);
    stream(hold, passed, 200);
    hold.set(100);
    expect(hold.slower).toBeCloseTo(0.25, 6);
    stream(hold, passed, 200);
    expect(Math.abs(hold.heldMs - 100)).toBeLessThan(2);
    stream(hold, passed, 3000);
    hold.set(200);
    expect(hold.slower).toBe(0);
    stream(hold, passed, 1000);
    hold.set(200);
    expect(hold.slower).toBeCloseTo(0.06, 6);
    expect(Math.abs(hold.heldMs - 160)).toBeLessThan(3);
    hold.reset();
    hold.set(0);
    expect(hold.slower).toBe(0);
  });

  it('lets go as slowly, keeps the order, and ends without waiting', () => {
    const [hold, passed] = make();
    hold.take(0);
    hold.set(100);
    stream(hold, passed, 4000);
    hold.set(0);
    const late = stream(hold, passed, 4000);
    expect(Math.min(...late)).toBe(0);
    expect(late.slice(-5)).toEqual([0, 0, 0, 0, 0]);
    expect([...passed.keys()]).toEqual([...passed.keys()].sort((a, b) => a - b));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets go more slowly while there is sound, which has to follow', () => {
    const [hold, passed] = make();
    hold.take(0);
    hold.set(100);
    stream(hold, passed, 4000);
    hold.set(90);
    stream(hold, passed, 1000);
    expect(Math.abs(hold.heldMs - 96)).toBeLessThan(0.5);
    stream(hold, passed, 2000);
    expect(hold.heldMs).toBe(90);
  });

  it('gives back what waits, and passes on what need not wait behind it', () => {
    const [hold, passed] = make();
    hold.take(0);
    hold.set(100);
    stream(hold, passed, 4000);
    const began = Date.now();
    expect(hold.drop()).toEqual([began - 80, began - 40]);
    hold.take(began, false);
    expect(passed.get(began)).toBe(began);
    vi.advanceTimersByTime(1000); // in which it stands still
    expect([hold.heldMs, passed.has(began - 80), vi.getTimerCount()]).toEqual([100, false, 0]);
    hold.take(1);
    hold.take(2, false);
    expect([...passed.keys()].slice(-2)).toEqual([1, 2]);
  });

  it('does not begin slowly where what came stood still', () => {
    const [hold] = make();
    hold.take(0);
    hold.set(100);
    expect([hold.heldMs, hold.drop(), hold.heldMs]).toEqual([0, [], 100]);
    vi.advanceTimersByTime(40);
    expect([hold.heldMs, hold.slower]).toEqual([100, 0]);
  });

  it('passes on what waits where that is asked for, or forgets it', () => {
    const [hold, passed] = make();
    hold.take(0);
    hold.set(100);
    stream(hold, passed, 4000);
    const before = passed.size;
    hold.flush();
    expect(passed.size).toBeGreaterThan(before);
    stream(hold, passed, 200);
    const kept = passed.size;
    hold.reset();
    vi.advanceTimersByTime(1000);
    expect(passed.size).toBe(kept);
    expect(hold.heldMs).toBe(0);
  });
});
