import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Ended, head, PostLink, SocketLink } from './links';

vi.mock('../root', () => ({ address: (path: string) => `http://cam.lan:8080/${path}` }));

class FakeSocket {
  static readonly OPEN = 1;
  static made: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  sent: (string | Blob | Uint8Array)[] = [];
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  constructor(readonly url: URL) {
    FakeSocket.made.push(this);
  }
  send(data: string | Blob | Uint8Array): void {
    this.sent.push(data);
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  says(reply: object): void {
    this.onmessage?.({ data: JSON.stringify({ viewers: 0, ...reply }) });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  vi.stubGlobal('WebSocket', FakeSocket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function open(): Promise<[SocketLink, FakeSocket]> {
  const opening = SocketLink.open('front', 'me');
  const [socket] = FakeSocket.made as [FakeSocket];
  socket.open();
  return [await opening, socket];
}

const picture = new Blob([new Uint8Array([0xff, 0xd8])]);
const bytesOf = async (data: unknown): Promise<number[]> => [...new Uint8Array(await (data as Blob).arrayBuffer())];

describe('a socket', () => {
  it('is of the camera and the publisher', async () => {
    const [, socket] = await open();
    expect(socket.url.pathname + socket.url.search).toMatch(/\/live\/front\/publish\?publisher=me$/);
    expect(socket.url.protocol).toMatch(/^wss?:$/);
  });

  it.each(['refused', 'late'])('that is %s is none', async (how) => {
    const opening = SocketLink.open('front', 'me');
    if (how === 'refused') FakeSocket.made[0]?.onclose?.({ code: 1006, reason: '' });
    else vi.advanceTimersByTime(8000);
    await expect(opening).rejects.toMatchObject({ kind: 'unreachable' });
    expect(FakeSocket.made[0]?.readyState).toBe(3);
  });

  it('sends pictures as they are, and is told that they arrived', async () => {
    const [link, socket] = await open();
    const viewers: number[] = [];
    link.onviewers = (n) => viewers.push(n);
    socket.says({ type: 'hint', viewers: 3 });
    const sending = link.send(picture, 5);
    expect(link.delivered).toBe(false);
    socket.says({ type: 'hint', viewers: 2 }); // which is no answer
    socket.says({ type: 'ack', seq: 1, viewers: 1, dropped: true });
    expect(await sending).toMatchObject({ viewers: 1, dropped: true });
    expect(await bytesOf(socket.sent[0])).toEqual([0xff, 0xd8]);
    expect([viewers, link.delivered]).toEqual([[3, 2, 1], true]);
  });

  it('goes on after a picture that is refused', async () => {
    const [link, socket] = await open();
    const sending = link.send(picture, 0);
    socket.says({ type: 'error', seq: 1, code: 422, message: 'too wide' });
    await expect(sending).rejects.toMatchObject({ kind: 'refused', message: 'too wide' });
    expect(socket.readyState).toBe(1);
  });

  it('is given up where no answer comes', async () => {
    const [link] = await open();
    const sending = link.send(picture, 0);
    vi.advanceTimersByTime(10_000);
    await expect(sending).rejects.toMatchObject({ kind: 'silent' });
    expect(await link.closed).toMatchObject({ kind: 'silent' });
    await expect(link.send(picture, 0)).rejects.toMatchObject({ kind: 'lost' });
  });

  it.each([
    [1008, 'taken over', 'replaced', ''],
    [1001, 'shutting down', 'lost', 'shutting down'],
    [1006, '', 'lost', ''],
  ] as const)('that is closed by %d %j is %s', async (code, reason, kind, message) => {
    const [link, socket] = await open();
    socket.onclose?.({ code, reason });
    expect(await link.closed).toMatchObject({ kind, message });
  });

  it('sends sound once that may be, and times with all from then on', async () => {
    const [link, socket] = await open();
    const heard: string[] = [];
    link.onsound = (codec, message) => heard.push(`${codec}|${message}`);
    link.sound(0, new Uint8Array([1]));
    link.askSound('opus');
    expect(socket.sent).toEqual(['{"type":"sound","codec":"opus","channels":1}']);
    socket.says({ type: 'sound', codec: 'opus' });
    link.sound(2, new Uint8Array([7, 8]));
    expect([...(socket.sent[1] as Uint8Array)]).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x07, 0xd0, 7, 8]);
    void link.send(picture, 1).catch(() => {});
    expect(await bytesOf(socket.sent[2])).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x03, 0xe8, 0xff, 0xd8]);
    link.askSound('');
    link.sound(3, new Uint8Array([9]));
    expect(socket.sent).toHaveLength(4);
    expect(heard).toEqual(['opus|']);
    link.close();
    expect(await link.closed).toMatchObject({ kind: 'closed' });
  });

  it('has no sound where the server says nothing to it, or no', async () => {
    const [link, socket] = await open();
    const heard: string[] = [];
    link.onsound = (codec, message) => heard.push(`${codec}|${message}`);
    link.askSound('');
    expect(socket.sent).toHaveLength(0); // nobody has asked for any
    link.askSound('opus');
    vi.advanceTimersByTime(5000);
    link.askSound('opus');
    socket.says({ type: 'sound', codec: '', message: 'not of this camera' });
    link.sound(0, new Uint8Array([1]));
    expect(heard).toEqual(['|', '|not of this camera']);
    expect(socket.sent).toHaveLength(2);
  });
});

