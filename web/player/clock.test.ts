import { describe, expect, it } from 'vitest';
import { ServerClock } from './clock';

describe('ServerClock', () => {
  it('knows nothing before an answer', () => {
    const clock = new ServerClock();
    expect(clock.offsetMs(0)).toBeNull();
    expect(clock.errorMs(0)).toBeNull();
  });

  it('believes the shortest round trip', () => {
    const clock = new ServerClock();
    const ahead = 5000;
    let now = 1_000_000;
    // Of each round trip, what the way back takes is what makes it wrong.
    for (const [there, back] of [[2, 40], [90, 3], [2, 3], [4, 200]] as const) {
      clock.note(now, now + there + back, now + there + ahead);
      now += 500;
    }
    expect(Math.abs(clock.offsetMs(now)! - ahead)).toBeLessThanOrEqual(clock.errorMs(now)!);
    expect(clock.offsetMs(now)).toBeCloseTo(ahead - 0.5, 5);
    expect(clock.errorMs(now)).toBeCloseTo(2.5, 0);
  });

  it('lets an old answer go when clocks have drifted', () => {
    const clock = new ServerClock();
    clock.note(0, 1, 10_000);
    for (let at = 60_000; at <= 600_000; at += 60_000) clock.note(at, at + 8, at + 4 + 10_000 + at * 50e-6);
    expect(clock.offsetMs(600_008)).toBeCloseTo(10_030, 0);
  });

  it('keeps but a few and takes no time machine', () => {
    const clock = new ServerClock();
    clock.note(100, 50, 0);
    expect(clock.offsetMs(100)).toBeNull();
    clock.note(0, 0.1, 999_999); // short, and out of the window soon
    for (let at = 1; at <= 12; at++) clock.note(at, at + 5, at + 2.5);
    expect(clock.offsetMs(20)).toBeCloseTo(0, 5);
    clock.reset();
    expect(clock.offsetMs(20)).toBeNull();
  });
});
