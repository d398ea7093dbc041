import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Ended, type Ack, type Link } from './links';
import { Sender } from './sender';

vi.mock('../root', () => ({ address: (path: string) => `http://cam.lan:8080/${path}` }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class FakeLink implements Link {
  readonly name = 'WebSocket';
  buffered = 0;
  delivered = true;
  closed = new Promise<Ended>(() => {});
  onviewers: Link['onviewers'] = () => {};
  onsound: Link['onsound'] = () => {};
  sent: number[] = [];
  sounds = 0;
  private answer: { resolve(ack: Ack): void; reject(ended: Ended): void } | null = null;
  constructor(private readonly tripMs: number | null = null) {}
  send(_: Blob, ms: number): Promise<Ack> {
    this.sent.push(ms);
    return new Promise((resolve, reject) => {
      this.answer = { resolve, reject };
      if (this.tripMs !== null) setTimeout(() => resolve({ viewers: 1 }), this.tripMs);
    });
  }
  async ack(ack: Ack = { viewers: 1 }): Promise<void> {
    this.answer?.resolve(ack);
    await vi.advanceTimersByTimeAsync(0);
  }
  async refuse(ended: Ended): Promise<void> {
    this.answer?.reject(ended);
    await vi.advanceTimersByTimeAsync(0);
  }
  sound(): void {
    this.sounds++;
  }
  close(): void {}
}

const camera = { ready: true, longest: 640, paint: () => {}, qualities: [] as number[], take: async (quality: number) => (camera.qualities.push(quality), new Blob([new Uint8Array(1000)])) };
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('the sender', () => {
  it('has one picture in flight, and takes the next when it has arrived and is due', async () => {
    const sender = new Sender(camera, { quality: 0.7, fps: 10 });
    const link = new FakeLink();
    sender.use(link);
    await settled();
    expect(link.sent).toHaveLength(1); // at once
    sender.tick();
    sender.tick();
    await settled();
    expect(link.sent).toHaveLength(1);
    expect(sender.count).toMatchObject({ sent: 0, skipped: 1 });
    await link.ack();
    expect(link.sent).toHaveLength(2); // it was due
    await link.ack();
    expect(link.sent).toHaveLength(2); // it is not due yet
    expect(sender.count).toEqual({ sent: 2, skipped: 1, bytes: 2000 });
  });

  it('counts what was dropped, lost or refused as skipped', async () => {
    const sender = new Sender(camera, { quality: 0.7, fps: 10 });
    const refused: string[] = [];
    sender.onrefused = (message) => refused.push(message);
    const link = new FakeLink();
    sender.use(link);
    await settled();
    await link.ack({ viewers: 1, dropped: true });
    sender.tick();
    await settled();
    await link.refuse(new Ended('refused', 'too many pixels'));
    sender.tick();
    await settled();
    await link.refuse(new Ended('lost'));
    expect(sender.count).toMatchObject({ sent: 0, skipped: 3 });
    expect(refused).toEqual(['too many pixels']);
  });

  it('sends little while nobody watches', () => {
    const sender = new Sender(camera, { quality: 0.7, fps: 10 });
    const link = new FakeLink();
    let paced = 0;
    sender.onpace = () => paced++;
    sender.use(link);
    expect(sender.fps).toBe(1);
    link.onviewers(2);
    link.onviewers(2);
    expect([sender.fps, paced]).toEqual([10, 1]);
    sender.want({ quality: 0.7, fps: 0.5 });
    expect(sender.fps).toBe(0.5);
  });

  it('takes nothing while more waits than a picture, or the camera is not ready', async () => {
    const sender = new Sender(camera, { quality: 0.7, fps: 10 });
    const link = new FakeLink();
    link.buffered = 5000;
    sender.use(link);
    await settled();
    expect(link.sent).toHaveLength(0);
    sender.sound(0, new Uint8Array(10));
    link.buffered = 20_000;
    sender.sound(0, new Uint8Array(10));
    expect(link.sounds).toBe(1);
    link.buffered = 0;
    sender.tick();
    await settled();
    expect(link.sent).toHaveLength(1);
  });

  it('follows what the network carries', async () => {
    const sender = new Sender(camera, { quality: 0.7, fps: 10 });
    const through = async (link: FakeLink, seconds: number): Promise<void> => {
      sender.use(link);
      link.onviewers(1);
      for (let ms = 0; ms < seconds * 1000; ms += 1000 / sender.fps) {
        sender.tick();
        await vi.advanceTimersByTimeAsync(1000 / sender.fps);
      }
    };
    await through(new FakeLink(400), 20); // 2.5 a second get through
    expect(sender.now.less).toBe(true);
    expect(sender.fps).toBeLessThan(4);
    expect(camera.qualities.at(-1)).toBeCloseTo(0.35);
    const skipped = sender.count.skipped;
    await through(new FakeLink(20), 240);
    expect(sender.now).toEqual({ quality: 0.7, fps: 10, less: false });
    expect(sender.count.skipped).toBeLessThanOrEqual(skipped + 1); // one was still on its way
  });
});