it('has no time before the beginning', () => {
  expect([...new Uint8Array(head(1, -5))]).toEqual([1, ...Array<number>(11).fill(0)]);
});

describe('a POST', () => {
  const answering = (status: number, body = '', headers: Record<string, string> = {}): void => {
    vi.stubGlobal('fetch', vi.fn(async () => new Response(body, { status, headers })));
  };

  it.each([
    [401, 'denied'],
    [403, 'gone'],
    [404, 'gone'],
    [409, 'busy'],
    [503, 'lost'],
  ] as const)('that is answered %d ends the link: %s', async (status, kind) => {
    answering(status, 'why\n');
    const link = new PostLink('front', 'me', false);
    await expect(link.send(picture)).rejects.toMatchObject({ kind, message: 'why' });
    expect(await link.closed).toMatchObject({ kind });
  });

  it.each([413, 415, 422])('that is answered %d is about the picture alone', async (status) => {
    answering(status, 'why');
    const link = new PostLink('front', 'me', false);
    const over = vi.fn();
    void link.closed.then(over);
    await expect(link.send(picture)).rejects.toMatchObject({ kind: 'refused' });
    expect(over).not.toHaveBeenCalled();
  });

  it('tells how many watch, and whether the picture was dropped', async () => {
    answering(200, '', { 'X-Framegate-Viewers': '4', 'X-Framegate-Dropped': '1' });
    const link = new PostLink('front', 'me', false);
    link.onviewers = vi.fn();
    expect(await link.send(picture)).toEqual({ viewers: 4, dropped: true });
    expect(link.onviewers).toHaveBeenCalledWith(4);
    expect(link.delivered).toBe(true);
  });

  it('that probes ends once a picture is taken', async () => {
    answering(200);
    const link = new PostLink('front', 'me', true);
    await link.send(picture);
    expect(await link.closed).toMatchObject({ kind: 'free' });
  });

  it('ends where the server cannot be reached, or it is to', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => { throw new TypeError('failed'); }));
    const link = new PostLink('front', 'me', false);
    await expect(link.send(picture)).rejects.toBeInstanceOf(Ended);
    expect(await link.closed).toMatchObject({ kind: 'unreachable' });
    const other = new PostLink('front', 'me', false);
    other.close();
    expect(await other.closed).toMatchObject({ kind: 'closed' });
  });
});
