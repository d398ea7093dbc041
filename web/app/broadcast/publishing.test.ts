import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Ended, type End, type Link } from './links';
import { publish, type Opener } from './publishing';

vi.mock('../root', () => ({ address: (path: string) => `http://cam.lan:8080/${path}` }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

// A network in which each attempt does as the next word of a plan says; the last
// one holds.
function network(plan: string[], webRTC = false): Opener & { opened: string[]; closed: number } {
  const opened: string[] = [];
  const self = { opened, closed: 0, socket, post, ...(webRTC && { webRTC: direct }) };
  function link(name: Link['name'], then: string): Link {
    let end!: (ended: Ended) => void;
    const closed = new Promise<Ended>((resolve) => (end = resolve));
    const [kind, ms = '0'] = then.split(' ') as [End | 'holds', string?];
    if (kind !== 'holds') setTimeout(() => end(new Ended(kind)), Number(ms));
    const close = (): void => (self.closed++, end(new Ended('closed')));
    return { name, buffered: 0, delivered: Number(ms) > 0, closed, onviewers: () => {}, onsound: () => {}, send: () => Promise.reject(new Ended('lost')), close };
  }
  function next(way: string): string {
    opened.push(way);
    return plan.shift() ?? 'holds';
  }
  async function direct(): Promise<Link> {
    const then = next('webrtc');
    if (then === 'none') throw new Ended('silent');
    if (then === 'down') throw new Ended('unreachable');
    if (then === 'taken') throw new Ended('busy');
    return link('WebRTC', then);
  }
  async function socket(): Promise<Link> {
    const then = next('socket');
    if (then === 'none') throw new Ended('unreachable');
    return link('WebSocket', then);
  }
  function post(probe: boolean): Link {
    return link('POST', next(probe ? 'probe' : 'post'));
  }
  return self;
}

function start(plan: string[], webRTC = false): { net: ReturnType<typeof network>; control: AbortController; said: string[]; links: boolean[]; over: Promise<boolean> } {
  const net = network(plan, webRTC);
  const control = new AbortController();
  const said: string[] = [];
  const links: boolean[] = [];
  const over = publish(net, control.signal, { link: (link) => links.push(link !== null), waiting: ({ kind }) => said.push(kind) });
  return { net, control, said, links, over };
}

describe('a way up', () => {
  it('goes by POST where no socket is to be had, and says nothing of the first failure', async () => {
    const { net, said } = start(['none', 'none']);
    await vi.advanceTimersByTimeAsync(500);
    expect(net.opened).toEqual(['socket', 'socket']);
    expect(said).toEqual(['unreachable']);
    await vi.advanceTimersByTimeAsync(1000);
    expect(net.opened).toEqual(['socket', 'socket', 'post']);
  });

  it('tries sockets again after POST has failed', async () => {
    const { net } = start(['none', 'none', 'lost 5']);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(net.opened).toEqual(['socket', 'socket', 'post', 'socket']);
  });

  it('waits longer each time, and begins anew after a link that was steady', async () => {
    const { net } = start(['lost 1', 'lost 1', 'lost 1', 'lost 20000']);
    await vi.advanceTimersByTimeAsync(500 + 1000 + 2000 + 3);
    expect(net.opened).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(20_000 + 499);
    expect(net.opened).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(1);
    expect(net.opened).toHaveLength(5);
  });

  it('asks a taken camera by POST, and takes a socket once it is free', async () => {
    const { net, said } = start(['none', 'none', 'busy', 'busy', 'free', 'holds']);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(net.opened).toEqual(['socket', 'socket', 'post', 'probe', 'probe', 'socket']);
    expect(said).toEqual(['unreachable', 'busy', 'busy']);
  });

  it('waits for a camera that is gone, and may come again', async () => {
    const { net, said } = start(['none', 'none', 'gone', 'gone', 'free', 'holds']);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(net.opened.at(-1)).toBe('socket');
    expect(said.slice(1)).toEqual(['gone', 'gone']);
  });

  it('ends where the same publisher connected elsewhere', async () => {
    const { over, links } = start(['replaced 5']);
    await vi.advanceTimersByTimeAsync(5);
    expect(await over).toBe(true);
    expect(links).toEqual([true, false]);
  });

  it('ends when it is to, while it is up', async () => {
    const { over, net, control, said } = start(['holds']);
    await vi.advanceTimersByTimeAsync(1);
    control.abort();
    expect(await over).toBe(false);
    expect([net.closed, said]).toEqual([1, []]);
  });

  it('ends when it is to, while it waits', async () => {
    const { over, control } = start(['lost 1', 'lost 1', 'lost 1']);
    await vi.advanceTimersByTimeAsync(100);
    control.abort();
    expect(await over).toBe(false);
  });

  it('leaves nothing open that was being opened when it was to end', async () => {
    const { over, net, control, links } = start(['holds']);
    control.abort();
    expect(await over).toBe(false);
    expect([net.closed, links]).toEqual([1, []]);
  });

  it('goes by WebRTC first, and without a word by a socket where that does not come through', async () => {
    const { net, said } = start(['none', 'holds'], true);
    await vi.advanceTimersByTimeAsync(1);
    expect([net.opened, said]).toEqual([['webrtc', 'socket'], []]);
  });

  it('goes by WebRTC again after that was lost, and by a socket where nothing was ever sent so', async () => {
    const { net } = start(['lost 5000', 'free 0', 'lost 0', 'holds'], true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(net.opened).toEqual(['webrtc', 'webrtc', 'webrtc', 'socket']);
  });

  it('goes by WebRTC again once the server is back', async () => {
    const { net, said } = start(['lost 5000', 'down', 'down', 'holds'], true);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([net.opened, said]).toEqual([['webrtc', 'webrtc', 'webrtc', 'webrtc'], ['lost', 'unreachable', 'unreachable']]);
  });

  it('looks whether a camera is free that WebRTC found taken', async () => {
    const { net, said } = start(['taken', 'free 100', 'holds'], true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect([net.opened, said]).toEqual([['webrtc', 'probe', 'webrtc'], ['busy']]);
  });
});
