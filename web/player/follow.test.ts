import { describe, expect, it } from 'vitest';
import { Follower, LEAD_S } from './follow';

// Story plays a stream to a media element in virtual time. The element plays
// what it has at the rate it is told, and stands still where it has nothing.
class Story {
  nowMs = 0;
  currentS = 0;
  newestS = 0;
  rate = 1;
  seeks = 0;
  stalledMs = 0;
  rates: number[] = [];
  gap: [number, number] | null = null; // where nothing is buffered
  private arrivals: { atMs: number; startS: number }[] = [];
  private leads: number[] = [];
  private sentS = 0;

  constructor(
    readonly follower: Follower,
    readonly intervalMs = 1000 / 30,
  ) {}

  // stream has pictures arrive for a while, each as late as late says.
  stream(forMs: number, late: (sinceMs: number) => number = () => 0): this {
    const from = this.nowMs;
    const first = this.sentS + this.intervalMs / 1000;
    for (let n = 0; n * this.intervalMs < forMs; n++) {
      const dueMs = n * this.intervalMs;
      const before = this.arrivals.at(-1)?.atMs ?? 0; // they keep their order
      this.arrivals.push({ atMs: Math.max(before, from + dueMs + late(dueMs)), startS: first + dueMs / 1000 });
      this.sentS = first + dueMs / 1000;
    }
    return this.play(forMs);
  }

  play(forMs: number): this {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs++) this.step();
    return this;
  }

  // leadMs is the lowest lead at arrivals of the last second.
  get leadMs(): number {
    return Math.min(...this.leads.slice(-Math.round(1000 / this.intervalMs))) * 1000;
  }

  private step(): void {
    let arrived = false;
    for (; this.arrivals[0] && this.arrivals[0].atMs <= this.nowMs; arrived = true) this.newestS = this.arrivals.shift()!.startS;
    const situation = { nowMs: this.nowMs, currentS: this.currentS, newestS: this.newestS, shownS: Infinity, ranges: this.ranges() };
    if (arrived) this.leads.push(this.newestS - this.currentS);
    if (arrived || this.nowMs % 250 === 0) {
      const { rate, seekS } = arrived ? this.follower.arrived(situation) : this.follower.decide(situation);
      if (rate !== this.rate) this.rates.push(rate);
      this.rate = rate;
      if (seekS !== null) this.seeks++;
      this.currentS = seekS ?? this.currentS;
    }
    const endS = this.ranges().find(([startS, endS]) => startS <= this.currentS && this.currentS < endS)?.[1];
    if (endS === undefined) this.stalledMs++;
    else this.currentS = Math.min(endS, this.currentS + this.rate / 1000);
  }

  private ranges(): [number, number][] {
    const endS = this.newestS + this.intervalMs / 1000;
    if (!this.gap || endS <= this.gap[0]) return [[0, endS]];
    const before: [number, number] = [0, this.gap[0]];
    return endS > this.gap[1] ? [before, [this.gap[1], endS]] : [before];
  }
}

