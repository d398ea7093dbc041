import { describe, expect, it } from 'vitest';
import { readTime } from './timetext';
import { Zone } from './zone';

// A Tuesday in Berlin, 15:20:30 in winter.
const nowMs = Date.parse('2026-11-03T14:20:30Z');
const berlin = { nowMs, zone: new Zone('Europe/Berlin'), language: 'de' };

function read(text: string, by = berlin): string {
  const reading = readTime(text, by);
  return 'ms' in reading ? new Date(reading.ms).toISOString().replace('.000Z', 'Z') : reading.fault;
}

describe('readTime', () => {
  it.each([
    ['now', '2026-11-03T14:20:30Z'],
    [' Jetzt ', '2026-11-03T14:20:30Z'],
    ['-30m', '2026-11-03T13:50:30Z'],
    ['-2h15m', '2026-11-03T12:05:30Z'],
    ['- 2 h 15 min', '2026-11-03T12:05:30Z'],
    ['−90s', '2026-11-03T14:19:00Z'],
    ['-1.5h', '2026-11-03T12:50:30Z'],
    ['-7d', '2026-10-27T14:20:30Z'],
    ['-250ms', '2026-11-03T14:20:29.750Z'],
    ['14:05', '2026-11-03T13:05:00Z'],
    ['14:05 Uhr', '2026-11-03T13:05:00Z'],
    ['15:20:30.5', '2026-11-02T14:20:30.500Z'],
    ['16:00', '2026-11-02T15:00:00Z'],
    ['2:05 pm', '2026-11-03T13:05:00Z'],
    ['12am', '2026-11-02T23:00:00Z'],
    ['12:30 p.m.', '2026-11-03T11:30:00Z'],
    ['yesterday 14:05', '2026-11-02T13:05:00Z'],
    ['gestern 14:05', '2026-11-02T13:05:00Z'],
    ['gestern, 14:05', '2026-11-02T13:05:00Z'],
    ['gestern', '2026-11-01T23:00:00Z'],
    ['vorgestern 8:00', '2026-11-01T07:00:00Z'],
    ['today 0:10', '2026-11-02T23:10:00Z'],
    ['heute', '2026-11-02T23:00:00Z'],
    ['2026-11-03 14:00', '2026-11-03T13:00:00Z'],
    ['2026-11-03T14:00:05', '2026-11-03T13:00:05Z'],
    ['2026-7-1 14:00', '2026-07-01T12:00:00Z'],
    ['3.11.2026 14:00', '2026-11-03T13:00:00Z'],
    ['03. 11. 26 14:00', '2026-11-03T13:00:00Z'],
    ['3.11. 14:00', '2026-11-03T13:00:00Z'],
    ['4.11. 14:00', '2025-11-04T13:00:00Z'],
    ['24.12.2025', '2025-12-23T23:00:00Z'],
    ['2026-11-03T14:05:10Z', '2026-11-03T14:05:10Z'],
    ['2026-11-03t15:05:10.25+01:00', '2026-11-03T14:05:10.250Z'],
    ['2026-11-03 09:05-0500', '2026-11-03T14:05:00Z'],
  ])('reads %s', (text, want) => expect(read(text)).toBe(want));

  it.each([
    ['', 'form'], ['soon', 'form'], ['30m', 'form'], ['-', 'form'], ['-5', 'form'], ['--5m', 'form'], ['-5m yesterday', 'form'], ['14', 'form'],
    ['11/3/2026 14:00', 'form'], ['3.11.2026 at 14:00', 'form'], ['yesterday yesterday', 'form'], ['yesterdayt14:05', 'form'], ['1793000000', 'form'],
    ['24:00', 'unreal'], ['14:60', 'unreal'], ['13 pm', 'unreal'], ['0 am', 'unreal'], ['30.2.2026', 'unreal'], ['2026-13-01', 'unreal'],
    ['2026-02-30T00:00:00Z', 'unreal'], ['1.1.1969', 'unreal'], ['-100000d', 'unreal'],
    ['29.3.2026 2:30', 'skipped'],
    ['4.11.2026', 'future'], ['heute 16:00', 'future'], ['2027-01-01T00:00:00Z', 'future'],
  ])('refuses %s', (text, want) => expect(read(text)).toBe(want));

  it('takes the first of two times that are shown twice', () => {
    expect(read('25.10.2026 2:30')).toBe('2026-10-25T00:30:00Z');
  });

  it('begins a day that has no midnight', () => {
    expect(read('2026-09-06', { ...berlin, zone: new Zone('America/Santiago') })).toBe('2026-09-06T04:00:00Z');
  });

  it('understands the words of the page\'s language', () => {
    expect(read('hier 14:05', { ...berlin, language: 'fr' })).toBe('2026-11-02T13:05:00Z');
    expect(read('hier 14:05')).toBe('form');
  });
});
