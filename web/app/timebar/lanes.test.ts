import { describe, expect, it } from 'vitest';
import {
  Runs, flagsOf, gapAt, gapRuns, isRecorded, nextMark, nextRecorded, previousMark, previousRecorded, spanRuns, type Lane, type Mark,
} from './lanes';

const mark = (id: number, fromMs: number, toMs: number | null = fromMs + 10, count = 1): Mark => ({ id, kind: 'motion', fromMs, toMs, keep: false, count });
const lane: Lane = {
  fromMs: 0, toMs: 10_000,
  spans: Float64Array.of(1000, 2000, 3000, 3001, 5000, 9000),
  gaps: [
    { fromMs: 2000, toMs: 3000, reason: 'the camera was away', open: false },
    { fromMs: 9000, toMs: 10_000, reason: 'the disk is full', open: true },
  ],
  marks: [mark(1, 1500), mark(2, 1600), mark(3, 6000, 8000), mark(4, 9500, null, 3)],
};
const view = { fromMs: 0, toMs: 10_000 };
const taken = (runs: Runs) => [...runs.at.subarray(0, runs.length)];

describe('runs', () => {
  it('are the pixels of stretches, none thinner than one', () => {
    const runs = new Runs();
    spanRuns(lane, view, 100, runs);
    expect(taken(runs)).toEqual([10, 20, 30, 31, 50, 90]);
    gapRuns(lane, view, 100, runs);
    expect(taken(runs)).toEqual([20, 30, 90, 100]);
  });

  it('are one where pixels touch', () => {
    const runs = new Runs();
    spanRuns(lane, view, 4, runs);
    expect(taken(runs)).toEqual([0, 4]);
  });

  it('are cut to the view, and to the part that is drawn', () => {
    const runs = new Runs();
    spanRuns(lane, { fromMs: 1500, toMs: 6500 }, 50, runs);
    expect(taken(runs)).toEqual([0, 5, 15, 16, 35, 50]);
    spanRuns(lane, view, 100, runs, 15, 60);
    expect(taken(runs)).toEqual([15, 20, 30, 31, 50, 60]);
    spanRuns(lane, { fromMs: 9000, toMs: 9500 }, 50, runs);
    expect(taken(runs)).toEqual([]);
  });

  it('are no more than pixels, however many stretches there are, and grow one array', () => {
    const many = Float64Array.from({ length: 200_000 }, (_, i) => Math.floor(i / 2) * 1000 + (i % 2) * 400);
    const all = { ...lane, spans: many, gaps: [] };
    const runs = new Runs();
    let reads = 0;
    const counted = new Proxy(many, { get: (t, key) => { if (typeof key === 'string' && /^\d/.test(key)) reads++; return Reflect.get(t, key, t); } });
    spanRuns({ ...all, spans: counted }, { fromMs: 50_000_000, toMs: 51_000_000 }, 1440, runs);
    expect(runs.length).toBeGreaterThan(100);
    expect(runs.length).toBeLessThanOrEqual(2 * 1440);
    expect(reads).toBeLessThan(5000); // a pass over the thousand that are seen, and a search
    const array = runs.at;
    spanRuns(all, { fromMs: 0, toMs: 100_000_000 }, 1440, runs);
    expect(taken(runs)).toEqual([0, 1440]);
    expect(runs.at).toBe(array);
  });
});

describe('flagsOf', () => {
  it('shows marks, near ones as one', () => {
    const shape = (widthPx: number, apartPx: number) => flagsOf(lane, view, widthPx, 10_000, apartPx).map((f) => [f.fromX, f.toX, f.mark.id, f.count]);
    expect(shape(1000, 8)).toEqual([[150, 151, 1, 1], [160, 161, 2, 1], [600, 800, 3, 1], [950, 1000, 4, 3]]);
    expect(shape(100, 8)).toEqual([[15, 17, 1, 2], [60, 80, 3, 1], [95, 100, 4, 3]]);
  });

  it('has what reaches into the view, and nothing far from it', () => {
    expect(flagsOf(lane, { fromMs: 7000, toMs: 9000 }, 100, 10_000, 2).map((f) => f.mark.id)).toEqual([3]);
    expect(flagsOf(lane, { fromMs: 9600, toMs: 9900 }, 100, 10_000, 2).map((f) => f.mark.id)).toEqual([4]);
  });
});

describe('finding one\'s way', () => {
  it('skips what is not recorded, both ways', () => {
    expect([0, 999, 1000, 1999, 2000, 4000, 8999].map((ms) => nextRecorded(lane, ms))).toEqual([1000, 1000, 1000, 1999, 3000, 5000, 8999]);
    expect(nextRecorded(lane, 9000)).toBeNull();
    expect([1000, 2000, 2500, 4000, 9999].map((ms) => previousRecorded(lane, ms))).toEqual([1000, 1999, 1999, 3000, 8999]);
    expect(previousRecorded(lane, 999)).toBeNull();
    expect([999, 1000, 1999, 2000].map((ms) => isRecorded(lane, ms))).toEqual([false, true, true, false]);
  });

  it('says why nothing is there', () => {
    expect(gapAt(lane, 2000)?.reason).toBe('the camera was away');
    expect(gapAt(lane, 3000)).toBeNull();
    expect(gapAt(lane, 500)).toBeNull();
    expect(gapAt(lane, 9999)?.open).toBe(true);
  });

  it('goes from mark to mark', () => {
    expect([0, 1500, 1550, 7000, 9500].map((ms) => nextMark(lane, ms)?.id)).toEqual([1, 2, 2, 4, undefined]);
    expect([0, 1500, 1501, 7000, 9501].map((ms) => previousMark(lane, ms)?.id)).toEqual([undefined, undefined, 1, 3, 4]);
  });
});