describe('Follower', () => {
  it('goes once to a last picture that was not shown', () => {
    const follower = new Follower();
    const last = { newestS: 8.9, ranges: [[0, 9]] as [number, number][] };
    const at = (nowMs: number, currentS: number, shownS: number) => follower.decide({ nowMs, currentS, shownS, ...last }).seekS;
    expect(follower.arrived({ nowMs: 1000, currentS: 9.3, shownS: 8.7, ...last }).seekS).toBeNull();
    expect(at(1300, 9.3, 8.7)).toBeNull(); // it may be about to be painted
    expect(at(1500, 9.3, Infinity)).toBeNull(); // a browser that does not tell
    expect(at(1500, 9.3, 8.899)).toBeNull();
    expect(at(1500, 9.3, 8.7)).toBeCloseTo(8.901, 6);
    expect(at(1750, 8.9, 8.7)).toBeNull();
    const next = { currentS: 8.95, shownS: 8.9, newestS: 9.2, ranges: [[0, 9.3]] as [number, number][] };
    expect(follower.arrived({ nowMs: 2000, ...next }).seekS).toBeNull();
    expect(follower.decide({ nowMs: 2600, ...next }).seekS).toBeNull(); // it is not due before
    expect(follower.decide({ nowMs: 2700, ...next }).seekS).toBeCloseTo(9.201, 6);
  });

  it('shows pictures as slowly as they come that wait longer and longer', () => {
    const story = new Story(new Follower()).stream(3000);
    const before = story.leadMs;
    const stalledMs = story.stalledMs;
    story.follower.slower = 0.25;
    story.stream(600, (sinceMs) => sinceMs / 4);
    expect(story.rate).toBe(0.75);
    expect(story.leadMs).toBeGreaterThan(before - 21); // of which nothing is made
    story.follower.slower = 0;
    story.stream(2000, () => 150);
    expect(story.leadMs).toBeGreaterThan(before - 21);
    expect(story.leadMs).toBeLessThan(before + 21);
    expect([story.stalledMs, story.seeks]).toEqual([stalledMs, 0]);
  });

  it('goes to the pictures where the element seeks a time before them', () => {
    const follower = new Follower();
    const at = (currentS: number, ...ranges: [number, number][]) => follower.decide({ nowMs: 0, currentS, seeking: true, newestS: 9, shownS: Infinity, ranges }).seekS;
    expect(at(6.18, [7.1, 9])).toBe(7.1); // and not further
    expect(at(6.18, [1, 6.18], [7.1, 9])).toBe(7.1);
    expect(at(7.2, [7.1, 9])).toBeNull(); // it is about to be shown
    expect(at(9.5, [7.1, 9])).toBeNull(); // it is about to come
    expect(at(0)).toBeNull();
  });

  it('holds its lead on an even line, at the normal rate', () => {
    const story = new Story(new Follower()).stream(10_000);
    expect(Math.abs(story.leadMs - LEAD_S * 1000)).toBeLessThan(21);
    const before = story.stalledMs;
    story.rates = [];
    story.stream(20_000);
    expect(story.rates).toEqual([]);
    expect(story.stalledMs).toBe(before);
    expect(story.seeks).toBe(0);
  });

  it.each([5, 10, 25, 60])('does so at %i pictures a second', (fps) => {
    const story = new Story(new Follower(), 1000 / fps).stream(15_000);
    const before = story.stalledMs;
    story.stream(20_000);
    expect(story.stalledMs).toBe(before);
    expect(Math.abs(story.leadMs - LEAD_S * 1000)).toBeLessThan(25);
  });

  it('is back within a second and a half of an outage of 300 ms, without a jump', () => {
    const story = new Story(new Follower()).stream(10_000);
    const normal = story.leadMs;
    const before = story.stalledMs;
    story.stream(300, (since) => 300 - since).stream(100);
    expect(story.stalledMs - before).toBeGreaterThan(300 - normal - 40);
    story.stream(1400);
    expect(story.leadMs).toBeLessThan(normal + 25);
    expect(story.seeks).toBe(0);
    expect(Math.max(...story.rates)).toBeLessThanOrEqual(1.25);
    expect(Math.min(...story.rates)).toBeGreaterThanOrEqual(0.94);
  });

  it('jumps when it is more than 0.6 s behind', () => {
    const story = new Story(new Follower()).stream(10_000);
    story.stream(5000, (since) => 5000 - since).stream(1000);
    expect(story.seeks).toBe(1);
    expect(story.leadMs).toBeLessThan(75);
  });

  it('grows its lead by as much as the line shakes, and no more', () => {
    const story = new Story(new Follower()).stream(5000);
    let x = 1;
    const shake = () => ((x = Math.imul(x, 48271) % 0x7fffffff), (Math.abs(x) % 80));
    story.stream(10_000, shake);
    const before = story.stalledMs;
    story.stream(20_000, shake);
    expect(story.stalledMs - before).toBeLessThan(100);
    expect(story.leadMs).toBeGreaterThan(20);
    expect(story.leadMs).toBeLessThan(130);
    story.stream(10_000);
    expect(story.leadMs).toBeLessThan(75);
  });

  it('leaves a hole at once', () => {
    const story = new Story(new Follower()).stream(3000);
    const before = story.stalledMs;
    story.gap = [story.newestS + 0.1, story.newestS + 0.4];
    story.stream(2000);
    expect(story.seeks).toBe(1);
    expect(story.leadMs).toBeLessThan(75);
    expect(story.stalledMs - before).toBeLessThan(350);
  });

  it('leaves one in which it stands when nothing more arrives', () => {
    const hole = { nowMs: 0, currentS: 5, newestS: 9, ranges: [[0, 5 - 0.1], [8, 9.03]] as const };
    expect(new Follower().decide(hole).seekS).toBe(8);
  });

  it('does so a little before the hole, where players stand still', () => {
    const before = { nowMs: 0, currentS: 4.98, newestS: 9, ranges: [[0, 5], [8, 9.03]] as const };
    expect(new Follower().decide(before).seekS).toBe(8);
    const atTheEnd = { ...before, newestS: 5, ranges: [[0, 5]] as const };
    expect(new Follower().decide(atTheEnd).seekS).toBeNull();
  });

  it('makes haste at once when a burst ends an outage', () => {
    const follower = new Follower();
    const at = (nowMs: number, leadS: number) => ({ nowMs, currentS: 1, newestS: 1 + leadS, ranges: [[0, 9]] as const });
    follower.arrived(at(0, 0.01));
    expect(follower.arrived(at(5, 0.3)).rate).toBe(1.25);
  });

  it('goes back when it stands behind the end', () => {
    const behind = { nowMs: 0, currentS: 50, newestS: 9, ranges: [[8, 9.03]] as const };
    expect(new Follower().decide(behind).seekS).toBeCloseTo(9 - LEAD_S);
  });

  it('does nothing with nothing', () => {
    expect(new Follower().decide({ nowMs: 0, currentS: 0, newestS: 0, ranges: [] })).toEqual({ rate: 1, seekS: null });
  });

  it('only jumps where rates make the picture stutter', () => {
    const story = new Story(new Follower(true)).stream(5000);
    story.stream(300, (since) => 300 - since).stream(2000);
    expect(story.rates).toEqual([]);
    story.stream(500, (since) => 500 - since).stream(2000);
    expect(story.rates).toEqual([]);
    expect(story.seeks).toBe(1);
  });
});
