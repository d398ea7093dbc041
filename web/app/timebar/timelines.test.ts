import { describe, expect, it } from 'vitest';
import type { View } from './geometry';
import { Timelines, contentAt, grownTo, laneOf, parametersOf, queryFor, resolutionFor, type Kept, type TimelineAnswer, type TimelineQuery } from './timelines';

const HOUR = 3_600_000;
const nowMs = Date.parse('2026-11-03T14:00:00Z');
const hour: View = { fromMs: nowMs - HOUR, toMs: nowMs };
const iso = (ms: number) => new Date(ms).toISOString();

/** A server that answers when it is told to, and a clock that moves when it is told to. */
function rig() {
  const asked: { q: TimelineQuery; signal: AbortSignal; answer(): Promise<void>; fail(): Promise<void> }[] = [];
  const news: string[] = [];
  let timers: { at: number; do_: () => void }[] = [];
  let clock = 0;
  const settle = () => new Promise<void>((done) => setTimeout(done));
  const timelines = new Timelines({
    now: () => nowMs + clock,
    changed: (camera) => news.push(camera),
    later(do_, ms) {
      const timer = { at: clock + ms, do_ };
      timers.push(timer);
      return () => { timers = timers.filter((t) => t !== timer); };
    },
    ask: (q, signal) => new Promise((resolve, reject) => {
      const answer: TimelineAnswer = { from: iso(q.fromMs), to: iso(q.toMs), spans: [{ from: iso(q.fromMs), to: iso(q.toMs) }], gaps: [], marks: [] };
      asked.push({
        q, signal,
        answer: () => (resolve(answer), settle()),
        fail: () => (reject(new Error('503')), settle()),
      });
    }),
  });
  const pass = async (ms: number) => {
    clock += ms;
    const due = timers.filter((t) => t.at <= clock);
    timers = timers.filter((t) => t.at > clock);
    for (const t of due) t.do_();
    await settle();
  };
  return { asked, news, timelines, pass, get timers() { return timers.length; } };
}

