import { describe, expect, it } from 'vitest';
import { Captures, Track } from './timeline';

const head = (decodeTime: number, duration = 3000, composition = 0) => ({ decodeTime, duration, composition, durationAt: 100 });

describe('Track', () => {
  it('starts at zero and goes on by the fragments’ own times', () => {
    const track = new Track();
    expect(track.place(head(900_000), 90_000, true)).toEqual({ offsetS: -10, startS: 0, duration: 3000 });
    expect(track.place(head(903_000), 90_000, false)).toEqual({ offsetS: -10, startS: expect.closeTo(1 / 30), duration: 3000 });
  });

  it('closes a gap', () => {
    const track = new Track();
    track.place(head(0), 90_000, true);
    const place = track.place(head(90_000), 90_000, true)!;
    expect(place.startS).toBeCloseTo(1 / 30);
    expect(place.offsetS).toBeCloseTo(1 / 30 - 1);
  });

  it('waits for a keyframe after a cut and goes on where it was', () => {
    const track = new Track();
    track.place(head(0), 90_000, true);
    track.cut();
    expect(track.place(head(0), 90_000, false)).toBeNull();
    expect(track.place(head(3000), 90_000, true)!.startS).toBeCloseTo(1 / 30);
  });

  it('shows a picture where its composition says', () => {
    const track = new Track();
    expect(track.place(head(0, 3000, 6000), 90_000, true)!.startS).toBeCloseTo(2 / 30);
    expect(track.place(head(3000, 3000, -1500), 90_000, false)!.startS).toBeCloseTo(1 / 60);
  });

  it('leaves a pause out', () => {
    const track = new Track();
    let at = 0;
    for (let n = 0; n < 10; n++, at += 3000) track.place(head(at), 90_000, n === 0);
    expect(track.place(head(at, 450_000), 90_000, false)).toMatchObject({ startS: expect.closeTo(10 / 30), duration: 3000 });
    at += 450_000;
    expect(track.place(head(at), 90_000, false)).toMatchObject({ startS: expect.closeTo(11 / 30), duration: 3000 });
  });

  it('believes a new rate', () => {
    const track = new Track();
    let at = 0;
    for (let n = 0; n < 10; n++, at += 3000) track.place(head(at), 90_000, n === 0);
    let durations: number[] = [];
    for (let n = 0; n < 5; n++, at += 45_000) durations.push(track.place(head(at, 45_000), 90_000, false)!.duration);
    expect(durations).toEqual([3000, 3000, 45_000, 45_000, 45_000]);
  });
});

describe('Captures', () => {
  it('finds the picture of a media time', () => {
    const captures = new Captures();
    for (let n = 0; n < 100; n++) captures.add(n / 30, 1000 + n, n % 30 === 0);
    expect(captures.captureMs(50 / 30 + 1e-6)).toBe(1050);
    expect(captures.captureMs(50.5 / 30)).toBeNull();
    expect(captures.captureMs(1e6)).toBeNull();
    expect(captures.keyBefore(59 / 30)).toBeCloseTo(1);
    expect(captures.keyBefore(2)).toBe(2);
    expect(captures.keyBefore(-1)).toBeNull();
    expect(captures.newestS()).toBeCloseTo(3.3);
  });

  it('finds those of B-frames, which lie out of order', () => {
    const captures = new Captures();
    for (const [startS, captureMs] of [[0, 0], [0.3, 30], [0.1, 10], [0.2, 20]] as const) captures.add(startS, captureMs, false);
    expect([0.1, 0.2, 0.3].map((at) => captures.captureMs(at))).toEqual([10, 20, 30]);
  });

  it('forgets the oldest', () => {
    const captures = new Captures();
    for (let n = 0; n < 10_000; n++) captures.add(n, n, true);
    expect(captures.captureMs(0)).toBeNull();
    expect(captures.captureMs(9999)).toBe(9999);
  });
});
