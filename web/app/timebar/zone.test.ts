import { describe, expect, it } from 'vitest';
import { Zone, dayLater, exists, type Wall } from './zone';

const berlin = new Zone('Europe/Berlin');
const utc = (text: string) => Date.parse(text);
const wall = (year: number, month: number, day: number, hour = 0, minute = 0): Wall =>
  ({ year, month, day, hour, minute, second: 0, millisecond: 0 });

describe('Zone', () => {
  it('shows what clocks show', () => {
    expect(berlin.wall(utc('2026-07-01T22:30:15.250Z'))).toEqual(
      { year: 2026, month: 7, day: 2, hour: 0, minute: 30, second: 15, millisecond: 250 });
    expect(new Zone('Asia/Kathmandu').wall(utc('2026-01-01T00:00:00Z'))).toEqual({ ...wall(2026, 1, 1, 5, 45) });
  });

  it('finds when clocks show something, of two times the first', () => {
    expect(berlin.instant(wall(2026, 11, 3, 14, 0))).toBe(utc('2026-11-03T13:00:00Z'));
    expect(berlin.instant(wall(2026, 10, 25, 2, 30))).toBe(utc('2026-10-25T00:30:00Z'));
    expect(berlin.instant(wall(2026, 10, 25, 3, 0))).toBe(utc('2026-10-25T02:00:00Z'));
  });

  it('has no instant for what clocks leave out', () => {
    expect(berlin.instant(wall(2026, 3, 29, 2, 30))).toBeNull();
    expect(berlin.instant(wall(2026, 3, 29, 3, 0))).toBe(utc('2026-03-29T01:00:00Z'));
  });

  it('begins days where they begin', () => {
    expect(berlin.startOf({ year: 2026, month: 3, day: 29 })).toBe(utc('2026-03-28T23:00:00Z'));
    const hours = (month: number, day: number) =>
      (berlin.startOf({ year: 2026, month, day: day + 1 }) - berlin.startOf({ year: 2026, month, day })) / 3_600_000;
    expect([hours(3, 29), hours(10, 25), hours(11, 3)]).toEqual([23, 25, 24]);
    // In Chile clocks go from 24:00 to 1:00.
    expect(new Zone('America/Santiago').startOf({ year: 2026, month: 9, day: 6 })).toBe(utc('2026-09-06T04:00:00Z'));
    // In Cuba they go from 1:00 to 0:00, and the day has begun before.
    expect(new Zone('America/Havana').startOf({ year: 2026, month: 11, day: 1 })).toBe(utc('2026-11-01T04:00:00Z'));
  });

  it('steps by the clock over days of 23 and 25 hours', () => {
    const steps = (from: string, stepHours: number, count: number) => {
      const all: string[] = [];
      for (let ms = utc(from); all.length < count; ) {
        ms = berlin.next(ms, stepHours * 3_600_000);
        const w = berlin.wall(ms);
        all.push(`${w.day} ${w.hour}:${String(w.minute).padStart(2, '0')}`);
      }
      return all;
    };
    expect(steps('2026-03-28T22:59:00Z', 1, 4)).toEqual(['29 0:00', '29 1:00', '29 3:00', '29 4:00']);
    expect(steps('2026-03-28T22:59:00Z', 2, 3)).toEqual(['29 0:00', '29 4:00', '29 6:00']);
    expect(steps('2026-10-24T21:59:00Z', 1, 5)).toEqual(['25 0:00', '25 1:00', '25 2:00', '25 2:00', '25 3:00']);
    expect(steps('2026-10-24T21:59:00Z', 3, 3)).toEqual(['25 0:00', '25 3:00', '25 6:00']);
  });

  it('is the browser\'s without a name', () => {
    expect(new Zone().name).toBe(Intl.DateTimeFormat().resolvedOptions().timeZone);
  });
});

describe('the calendar', () => {
  it('goes over ends of months and years', () => {
    expect(dayLater({ year: 2026, month: 12, day: 31 }, 1)).toEqual({ year: 2027, month: 1, day: 1 });
    expect(dayLater({ year: 2028, month: 3, day: 1 }, -1)).toEqual({ year: 2028, month: 2, day: 29 });
  });

  it('has no 30th of February and no 25th hour', () => {
    expect(exists(wall(2026, 2, 28))).toBe(true);
    expect(exists(wall(2026, 2, 29))).toBe(false);
    expect(exists(wall(2026, 1, 1, 25))).toBe(false);
  });
});
