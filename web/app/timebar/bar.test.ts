import { describe, expect, it } from 'vitest';
import { Bar, type Selection } from './bar';
import { spanOf, xOf } from './geometry';

const HOUR = 3_600_000, DAY = 24 * HOUR;
const start = Date.parse('2026-11-03T14:00:00Z');

/** A bar of 1440 pixels for a day, on a page that does what it is told, or nothing. */
function rig({ obeys = true, still = false, marks = [] as number[], far = null as Promise<number> | null } = {}) {
  const told: string[] = [];
  let clock = start;
  const ago = (ms: number) => `${Math.round((clock - ms) / 60_000)} min ago`;
  let selected: Selection | null = null;
  const bar: Bar = new Bar({
    now: () => clock,
    oldest: () => start - 30 * DAY,
    still: () => still,
    seek: (ms, { dragging }) => {
      told.push(`${dragging ? 'drag' : 'seek'} ${ago(ms)}`);
      if (obeys) bar.setPlayhead(ms);
    },
    live: () => {
      told.push('live');
      if (obeys) bar.setPlayhead(null);
    },
    select: (s) => { selected = s; },
    mark: (ms, direction) => (direction > 0 ? marks.find((m) => m > ms) : marks.filter((m) => m < ms).at(-1)) ?? far,
    changed: () => undefined,
  });
  bar.resize(1440);
  const headX = () => xOf(bar.view, 1440, bar.head);
  const pass = (ms: number) => { clock += ms; bar.follow(); };
  return { bar, told, headX, pass, ago, get selected() { return selected; }, plain: { shift: false, ctrl: false, repeat: false } };
}

