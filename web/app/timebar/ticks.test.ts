import { describe, expect, it } from 'vitest';
import type { View } from './geometry';
import { Labels, ladder, momentsOf, scaleOf, stepFor, type Step } from './ticks';
import { Zone } from './zone';

const HOUR = 3_600_000, DAY = 24 * HOUR;
const zone = new Zone('Europe/Berlin');
const utc = (text: string) => Date.parse(text);
const view = (from: string, lengthMs: number): View => ({ fromMs: utc(from), toMs: utc(from) + lengthMs });
const measure = (text: string) => text.length * 7;
const shown = (v: View, s: Step) => momentsOf(v, s, zone).map((ms) => {
  const w = zone.wall(ms);
  return `${w.year}-${w.month}-${w.day} ${w.hour}`;
});

describe('momentsOf', () => {
  it('are at midnights of 23, 24 and 25 hours', () => {
    expect(shown(view('2026-03-27T12:00:00Z', 4 * DAY), { unit: 'day', count: 1 })).toEqual(
      ['2026-3-28 0', '2026-3-29 0', '2026-3-30 0', '2026-3-31 0']);
    expect(shown(view('2026-10-23T12:00:00Z', 4 * DAY), { unit: 'day', count: 1 })).toEqual(
      ['2026-10-24 0', '2026-10-25 0', '2026-10-26 0', '2026-10-27 0']);
  });

  it('are at Mondays, firsts of months and of years', () => {
    expect(shown(view('2026-10-20T12:00:00Z', 16 * DAY), { unit: 'day', count: 7 })).toEqual(['2026-10-26 0', '2026-11-2 0']);
    expect(shown(view('2026-10-20T12:00:00Z', 100 * DAY), { unit: 'month', count: 1 })).toEqual(['2026-11-1 0', '2026-12-1 0', '2027-1-1 0']);
    expect(shown(view('2026-10-20T12:00:00Z', 300 * DAY), { unit: 'month', count: 3 })).toEqual(['2027-1-1 0', '2027-4-1 0', '2027-7-1 0']);
    expect(shown(view('2023-10-20T12:00:00Z', 9 * 365 * DAY), { unit: 'year', count: 5 })).toEqual(['2025-1-1 0', '2030-1-1 0']);
  });

  it('are whole hours of the clock where the zone is half an hour off', () => {
    const kolkata = new Zone('Asia/Kolkata');
    const v = view('2026-11-03T00:00:00Z', 4 * HOUR);
    expect(momentsOf(v, { unit: 'ms', count: HOUR }, kolkata).map((ms) => kolkata.wall(ms).minute)).toEqual([0, 0, 0, 0]);
  });

  it('has both of its ends', () => {
    expect(shown(view('2026-11-02T23:00:00Z', DAY), { unit: 'day', count: 1 })).toEqual(['2026-11-3 0', '2026-11-4 0']);
  });
});

describe('scaleOf', () => {
  const lengths = [60_000, 10 * 60_000, HOUR, 6 * HOUR, DAY, 4 * DAY, 14 * DAY, 40 * DAY, 200 * DAY, 800 * DAY, 4000 * DAY, 30_000 * DAY];

  it.each(['en', 'de', 'ja', 'ar'])('never puts a name over another, in %s', (language) => {
    const labels = new Labels(language, zone);
    for (const begin of ['2026-03-28T20:17:00Z', '2026-10-24T20:17:00Z', '2026-11-03T05:30:11Z']) {
      for (const length of lengths) {
        for (const [widthPx, ratio] of [[320, 1], [360, 2], [1440, 1], [3840, 2]] as const) {
          const v = view(begin, length);
          const scale = scaleOf(v, { zone, labels, widthPx: widthPx * ratio, ratio, measure: (t) => measure(t) * ratio });
          let end = -1;
          for (const t of scale.ticks) {
            if (t.label === '') continue;
            const half = (measure(t.label) * ratio) / 2;
            expect(t.x - half).toBeGreaterThan(end);
            expect(t.x + half).toBeLessThanOrEqual(widthPx * ratio);
            end = t.x + half;
          }
          for (const p of scale.periods) {
            if (p.label !== '') expect(p.labelX + measure(p.label) * ratio).toBeLessThan(p.toX);
          }
          expect(scale.ticks.length).toBeLessThanOrEqual(widthPx / 40 + 2);
          expect(scale.minor.length).toBeLessThanOrEqual(widthPx / 7 + 2);
        }
      }
    }
  });

  it('says something at any zoom', () => {
    const labels = new Labels('de', zone);
    for (const length of lengths.slice(0, -1)) {
      const v = view('2026-11-03T05:30:11Z', length);
      const { ticks, periods } = scaleOf(v, { zone, labels, widthPx: 320, ratio: 1, measure });
      expect(ticks.filter((t) => t.label !== '').length + periods.filter((p) => p.label !== '').length).toBeGreaterThanOrEqual(2);
    }
  });

  it('has names of the language, and the day over times', () => {
    const labels = new Labels('de', zone);
    const scale = scaleOf(view('2026-11-03T05:00:00Z', 6 * HOUR), { zone, labels, widthPx: 720, ratio: 1, measure });
    expect(scale.ticks.map((t) => t.label).filter(Boolean)).toEqual(['06:30', '07:00', '07:30', '08:00', '08:30', '09:00', '09:30', '10:00', '10:30', '11:00', '11:30']);
    expect(scale.periods.map((p) => p.label)).toEqual(['Dienstag, 3. November 2026']);
    const over = scaleOf(view('2026-11-03T21:00:00Z', 4 * HOUR), { zone, labels, widthPx: 720, ratio: 1, measure });
    expect(over.periods.map((p) => [p.fromX, p.toX])).toEqual([[0, 360], [360, 720]]);
    expect(over.periods.map((p) => p.label)).toEqual(['Dienstag, 3. November 2026', 'Mittwoch, 4. November 2026']);
  });

  it('takes steps that become longer', () => {
    const all = ladder.map((s) => momentsOf(view('2026-01-01T00:00:00Z', DAY), s, zone).length);
    expect([...all].sort((a, b) => b - a)).toEqual(all);
  });
});

describe('stepFor', () => {
  it('is about a 50th of the view', () => {
    expect(stepFor(view('2026-11-03T05:00:00Z', 60_000))).toBe(1000);
    expect(stepFor(view('2026-11-03T05:00:00Z', HOUR))).toBe(60_000);
    expect(stepFor(view('2026-11-03T05:00:00Z', DAY))).toBe(1_800_000);
    expect(stepFor(view('2026-01-03T05:00:00Z', 365 * DAY)) / DAY).toBe(6);
  });
});
