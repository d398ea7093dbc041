import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Address } from './address';
import type { ConnectionEvents } from './connection';
import type { Codec, Packet } from './protocol';
import type { RendererEvents } from './renderer';

// Connections as the player makes them, with what each was told to ask for.
const connections: { codecs: string[]; events: ConnectionEvents }[] = [];

vi.mock('./connection', () => ({
  Connection: class {
    constructor(_url: URL, codecs: string[], _clock: unknown, events: ConnectionEvents) {
      connections.push({ codecs, events });
    }
    send(): void {}
    close(): void {}
  },
}));

vi.mock('./modes', async (original) => ({
  ...(await original<typeof import('./modes')>()),
  abilities: () => ({ mse: true, webcodecs: true, jpeg: true }),
}));

class Slow {
  readonly surface = {} as HTMLElement;
  constructor(readonly events: RendererEvents) {}
  begin(_codec: Codec): void {
    this.events.painted(0, 0);
  }
  take(_packet: Packet): void {}
  rest(): void {}
  bufferMs(): number {
    return 1000; // behind what has arrived, always
  }
  close(): void {}
}

vi.mock('./canvas', () => ({ CanvasRenderer: Slow }));
vi.mock('./mse', () => ({ MSERenderer: Slow }));

beforeEach(() => {
  vi.useFakeTimers();
  connections.length = 0;
});
afterEach(() => vi.useRealTimers());

const hello = { type: 'hello', epoch: 1, codec: 'h264', mime: '', width: 1, height: 1, fps: 25, timescale: 1, keyAgeMs: 0, serverTimeUs: 0 } as const;

test('a machine that is too slow connects once more, however long that takes', async () => {
  const { Player } = await import('./player');
  const shown: string[] = [];
  const ignore = (): void => {};
  const player = new Player(new Address('/live/front', 'http://127.0.0.1/', { width: null, height: null, fps: null, quality: null }), 'auto', {
    show: (_surface, mode) => shown.push(mode), pictured: ignore, say: ignore, sized: ignore, measured: ignore, played: ignore, trouble: ignore,
  });
  player.start();
  connections[0]!.events.message(hello);
  expect(shown).toEqual(['webcodecs']);
  vi.advanceTimersByTime(2500);
  expect(connections.length).toBe(2);
  vi.advanceTimersByTime(20_000); // the second takes its time, as over a slow line
  expect(connections.length).toBe(2);
  connections[1]!.events.message(hello);
  expect(shown).toEqual(['webcodecs', 'mse']);
  vi.advanceTimersByTime(20_000);
  expect(connections.length).toBe(2);
  player.close();
});