describe('Bar', () => {
  it('shows a day that ends with now, and on a telephone less', () => {
    const { bar } = rig();
    expect(spanOf(bar.view)).toBe(DAY);
    expect(bar.view.toMs).toBeGreaterThan(start);
    const small = rig().bar;
    const other = new Bar({ ...small['options'] });
    other.resize(360);
    expect(spanOf(other.view)).toBe(6 * HOUR);
  });

  it('shows yesterday when it is dragged back, with the playhead where it was', () => {
    const { bar, told, headX } = rig();
    const x = headX();
    bar.grab('time', 200);
    bar.drag(100);
    bar.drag(720);
    expect(headX()).toBe(x);
    expect(told).toEqual(['drag 100 min ago', 'drag 720 min ago']);
    bar.drop(0);
    expect(told.at(-1)).toBe('seek 720 min ago');
    expect(bar.isLive).toBe(false);
    expect(headX()).toBe(x);
  });

  it('comes back to the present when it is dragged there, and settles', () => {
    const { bar, told, headX } = rig();
    bar.goTo(start - 12 * HOUR);
    const x = headX();
    expect(x).toBeLessThan(720);
    bar.grab('time', 0);
    bar.drag(-5000);
    expect(headX()).toBe(x);
    bar.drop(0);
    expect(told.at(-1)).toBe('live');
    let frames = 0;
    while (bar.frame(16)) frames++;
    expect(frames).toBeGreaterThan(3);
    expect(frames).toBeLessThan(100);
    expect(headX()).toBeGreaterThan(1300);
  });

  it('goes on when it is flung, says where it came to rest, and can be stopped', () => {
    const { bar, told } = rig();
    bar.grab('time', 0);
    bar.drag(50);
    bar.drop(2);
    while (bar.frame(16));
    expect(told.at(-1)).toMatch(/^seek 6\d\d min ago$/);
    expect(told.filter((t) => t.startsWith('seek')).length).toBe(1);
    bar.grab('time', 0);
    bar.drag(50);
    bar.drop(2);
    bar.frame(16);
    bar.rest();
    expect(told.at(-1)).toMatch(/^seek/);
    expect(bar.moving).toBe(false);
  });

  it('moves nothing by itself where that is not wanted', () => {
    const { bar, told } = rig({ still: true });
    bar.grab('time', 0);
    bar.drag(50);
    bar.drop(2);
    expect(told.at(-1)).toBe('seek 50 min ago');
    expect(bar.frame(16)).toBe(false);
  });

  it('looks elsewhere without seeking', () => {
    const { bar, told } = rig();
    bar.panBy(-2000);
    expect(bar.isSeen).toBe(false);
    const { fromMs } = bar.view;
    bar.grab('time', 0); // the playhead is not seen
    bar.drag(100);
    bar.drop(0);
    expect(fromMs - bar.view.fromMs).toBe(100 * 60_000);
    bar.grab('view', 0);
    bar.drag(100);
    bar.drop(0);
    expect(told).toEqual([]);
    bar.goLive();
    expect(bar.isSeen).toBe(true);
  });

  it('drags the playhead over a view that stands', () => {
    const { bar, told } = rig();
    bar.goTo(start - 12 * HOUR);
    const view = bar.view;
    bar.grab('head', 0);
    bar.drag(-60);
    bar.drop(3);
    expect(told.slice(1)).toEqual(['drag 780 min ago', 'seek 780 min ago']);
    expect(bar.view).toEqual(view);
  });

  it('does not jump back before the page has done what it was told', () => {
    const { bar } = rig({ obeys: false });
    bar.setPlayhead(start - HOUR);
    bar.goTo(start - 5 * HOUR);
    expect(bar.head).toBe(start - 5 * HOUR);
    bar.setPlayhead(start - 5 * HOUR + 40);
    expect(bar.head).toBe(start - 5 * HOUR + 40);
  });

  it('moves with the playhead where that is seen, and only then', () => {
    const { bar, headX, pass } = rig();
    const x = headX();
    pass(3 * HOUR);
    expect(headX()).toBe(x);
    bar.panBy(-2000);
    const { view } = bar;
    pass(HOUR);
    expect(bar.view).toEqual(view);
    bar.setPlayhead(start - 20 * DAY);
    expect(bar.isSeen).toBe(true);
    for (let i = 0; i < 100; i++) bar.setPlayhead(bar.head + HOUR / 4);
    expect(headX()).toBe(Math.round(1440 * 0.96));
  });

  it('goes to no time that is yet to come, nor before the oldest', () => {
    const { bar, told, plain } = rig();
    bar.goTo(start + HOUR);
    bar.goTo(start - 1);
    expect(told).toEqual(['live', 'live']);
    bar.key('ArrowRight', plain);
    expect(told.length).toBe(2);
    bar.key('Home', plain);
    expect(told.at(-1)).toBe(`seek ${30 * 24 * 60} min ago`);
    bar.key('PageDown', plain);
    expect(told.at(-1)).toBe(`seek ${30 * 24 * 60} min ago`);
  });

  it('is moved by keys, and plays where a held key led', () => {
    const { bar, told, plain } = rig();
    bar.key('ArrowLeft', plain);
    bar.key('ArrowDown', { ...plain, shift: true });
    bar.key('PageDown', plain);
    bar.key('PageUp', plain);
    expect(told).toEqual(['seek 30 min ago', 'seek 330 min ago', 'seek 690 min ago', 'seek 330 min ago']);
    bar.keyUp();
    expect(told.length).toBe(4);
    bar.key('ArrowRight', { ...plain, repeat: true });
    bar.key('ArrowRight', { ...plain, repeat: true });
    bar.keyUp();
    expect(told.slice(4)).toEqual(['drag 300 min ago', 'drag 270 min ago', 'seek 270 min ago']);
    bar.key('+', plain);
    expect(spanOf(bar.view)).toBe(DAY / 2);
    bar.key('-', plain);
    expect(spanOf(bar.view)).toBe(DAY);
    bar.key('End', plain);
    expect(told.at(-1)).toBe('live');
    expect(bar.key('x', plain)).toBe(false);
    expect(bar.key('n', { ...plain, ctrl: true })).toBe(false);
  });

  it('goes from mark to mark', () => {
    const { bar, told, plain } = rig({ marks: [start - 3 * HOUR, start - HOUR] });
    for (const [key, ctrl] of [['p', false], ['ArrowLeft', true], ['n', false], ['ArrowRight', true]] as const) bar.key(key, { ...plain, ctrl });
    expect(told).toEqual(['seek 60 min ago', 'seek 180 min ago', 'seek 60 min ago']);
  });

  it('waits for a mark that is far away, unless somebody goes elsewhere meanwhile', async () => {
    const far = Promise.resolve(start - 20 * DAY);
    const { bar, told } = rig({ far });
    bar.toMark(-1);
    await far;
    expect(told).toEqual([`seek ${20 * 24 * 60} min ago`]);
    bar.toMark(-1);
    bar.goTo(start - 5 * DAY);
    await far;
    expect(told.slice(1)).toEqual([`seek ${5 * 24 * 60} min ago`]);
  });

  it('chooses a stretch, whose ends are dragged over each other', () => {
    const r = rig();
    const { bar, plain } = r;
    bar.goTo(start - 10 * HOUR);
    bar.mark('from');
    expect(r.selected).toEqual({ fromMs: start - 10 * HOUR, toMs: start - 7.6 * HOUR });
    bar.goTo(start - 8 * HOUR);
    bar.mark('to');
    expect(r.selected).toEqual({ fromMs: start - 10 * HOUR, toMs: start - 8 * HOUR });
    bar.grab('from', xOf(bar.view, 1440, start - 10 * HOUR));
    bar.drag(180);
    expect(bar.hold).toBe('to');
    bar.drop(0);
    expect(r.selected!.fromMs).toBe(start - 8 * HOUR);
    expect(Math.abs(r.selected!.toMs - (start - 7 * HOUR))).toBeLessThanOrEqual(60_000);
    bar.zoomBy(1 / 3);
    bar.mark('to');
    expect(Number.isInteger(r.selected!.fromMs)).toBe(true);
    bar.zoomBy(3);
    bar.mark(null);
    bar.goLive();
    bar.mark('from');
    expect(r.selected).toEqual({ fromMs: start - 2.4 * HOUR, toMs: start });
    bar.choose(700);
    bar.drag(-100);
    bar.drop(5);
    expect(Math.abs(spanOf(r.selected!) - 100 * 60_000)).toBeLessThanOrEqual(60_000);
    bar.key('Escape', plain);
    expect(r.selected).toBeNull();
    expect(bar.key('Escape', plain)).toBe(false);
  });

  it('zooms about the playhead where that is seen', () => {
    const { bar, headX } = rig();
    bar.goTo(start - 10 * HOUR);
    const x = headX();
    bar.zoomBy(0.25);
    expect(headX()).toBe(x);
    bar.show(start - 50 * HOUR, start - 49 * HOUR);
    expect(spanOf(bar.view)).toBe(1.2 * HOUR);
    bar.zoomBy(0.5);
    expect((bar.view.fromMs + bar.view.toMs) / 2).toBeCloseTo(start - 49.5 * HOUR, -2);
  });
});
