import { describe, expect, it } from 'vitest';

import { type Deck, type Hole, Transport, type TransportOptions } from './transport.svelte';

const NOW = Date.UTC(2026, 10, 20, 14);

/** A player that does what it is told at once, and writes it down. */
class FakeDeck implements Deck {
  told: string[] = [];
  time: Date | null = new Date(NOW);
  painted = 1;
  seek(ms: number): void {
    this.told.push(`seek ${ms - NOW}`);
  }
  pause(): void {
    this.told.push('pause');
  }
  live(): void {
    this.told.push('live');
  }
  set rate(rate: number) {
    this.told.push(`rate ${rate}`);
  }
  take(): string[] {
    return this.told.splice(0);
  }
  show(ms: number): void {
    this.time = new Date(NOW + ms);
    this.painted++;
  }
}

function begin(options: Partial<TransportOptions> = {}): { deck: FakeDeck; transport: Transport; pass(ms: number): void } {
  const deck = new FakeDeck();
  let now = NOW;
  const transport = new Transport({ now: () => now, hole: async () => null, pictureMs: () => 40, ...options });
  transport.attach(deck);
  transport.tick();
  return { deck, transport, pass: (ms) => ((now += ms), transport.tick()) };
}

const playing = { rate: 1, paused: false, end: false, message: '' };

describe('Transport', () => {
  it('shows the moment that was sought until its picture comes', () => {
    const { deck, transport } = begin();
    expect(transport.playheadMs).toBeNull();
    transport.seek(NOW - 60_000);
    expect(deck.take()).toEqual(['seek -60000']);
    transport.tick();
    expect(transport.playheadMs).toBe(NOW - 60_000);
    deck.show(-59_990);
    transport.tick();
    expect(transport.playheadMs).toBe(NOW - 59_990);
  });

  it('counts from what was sought while pictures still come of where it was', () => {
    const { deck, transport } = begin();
    transport.seek(NOW - 60_000);
    deck.show(-60_000);
    transport.tick();
    transport.by(-10_000);
    deck.show(-59_900);
    transport.tick();
    transport.by(-10_000);
    expect(deck.take()).toEqual(['seek -60000', 'seek -70000', 'seek -80000']);
    deck.show(-79_990);
    transport.tick();
    expect(transport.playheadMs).toBe(NOW - 79_990);
    transport.by(-10_000);
    for (let ms = -79_900; ms < -75_000; ms += 200) {
      deck.show(ms);
      transport.tick();
    }
    expect(transport.playheadMs).toBe(transport.shownMs); // which is all that there is
  });

  it('does not look into the future', () => {
    const { deck, transport } = begin();
    transport.by(10_000);
    expect(deck.take()).toEqual(['seek 0']);
  });

  it('goes faster and turns round', () => {
    const { deck, transport } = begin();
    transport.shuttle(-1);
    transport.shuttle(-1);
    transport.shuttle(1);
    transport.shuttle(1);
    expect(deck.take()).toEqual(['rate -1', 'rate -2', 'rate 1', 'rate 2']);
    transport.pause();
    transport.play();
    expect(deck.take()).toEqual(['pause', 'rate 2']);
  });

  it('leaps where a player is too slow, and arrives at the present', () => {
    const { deck, transport, pass } = begin();
    transport.seek(NOW - 64_000);
    transport.setRate(64);
    transport.played({ ...playing, paused: true });
    deck.take();
    pass(200);
    pass(200);
    expect(deck.take()).toEqual(['seek -38400']);
    expect(transport.rate).toBe(64);
    expect(transport.paused).toBe(false);
    deck.show(-38_400);
    pass(200);
    expect(transport.atMs).toBe(NOW - 64_000 + 64 * 600);
    pass(500);
    expect(deck.take()).toContain('live');
    expect(transport.past).toBe(false);
  });

  it('stays at what a leap has reached when it is paused', () => {
    const { transport, pass } = begin();
    transport.seek(NOW - 64_000);
    transport.setRate(-64);
    pass(400);
    transport.pause();
    expect(transport.atMs).toBe(NOW - 64_000 - 64 * 400);
  });

  it('steps by pictures, and looks farther where none came', () => {
    const { deck, transport } = begin();
    transport.seek(NOW - 1000);
    deck.show(-1000);
    transport.tick();
    deck.take();
    transport.stepBy(1);
    expect(deck.take()).toEqual(['pause', 'seek -940']);
    for (let late = 0; late < 10; late++) transport.tick();
    expect(deck.take()).toEqual([]);
    deck.show(-1000); // the same, as the pause does
    transport.tick();
    transport.tick();
    expect(deck.take()).toEqual([]);
    deck.show(-1000); // and the step
    transport.tick();
    transport.tick();
    expect(deck.take()).toEqual(['seek -860']);
    for (let late = 0; late < 10; late++) transport.tick();
    expect(deck.take()).toEqual([]);
    deck.show(-1000);
    transport.tick();
    transport.tick();
    expect(deck.take()).toEqual(['seek -700']);
    deck.show(-860);
    transport.tick();
    transport.tick();
    transport.tick();
    expect(deck.take()).toEqual([]);
    transport.played({ ...playing, paused: true });
    transport.stepBy(-1);
    expect(deck.take()).toEqual(['seek -861']);
    deck.show(-900);
    transport.tick();
    transport.stepBy(1);
    deck.show(-860);
    transport.stepBy(-1);
    deck.show(-900);
    transport.tick();
    expect(transport.atMs).toBe(NOW - 900);
  });

  it('lets time pass in a hole where holes are not skipped', async () => {
    const hole: Hole = { fromMs: NOW - 50_000, toMs: NOW - 40_000, reason: 'the camera was away' };
    const { deck, transport, pass } = begin({ hole: async () => hole });
    transport.skip = false;
    transport.seek(NOW - 50_100);
    transport.played(playing);
    deck.show(-50_100);
    transport.tick();
    deck.show(-39_960);
    transport.tick();
    await Promise.resolve();
    await Promise.resolve();
    expect(deck.take()).toEqual(['seek -50100', 'pause']);
    transport.played({ ...playing, paused: true });
    pass(4000);
    expect(transport.hole).toBe(hole);
    expect(transport.playheadMs).toBe(NOW - 46_000);
    expect(transport.paused).toBe(false);
    pass(6000);
    expect(deck.take()).toEqual(['seek -40000', 'rate 1']);
    expect(transport.hole).toBeNull();
  });

  it('passes over holes where they are skipped', () => {
    let asked = 0;
    const { deck, transport } = begin({ hole: async () => (asked++, null) });
    transport.seek(NOW - 50_100);
    transport.played(playing);
    deck.show(-50_100);
    transport.tick();
    deck.show(-39_960);
    transport.tick();
    expect(asked).toBe(0);
    expect(transport.playheadMs).toBe(NOW - 39_960);
  });

  it('tells a new player what was wanted of the one before', () => {
    const { transport } = begin();
    transport.seek(NOW - 9000);
    transport.setRate(4);
    transport.tick();
    transport.detach();
    const other = new FakeDeck();
    transport.attach(other);
    expect(other.take()).toEqual(['seek -9000', 'rate 4']);
    transport.pause();
    const third = new FakeDeck();
    transport.attach(third);
    expect(third.take()).toEqual(['seek -9000', 'pause']);
  });

  it('has the newest for a present where that may not be seen', () => {
    const { deck, transport } = begin({ newest: () => NOW - 5000 });
    expect(deck.take()).toEqual(['seek -5000']);
    transport.played(null);
    expect(transport.past).toBe(true);
  });
});
