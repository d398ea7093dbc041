import { describe, expect, it } from 'vitest';
import { LipSync } from './lipsync';
import { Hold } from './hold';

const HABITS = { stockMs: 30, bend: 0.005, leapMs: 40, firstLeapMs: 5 };

// Story plays pictures and sound of one camera in virtual time, and has the sound
// behave as LipSync says. Pictures are shown as soon as they are there and were
// held back; sound is a queue that plays at the clock of its own sound card.
class Story {
  nowMs = 0;
  readonly sync = new LipSync(HABITS);
  leaps = 0;
  silentMs = 0;
  behindMs: number[] = [];
  rates: number[] = [];
  private heldMs = 0;
  private rate = 1;
  private soundMs: number | null = null; // media time that is heard
  private untilMs = 0; // of the media that is there
  private readonly due: { atMs: number; mediaMs: number; heldMs: number }[] = [];
  private readonly coming: { atMs: number; startMs: number }[] = [];

  /** Sound and pictures come so much later than they were, and the sound card is so much too fast. */
  constructor(
    readonly pictureMs: number,
    readonly soundLateMs: (mediaMs: number) => number,
    readonly drift = 0,
  ) {}

  play(forMs: number): this {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; this.nowMs++) this.step();
    return this;
  }

  /** How far sound is from the picture, at most, since the last time it was asked. */
  worst(): number {
    const worst = Math.max(...this.behindMs.map(Math.abs));
    this.behindMs = [];
    return worst;
  }

  private step(): void {
    const { nowMs, sync } = this;
    const { heldMs } = this;
    if (nowMs % 40 === 0) this.due.push({ atMs: nowMs + this.pictureMs + heldMs, mediaMs: nowMs, heldMs });
    if (nowMs % 20 === 0) this.coming.push({ atMs: Math.max(nowMs + this.soundLateMs(nowMs), this.coming.at(-1)?.atMs ?? 0), startMs: nowMs });
    for (; this.due[0] && this.due[0].atMs <= nowMs; this.due.shift()) sync.painted(this.due[0].mediaMs, nowMs, this.due[0].heldMs);
    while (this.coming[0] && this.coming[0].atMs <= nowMs) this.arrived(this.coming.shift()!.startMs);
    if (nowMs % 40 === 0) this.heldMs += Math.min(2, Math.max(-2, sync.holdMs() - this.heldMs));
    this.hear();
    if (nowMs % 100 === 0 && this.soundMs !== null) this.decide(this.soundMs);
  }

  private arrived(startMs: number): void {
    this.sync.arrived(startMs, this.nowMs);
    if (this.untilMs !== startMs || this.soundMs === null) this.soundMs = startMs;
    this.untilMs = startMs + 20;
  }

  private hear(): void {
    if (this.soundMs === null) return;
    this.soundMs += this.rate * (1 + this.drift);
    if (this.soundMs < this.untilMs) {
      this.behindMs.push(this.nowMs - this.soundMs - this.pictureMs - this.heldMs);
      return;
    }
    this.soundMs = null;
    this.silentMs++;
    this.sync.starved(10);
  }

  private decide(soundMs: number): void {
    const { rate, skipMs } = this.sync.heard(soundMs, this.nowMs);
    if (skipMs !== 0) this.leaps++;
    this.rate = rate;
    this.rates.push(rate);
    this.soundMs = soundMs + skipMs;
  }
}

describe('LipSync', () => {
  it('has sound that is early wait for its picture, and holds no picture for it', () => {
    const story = new Story(150, () => 20).play(5000);
    story.worst();
    story.play(20_000);
    expect(story.worst()).toBeLessThan(10);
    expect(story.sync.holdMs()).toBe(0);
    expect(story.leaps).toBeLessThanOrEqual(2); // before and after the first picture
  });

  it('holds pictures for sound that is late, by as much as it is', () => {
    const story = new Story(20, () => 130).play(6000);
    story.worst();
    story.play(20_000);
    expect(story.worst()).toBeLessThan(12);
    expect(story.sync.holdMs()).toBeGreaterThan(120);
    expect(story.sync.holdMs()).toBeLessThan(181);
    expect(story.leaps).toBeLessThanOrEqual(1);
    expect(story.silentMs).toBeLessThan(10); // it begins with nothing in stock
  });

  it.each([0.001, -0.001, 0.003])('makes good a sound card that is wrong by %d, without a leap', (drift) => {
    const story = new Story(150, () => 20, drift).play(8000);
    story.worst();
    const { leaps, silentMs } = story;
    story.play(60_000);
    expect(story.worst()).toBeLessThan(20);
    expect(story.leaps).toBe(leaps);
    expect(story.silentMs).toBe(silentMs);
  });

  it('bends sound by half a percent at most', () => {
    const story = new Story(150, () => 20, 0.004).play(30_000);
    expect(Math.max(...story.rates)).toBeLessThanOrEqual(1.005);
    expect(Math.min(...story.rates)).toBeGreaterThanOrEqual(0.995);
  });

  it('is in step again soon after the line was held up, and not late for ever', () => {
    const held = (mediaMs: number) => (mediaMs > 10_000 && mediaMs < 12_000 ? 12_000 - mediaMs : 20);
    const story = new Story(150, held).play(15_000);
    story.worst();
    story.play(10_000);
    expect(story.worst()).toBeLessThan(20);
    expect(story.sync.holdMs()).toBeLessThan(100);
  });

  it('holds pictures for half a second at most, and says how late the sound then is', () => {
    const story = new Story(20, () => 900).play(30_000);
    expect(story.sync.holdMs()).toBe(500);
    expect(story.sync.behindMs).toBeGreaterThan(350);
  });

  it('leaves pictures alone that have no sound', () => {
    const sync = new LipSync(HABITS);
    sync.painted(0, 100, 0);
    expect(sync.holdMs()).toBe(0);
    expect(sync.lagMs()).toBe(100);
    expect(new LipSync(HABITS).heard(0, 5)).toEqual({ rate: 1, skipMs: 0 });
  });

  it('begins anew on another timeline', () => {
    const sync = new LipSync(HABITS);
    for (let n = 0; n < 50; n++) {
      sync.painted(n * 40, n * 40 + 100, 0);
      sync.arrived(n * 40, n * 40 + 20);
    }
    expect(sync.lagMs()).toBe(100);
    sync.reset();
    expect(sync.lagMs()).toBeNull();
    sync.painted(90_000, 2100, 0);
    expect(sync.heard(90_200, 2200)).toEqual({ rate: 1, skipMs: -100 });
  });

  it('needs less in stock again some time after it had too little', () => {
    const sync = new LipSync(HABITS);
    sync.arrived(0, 20);
    sync.starved(10);
    sync.heard(0, 20);
    expect(sync.lagMs()).toBe(60);
    sync.heard(60_000, 60_020);
    expect(sync.lagMs()).toBe(50);
  });
});

describe('LipSync and Hold', () => {
  it('agree on what is to be held', () => {
    let nowMs = 0;
    const sync = new LipSync(HABITS);
    const hold = new Hold<number>(() => {}, () => nowMs);
    for (; nowMs < 20_000; nowMs += 40) {
      sync.arrived(nowMs, nowMs + 200);
      hold.set(sync.holdMs());
      sync.painted(nowMs, nowMs + 20 + hold.heldMs, hold.heldMs);
    }
    expect(hold.heldMs).toBeGreaterThan(195); // 200 + 30 - 20, and as much as makes no difference
    expect(hold.heldMs).toBeLessThan(215);
    hold.reset();
  });
});
