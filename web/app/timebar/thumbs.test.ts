import { describe, expect, it } from 'vitest';
import type { Lane } from './lanes';
import { Thumbs, thumbMoment, thumbStep } from './thumbs';

const lane: Lane = { fromMs: 0, toMs: 1e9, spans: Float64Array.of(600_000, 1_200_000, 1_304_000, 1_309_000, 1_404_000, 1_418_000), gaps: [], marks: [] };

describe('thumbMoment', () => {
  it('is one of a few on a grid', () => {
    expect([100, 2500, 10_000, 60_000, 3_600_000, 1e9].map(thumbStep)).toEqual([10_000, 10_000, 60_000, 300_000, 21_600_000, 86_400_000]);
    const seen = new Set<number | null>();
    for (let ms = 0; ms < 100_000_000; ms += 60_000) seen.add(thumbMoment(ms, 60_000, null));
    expect(seen.size).toBe(Math.floor(100_000_000 / 300_000) + 1);
    expect([...seen].every((ms) => ms! % 10_000 === 0)).toBe(true);
  });

  it('was recorded', () => {
    expect(thumbMoment(700_000, 60_000, lane)).toBe(600_000);
    expect(thumbMoment(1_190_000, 60_000, lane)).toBe(1_190_000); // 1 200 000 was not
    expect(thumbMoment(1_250_000, 100, lane)).toBeNull();
    expect(thumbMoment(1_230_000, 60_000, lane)).toBeNull(); // also where the grid's moment was
    expect(thumbMoment(1_408_000, 600_000, lane)).toBe(1_410_000); // the grid's moment before was not
    expect(thumbMoment(1_306_000, 100, lane)).toBe(1_300_000); // none was: the server knows the nearest
  });
});

/** Pictures are their addresses, and come when they are told to. */
function rig(most?: number) {
  const asked: { url: string; signal: AbortSignal; come(picture?: string | null): Promise<void>; fail(): Promise<void> }[] = [];
  const closed: string[] = [];
  const news: string[] = [];
  const timers: { do_: () => void }[] = [];
  const settle = () => new Promise<void>((done) => setTimeout(done));
  const thumbs = new Thumbs<string>({
    ...(most === undefined ? {} : { most }),
    close: (picture) => closed.push(picture),
    changed: (camera) => news.push(camera),
    later(do_) {
      const timer = { do_ };
      timers.push(timer);
      return () => { timers.splice(timers.indexOf(timer), 1); };
    },
    load: (url, signal) => new Promise((resolve, reject) => asked.push({
      url, signal,
      come: (picture = url) => (resolve(picture), settle()),
      fail: () => (reject(new Error('503')), settle()),
    })),
  });
  return { asked, closed, news, timers, thumbs };
}

describe('Thumbs', () => {
  it('fetches one at a time of each camera, and then what is wished for by then', async () => {
    const { asked, thumbs, news } = rig();
    for (const url of ['f1', 'f2', 'f3', 'f4']) expect(thumbs.wish('front', url)).toBeUndefined();
    thumbs.wish('yard', 'y1');
    expect(asked.map((a) => a.url)).toEqual(['f1', 'y1']);
    await asked[0]!.come();
    expect(news).toEqual(['front']);
    expect(asked.map((a) => a.url)).toEqual(['f1', 'y1', 'f4']);
    await asked[2]!.come();
    expect(asked.length).toBe(3);
    expect(thumbs.wish('front', 'f1')).toBe('f1');
    expect(thumbs.wish('front', 'f4')).toBe('f4');
  });

  it('keeps those that were looked at last, and ends the others', async () => {
    const { asked, closed, thumbs } = rig(2);
    for (const [i, url] of ['a', 'b'].entries()) {
      thumbs.wish('front', url);
      await asked[i]!.come();
    }
    thumbs.wish('front', 'a');
    thumbs.wish('front', 'c');
    await asked[2]!.come();
    expect(closed).toEqual(['b']);
    expect(thumbs.wish('front', 'a')).toBe('a');
    thumbs.close();
    expect(closed.sort()).toEqual(['a', 'b', 'c']);
  });

  it('knows that there is none, and tries again what failed', async () => {
    const { asked, timers, thumbs } = rig();
    thumbs.wish('front', 'a');
    await asked[0]!.come(null);
    expect(thumbs.wish('front', 'a')).toBeNull();
    thumbs.wish('front', 'b');
    await asked[1]!.fail();
    thumbs.wish('front', 'c');
    expect(asked.length).toBe(2);
    timers.shift()!.do_();
    expect(asked[2]!.url).toBe('c');
  });

  it('asks again for what was not there, when it is told to', async () => {
    const { asked, thumbs } = rig();
    thumbs.wish('front', 'a');
    await asked[0]!.come(null);
    thumbs.reconsider('yard');
    expect(thumbs.wish('front', 'a')).toBeNull();
    thumbs.reconsider('front');
    expect(thumbs.wish('front', 'a')).toBeUndefined();
    expect(asked.length).toBe(2);
  });

  it('fetches nothing more when nobody looks', async () => {
    const { asked, thumbs } = rig();
    thumbs.wish('front', 'a');
    thumbs.wish('front', 'b');
    thumbs.rest();
    await asked[0]!.come();
    expect(asked.length).toBe(1);
    expect(thumbs.wish('front', 'a')).toBe('a');
  });

  it('forgets those of a camera, also what is on its way', async () => {
    const { asked, closed, thumbs } = rig();
    thumbs.wish('front', 'a');
    thumbs.wish('yard', 'y');
    await asked[1]!.come();
    thumbs.forget('front');
    expect(asked[0]!.signal.aborted).toBe(true);
    await asked[0]!.come();
    expect(closed).toEqual(['a']);
    expect(thumbs.wish('front', 'a')).toBeUndefined();
    expect(asked.length).toBe(3);
    expect(thumbs.wish('yard', 'y')).toBe('y');
  });
});
