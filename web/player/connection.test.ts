import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServerClock } from './clock';
import { Connection } from './connection';

class Socket {
  static readonly OPEN = 1;
  static last: Socket;
  static count = 0;
  readonly readyState = 1;
  onopen?: (() => void) | null;
  onmessage?: ((event: { data: string }) => void) | null;
  onclose?: ((event: { reason: string }) => void) | null;
  constructor() {
    Socket.last = this;
    Socket.count++;
  }
  send(): void {}
  close(): void {}
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', Socket);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('few are opened at a time, and one that takes long keeps nobody waiting', () => {
  const connect = () => new Connection(new URL('ws://127.0.0.1/'), () => Promise.resolve([]), {} as ServerClock, { opened: () => {}, message: () => {}, packet: () => {}, closed: () => {} });
  Socket.count = 0;
  const all = Array.from({ length: 4 }, connect);
  const fourth = Socket.last;
  all.push(...Array.from({ length: 6 }, connect));
  expect(Socket.count).toBe(4);
  fourth.onopen?.();
  expect(Socket.count).toBe(5);
  all[5]!.close(); // before its turn
  all[0]!.close();
  all[0]!.close();
  expect(Socket.count).toBe(6);
  vi.advanceTimersByTime(1000);
  expect(Socket.count).toBe(9);
  for (const connection of all) connection.close();
  expect(connect() && Socket.count).toBe(10);
});

test('a connection that is doubted ends soon, unless the server answers', async () => {
  for (const answers of [true, false]) {
    const closed = vi.fn();
    const clock = { note: () => undefined } as unknown as ServerClock;
    const connection = new Connection(new URL('ws://127.0.0.1/'), () => Promise.resolve([]), clock, { opened: () => {}, message: () => {}, packet: () => {}, closed });
    Socket.last.onopen?.();
    await Promise.resolve();
    await Promise.resolve();
    connection.doubt();
    if (answers) Socket.last.onmessage?.({ data: '{"type":"state","camera":"online"}' });
    vi.advanceTimersByTime(3000);
    expect(closed).toHaveBeenCalledTimes(answers ? 0 : 1);
    connection.close();
  }
});

test('a socket that is closed keeps nobody, however long the server takes', () => {
  const connection = new Connection(new URL('ws://127.0.0.1/'), () => Promise.resolve([]), {} as ServerClock, { opened: () => {}, message: () => {}, packet: () => {}, closed: () => {} });
  const { last } = Socket;
  expect([last.onopen, last.onmessage, last.onclose].every(Boolean)).toBe(true);
  connection.close();
  expect([last.onopen, last.onmessage, last.onclose].some(Boolean)).toBe(false);
});

test('where a page may open no socket that is told, and keeps no other from its turn', async () => {
  vi.stubGlobal('WebSocket', class {
    constructor() {
      throw new DOMException('An insecure WebSocket connection may not be initiated', 'SecurityError');
    }
  });
  for (let n = 0; n < 6; n++) {
    const closed = vi.fn();
    new Connection(new URL('ws://127.0.0.1/'), () => Promise.resolve([]), {} as ServerClock, { opened: () => {}, message: () => {}, packet: () => {}, closed });
    await Promise.resolve();
    expect(closed.mock.calls).toEqual([[false, 'An insecure WebSocket connection may not be initiated']]);
  }
});
