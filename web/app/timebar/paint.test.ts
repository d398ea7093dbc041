import { describe, expect, it } from 'vitest';
import { layoutOf } from './layout';
import { mergeMarks, paint, type Drawn, type Scene } from './paint';
import type { Kept } from './timelines';

const drawn = (x: number, lane: number): Drawn => ({ x, lane, count: 1, mark: { id: x, kind: 'motion', fromMs: x, toMs: null, keep: false, count: 1 } });

describe('mergeMarks', () => {
  it('puts marks of all cameras that are near to each other into the first', () => {
    const merged = mergeMarks([drawn(10, 0), drawn(100, 0), drawn(12, 1), drawn(18, 1), drawn(19, 2)]);
    expect(merged.map((m) => [m.x, m.count])).toEqual([[10, 3], [19, 1], [100, 1]]);
  });

  it('is no more than there is room for', () => {
    expect(mergeMarks(Array.from({ length: 40_000 }, (_, i) => drawn((i * 7919) % 1440, i % 16))).length).toBeLessThanOrEqual(160);
  });
});

/** A canvas that notes which rectangles it was filled with, by colour. */
function canvas() {
  const rects: [ink: string, x: number, y: number, width: number, height: number][] = [];
  const c = { fillStyle: '', fillRect: (...r: [number, number, number, number]) => rects.push([c.fillStyle, ...r]) };
  const nothing = (): void => undefined;
  const context = new Proxy(c, { get: (t, key) => Reflect.get(t, key, t) ?? nothing }) as unknown as CanvasRenderingContext2D;
  return { context, of: (ink: string) => rects.filter((r) => r[0] === ink) };
}

const names = ['recorded', 'gap', 'lane', 'line', 'text', 'quiet', 'mark', 'kept', 'now', 'head', 'selection', 'back'];
const MINUTE = 60_000;
const nowMs = 10_000 * MINUTE;

function scene(lanes: Kept[][], more: Partial<Scene> = {}): Scene {
  return {
    view: { fromMs: nowMs - 1400 * MINUTE, toMs: nowMs + 40 * MINUTE }, layout: layoutOf(lanes.length), inks: Object.fromEntries(names.map((n) => [n, n])) as unknown as Scene['inks'],
    scale: { step: { unit: 'ms', count: MINUTE }, ticks: [], minor: [], periods: [] }, hatch: 'hatch', font: '', widthPx: 1440, ratio: 1, lanes, nowMs, headMs: nowMs, live: true,
    selection: null, hoverX: null, ...more,
  };
}

function lane(spans: number[], more: Partial<Kept> = {}): Kept {
  return { fromMs: 0, toMs: 2 * nowMs, spans: Float64Array.from(spans), gaps: [], marks: [], resolutionMs: 1000, askedMs: nowMs, ...more };
}

describe('paint', () => {
  it('draws what was recorded until now, and gaps that go on', () => {
    const c = canvas();
    const away = { fromMs: nowMs - 100 * MINUTE, toMs: nowMs - MINUTE, reason: 'the camera was away', open: true };
    paint(c.context, scene([[lane([nowMs - 700 * MINUTE, nowMs - 5000])], [lane([0, away.fromMs], { gaps: [away] })]]));
    expect(c.of('recorded').map(([, x, , width]) => [x, width])).toEqual([[700, 700], [0, 1300]]);
    expect(c.of('hatch').map(([, x, , width]) => [x, width])).toEqual([[1300, 100]]);
    const [first, second] = c.of('recorded').map(([, , y, , height]) => [y, height]);
    expect(first![0]! + first![1]!).toBeLessThan(second![0]!);
  });

  it('draws what is known better over the rest', () => {
    const c = canvas();
    const part = lane([nowMs - 650 * MINUTE, nowMs - 600 * MINUTE], { fromMs: nowMs - 700 * MINUTE, toMs: nowMs - 500 * MINUTE });
    paint(c.context, scene([[lane([0, nowMs]), part]]));
    expect(c.of('recorded').map(([, x, , width]) => [x, width])).toEqual([[0, 1400], [750, 50]]);
    expect(c.of('lane').at(-1)!.slice(1, 4)).toEqual([700, 53, 200]);
  });

  it('fills no more rectangles than there are pixels, of 16 cameras with 10 000 stretches each', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => Math.floor(i / 2) * MINUTE * 0.5 + (i % 2) * 10_000);
    const marks = Array.from({ length: 4000 }, (_, i) => ({ id: i, kind: 'motion', fromMs: i * 2 * MINUTE, toMs: i * 2 * MINUTE + 1000, keep: false, count: 1 }));
    const c = canvas();
    const drawn = paint(c.context, scene(Array.from({ length: 16 }, () => [lane(many, { marks, askedMs: 0 })]), { view: { fromMs: 0, toMs: 5000 * MINUTE } }));
    expect(c.of('recorded').length).toBe(16);
    expect(drawn.length).toBeLessThanOrEqual(1440 / 9 + 3);
    const near = canvas();
    paint(near.context, scene(Array.from({ length: 16 }, () => [lane(many, { askedMs: 0 })]), { view: { fromMs: 0, toMs: 300 * MINUTE } }));
    expect(near.of('recorded').length).toBe(16 * 600);
  });
});