describe('Timelines', () => {
  it('fetches what is seen with a margin, once', async () => {
    const { asked, timelines, news } = rig();
    timelines.look(['front', 'yard'], hour, 1000);
    expect(asked.map((a) => a.q.camera)).toEqual(['front', 'yard']);
    const { q } = asked[0]!;
    expect(q.fromMs).toBeLessThanOrEqual(hour.fromMs - HOUR / 2);
    expect(q.toMs).toBeGreaterThanOrEqual(hour.toMs + HOUR / 2);
    expect(q.toMs - q.fromMs).toBeLessThan(3 * HOUR);
    expect(q.resolutionMs).toBe(2048);
    await asked[0]!.answer();
    expect(news).toEqual(['front']);
    timelines.look(['front', 'yard'], { fromMs: hour.fromMs - HOUR / 4, toMs: hour.toMs - HOUR / 4 }, 1000);
    timelines.look(['front', 'yard'], { fromMs: hour.fromMs + 60_000, toMs: hour.toMs }, 1000);
    expect(asked.length).toBe(2);
    expect([...timelines.lanes('front', hour)[0]!.spans]).toEqual([q.fromMs, q.toMs]);
  });

  it('has one request of a camera in the air, and then asks for the newest wish only', async () => {
    const { asked, timelines } = rig();
    for (let days = 0; days < 5; days++) timelines.look(['front'], { fromMs: hour.fromMs - days * 24 * HOUR, toMs: hour.toMs - days * 24 * HOUR }, 1000);
    expect(asked.length).toBe(1);
    await asked[0]!.answer();
    expect(asked.length).toBe(2);
    expect(asked[1]!.q.toMs).toBeLessThan(nowMs - 3 * 24 * HOUR);
  });

  it('fetches finer when it is zoomed in, and keeps what it had for going back', async () => {
    const { asked, timelines } = rig();
    timelines.look(['front'], hour, 1000);
    await asked[0]!.answer();
    const minute = { fromMs: nowMs - 60_000, toMs: nowMs };
    timelines.look(['front'], minute, 1000);
    expect(asked.length).toBe(2);
    expect(timelines.lanes('front', minute).map((l) => l.resolutionMs)).toEqual([2048]); // meanwhile
    await asked[1]!.answer();
    expect(timelines.lanes('front', minute).map((l) => l.resolutionMs)).toEqual([32]);
    timelines.look(['front'], hour, 1000);
    expect(asked.length).toBe(2);
    expect(timelines.lanes('front', hour).map((l) => l.resolutionMs)).toEqual([2048]);
  });

  it('fetches anew what became another, and not twice a second', async () => {
    const { asked, timelines, pass } = rig();
    timelines.look(['front'], hour, 1000);
    await asked[0]!.answer();
    timelines.outdate('yard');
    timelines.outdate('front', nowMs - 99 * HOUR, nowMs - 98 * HOUR);
    await pass(2000);
    expect(asked.length).toBe(1);
    timelines.outdate('front', nowMs - 60_000, nowMs);
    expect(asked.length).toBe(2);
    await asked[1]!.answer();
    for (let i = 0; i < 20; i++) timelines.outdate('front', nowMs - 60_000, nowMs);
    expect(asked.length).toBe(2);
    expect(timelines.lanes('front', hour).length).toBe(1); // it is shown meanwhile
    await pass(1000);
    expect(asked.length).toBe(3);
    await asked[2]!.answer();
    await pass(5000);
    expect(asked.length).toBe(3);
  });

  it('asks again where something changed while an answer was on its way', async () => {
    const { asked, timelines, pass } = rig();
    timelines.look(['front'], hour, 1000);
    timelines.outdate();
    await asked[0]!.answer();
    await pass(1000);
    expect(asked.length).toBe(2);
  });

  it('waits longer and longer after failures, also when it is moved', async () => {
    const { asked, timelines, pass } = rig();
    timelines.look(['front'], hour, 1000);
    await asked[0]!.fail();
    expect(timelines.failure('front')).toBeInstanceOf(Error);
    timelines.look(['front'], { fromMs: hour.fromMs - 48 * HOUR, toMs: hour.toMs - 48 * HOUR }, 1000);
    await pass(1999);
    expect(asked.length).toBe(1);
    await pass(1);
    expect(asked.length).toBe(2);
    await asked[1]!.fail();
    await pass(2000);
    expect(asked.length).toBe(2);
    await pass(2000);
    await asked[2]!.answer();
    expect(timelines.failure('front')).toBeNull();
  });

  it('waits no more after failures once the server is there again', async () => {
    const { asked, timelines, pass } = rig();
    timelines.look(['front'], hour, 1000);
    for (let n = 0; n < 5; n++) {
      await asked[n]!.fail();
      if (n < 4) await pass(60_000);
    }
    timelines.outdate('front', nowMs - 60_000, nowMs);
    expect(asked.length).toBe(5);
    timelines.outdate();
    expect(asked.length).toBe(6);
    await asked[5]!.fail();
    await pass(2000);
    expect(asked.length).toBe(7);
  });

  it('ends requests for cameras that nobody looks at', async () => {
    const r = rig();
    r.timelines.look(['front', 'yard'], hour, 1000);
    r.timelines.look(['yard'], hour, 1000);
    expect(r.asked[0]!.signal.aborted).toBe(true);
    await r.asked[0]!.answer();
    expect(r.news).toEqual([]);
    await r.asked[1]!.fail();
    r.timelines.close();
    expect(r.timers).toBe(0);
  });

  it('keeps some stretches of a camera, not all', async () => {
    const { asked, timelines } = rig();
    const at = (days: number) => ({ fromMs: hour.fromMs - days * 24 * HOUR, toMs: hour.toMs - days * 24 * HOUR });
    for (let days = 0; days < 20; days++) {
      timelines.look(['front'], at(days), 1000);
      await asked.at(-1)!.answer();
    }
    expect(asked.length).toBe(20);
    expect(timelines.lanes('front', at(19)).length).toBe(1);
    expect(timelines.lanes('front', at(13)).length).toBe(1);
    expect(timelines.lanes('front', at(0)).length).toBe(0);
    expect(timelines.laneAt('front', at(13).fromMs)?.resolutionMs).toBe(2048);
    expect(timelines.laneAt('front', at(0).fromMs)).toBeNull();
  });
});

