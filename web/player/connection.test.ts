import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServerClock } from './clock';
import { Connection } from './connection';

class Socket {
  static readonly OPEN = 1;
  static last: Socket;
  readonly readyState = 1;
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  constructor() {
    Socket.last = this;
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