describe('what goes on', () => {
  const lane = (end: number, gaps: Kept['gaps'] = []): Kept => ({
    fromMs: nowMs - HOUR, toMs: nowMs + HOUR, spans: Float64Array.of(nowMs - HOUR, end), gaps, marks: [], resolutionMs: 1000, askedMs: nowMs,
  });

  it('is what was being recorded, for as long as nobody need have heard of its end', () => {
    expect(grownTo(lane(nowMs - 2000), nowMs + 60_000)).toEqual({ kind: 'span', fromMs: nowMs - 2000 });
    expect(grownTo(lane(nowMs - 2000), nowMs + 600_000)).toBeNull();
    expect(grownTo(lane(nowMs - 60_000), nowMs + 1000)).toBeNull();
    expect(contentAt(lane(nowMs - 2000), nowMs + 30_000, nowMs + 60_000)).toBe('recorded');
    expect(contentAt(lane(nowMs - 2000), nowMs + 61_000, nowMs + 60_000)).toBeNull();
    expect(contentAt(lane(nowMs - 60_000), nowMs - 30_000, nowMs)).toBeNull();
    expect(contentAt(lane(nowMs - 60_000), nowMs - 61_000, nowMs)).toBe('recorded');
  });

  it('is a gap that is open', () => {
    const gap = { fromMs: nowMs - 60_000, toMs: nowMs, reason: 'the camera was away', open: true };
    const away = lane(nowMs - 60_000, [gap]);
    expect(grownTo(away, nowMs + 600_000)).toEqual({ kind: 'gap', fromMs: nowMs });
    expect(contentAt(away, nowMs - 1, nowMs)).toEqual({ reason: 'the camera was away' });
    expect(contentAt(away, nowMs + 1000, nowMs + 5000)).toEqual({ reason: 'the camera was away' });
    expect(grownTo({ ...away, toMs: nowMs }, nowMs + 600_000)).toBeNull();
    expect(grownTo(lane(nowMs - 60_000, [{ ...gap, open: false }]), nowMs + 5000)).toBeNull();
  });
});

describe('what is asked', () => {
  it('is a power of two fine', () => {
    expect([1, 40, 999, 2048, 60_000, 3_600_000].map(resolutionFor)).toEqual([16, 32, 512, 2048, 32_768, 2_097_152]);
  });

  it('lies between round times, so that it is the same for views that are nearly', () => {
    const a = queryFor('front', hour, 3600), b = queryFor('front', { fromMs: hour.fromMs + 1, toMs: hour.toMs + 1 }, 3600);
    expect(a).toEqual(b);
    expect(queryFor('front', { fromMs: 1000, toMs: HOUR }, 3600).fromMs).toBe(0);
    expect(parametersOf({ camera: 'front', fromMs: 0, toMs: 1000, resolutionMs: 512 })).toEqual(
      { from: '1970-01-01T00:00:00.000Z', to: '1970-01-01T00:00:01.000Z', resolution: '512ms' });
  });

  it('is read as it is answered', () => {
    const lane = laneOf({
      from: '2026-11-03T00:00:00Z', to: '2026-11-04T00:00:00Z',
      spans: [{ from: '2026-11-03T01:00:00.25Z', to: '2026-11-03T02:00:00Z' }],
      gaps: [{ from: '2026-11-03T02:00:00Z', to: '2026-11-03T03:00:00Z', reason: 'lost', open: true }],
      marks: [{ id: 7, kind: 'motion', from: '2026-11-03T01:30:00Z', keep: true, count: 2 }],
    });
    expect([...lane.spans].map(iso)).toEqual(['2026-11-03T01:00:00.250Z', '2026-11-03T02:00:00.000Z']);
    expect(lane.gaps).toEqual([{ fromMs: Date.parse('2026-11-03T02:00:00Z'), toMs: Date.parse('2026-11-03T03:00:00Z'), reason: 'lost', open: true }]);
    expect(lane.marks).toEqual([{ id: 7, kind: 'motion', fromMs: Date.parse('2026-11-03T01:30:00Z'), toMs: null, keep: true, count: 2 }]);
  });
});
