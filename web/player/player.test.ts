import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Address } from './address';
import type { ConnectionEvents } from './connection';
import type { ClientMessage, Codec, Packet } from './protocol';
import type { RendererEvents } from './renderer';
import type { Past } from './stage';

// Connections as the player makes them, with what each was told to ask for.
const connections: { codecs: () => Promise<string[]>; events: ConnectionEvents; sent: ClientMessage[] }[] = [];

vi.mock('./connection', () => ({
  Connection: class {
    private readonly sent: ClientMessage[] = [];
    constructor(_url: URL, codecs: () => Promise<string[]>, _clock: unknown, events: ConnectionEvents) {
      connections.push({ codecs, events, sent: this.sent });
    }
    send(message: ClientMessage): void {
      this.sent.push(message);
    }
    close(): void {}
  },
}));

vi.mock('./modes', async (original) => ({
  ...(await original<typeof import('./modes')>()),
  abilities: () => ({ mse: true, webcodecs: true, jpeg: true, h265: { mse: true, webcodecs: false } }),
  asked: () => Promise.resolve(),
}));

class Slow {
  readonly surface = {} as HTMLElement;
  constructor(readonly events: RendererEvents) {}
  begin(codec: Codec): void {
    if (codec === 'h265') this.events.failed(new Error('This browser does not play hvc1.2.4.L153.90.'));
    else this.events.painted(0, 0);
  }
  take(_packet: Packet): void {}
  rest(): void {}
  bufferMs(): number {
    return 1000; // behind what has arrived, always
  }
  close(): void {}
}

vi.mock('./canvas', () => ({ CanvasRenderer: Slow, prepareCanvas: () => undefined }));
vi.mock('./mse', () => ({ MSERenderer: Slow }));

// What the sound of a player is told.
const told: string[] = [];

vi.mock('./sound', () => ({
  Sound: class {
    behindMs = null;
    hush = (why: string | null) => told.push(`hush ${why}`);
    leap = () => told.push('leap');
    begin = () => told.push('begin');
    holdMs = () => 0;
    connected(): void {}
    disconnected(): void {}
    painted(): void {}
    close(): void {}
  },
}));

beforeEach(() => {
  vi.useFakeTimers();
  told.length = 0;
  connections.length = 0;
});
afterEach(() => vi.useRealTimers());

const hello = { type: 'hello', codec: 'h264', fps: 25, timescale: 1, sound: false } as const;

// play makes a player, and notes what it shows and what is wrong.
async function play(wanted: 'auto' | 'mse') {
  const { Player } = await import('./player');
  const shown: string[] = [];
  const troubles: string[] = [];
  const played: (Past | null)[] = [];
  const ignore = (): void => {};
  const player = new Player(new Address('/live/front', 'http://127.0.0.1/', { width: null, height: null, fps: null, quality: null }), wanted, {
    show: (_surface, mode) => shown.push(mode), pictured: ignore, say: ignore, sized: ignore, measured: ignore, played: (past) => played.push(past), sounds: ignore, muted: ignore,
    trouble: (_code, message) => troubles.push(message),
  });
  return { player, shown, troubles, played };
}

test('what was recorded is asked for at once, and again by another connection, of a camera that shows nothing', async () => {
  const { player } = await play('auto');
  player.start();
  player.seek(5000);
  const [first] = connections;
  first!.sent.length = 0; // what is said before it is open is not heard
  first!.events.opened();
  player.pause();
  expect(first!.sent).toEqual([{ type: 'seek', atUs: 5_000_000 }, { type: 'pause' }]);
  first!.events.closed(true, '');
  vi.advanceTimersByTime(10_000);
  connections[1]!.events.opened();
  expect(connections[1]!.sent).toEqual(first!.sent);
  connections[1]!.events.message(hello);
  expect(connections[1]!.sent.length).toBe(2);
  player.close();
});

test('who returns to the present stays there, whatever was said of the past on the way', async () => {
  const { player, played } = await play('auto');
  const say = (live: boolean): void => connections[0]!.events.message({ type: 'playback', live, rate: 1, paused: false, end: false, message: '', code: 0 });
  player.start();
  connections[0]!.events.opened();
  connections[0]!.events.message(hello);
  player.seek(5000);
  player.live();
  say(false); // to the seek
  say(true); // to the return
  expect(played.every((past) => past === null)).toBe(true);
  player.seek(6000);
  say(false);
  expect(played.at(-1)).not.toBeNull();
  player.close();
});

test('whoever was thrown out comes back when a person asks for it, and not before', async () => {
  const { player, troubles } = await play('mse');
  player.start();
  connections[0]!.events.message(hello);
  connections[0]!.events.message({ type: 'error', code: 403, message: 'an administrator ended this' });
  connections[0]!.events.closed(true, '');
  expect(troubles).toEqual(['an administrator ended this']);
  vi.advanceTimersByTime(60_000);
  player.retryNow(); // as when the network is back
  player.stop();
  player.start(); // as on a page that is looked at again
  vi.advanceTimersByTime(60_000);
  expect(connections.length).toBe(1);
  player.retryNow(true);
  connections[1]!.events.message(hello);
  connections[1]!.events.closed(true, ''); // as always
  vi.advanceTimersByTime(60_000);
  expect(connections.length).toBeGreaterThan(2);
  player.close();
});

test('a machine that is too slow connects once more, however long that takes', async () => {
  const { player, shown } = await play('auto');
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

test.each(['auto', 'mse'] as const)('a camera whose H.265 is not played here is shown as H.264 (%s)', async (wanted) => {
  const { player, shown, troubles } = await play(wanted);
  player.start();
  expect((await connections[0]!.codecs()).slice(0, 2)).toEqual(['h265', 'h264']);
  connections[0]!.events.message({ ...hello, codec: 'h265' });
  expect(troubles).toEqual(['This browser does not play hvc1.2.4.L153.90.']);
  expect(connections.length).toBe(2); // at once
  expect((await connections[1]!.codecs())[0]).toBe('h264');
  connections[1]!.events.message(hello);
  expect(shown.at(-1)).toBe(wanted === 'auto' ? 'webcodecs' : 'mse');
  player.close();
});

test('what was recorded is heard at its own rate, and each time it is sought what was heard ends', async () => {
  const { player } = await play('auto');
  player.start();
  const { events } = connections[0]!;
  events.message(hello);
  events.message({ ...hello }); // as of another size: the sound goes on
  expect(told).toEqual(['begin', 'begin']);
  const does = (what: () => void): string[] => {
    told.length = 0;
    what();
    return told.slice();
  };
  expect(does(() => player.seek(5000))).toEqual(['hush null']);
  expect(does(() => events.message(hello))).toEqual(['leap', 'begin']);
  expect(does(() => player.setRate(2))).toEqual(['hush Sound is heard at normal speed only.']);
  const says = { type: 'playback', live: false, rate: 1, paused: false, end: false, code: 0, message: '' } as const;
  expect(does(() => events.message({ ...says, rate: 2 }))).toEqual(['hush Sound is heard at normal speed only.']);
  expect(does(() => player.pause())).toEqual(['hush ']);
  expect(does(() => events.message(says))).toEqual(['hush null']);
  expect(does(() => player.pause())).toEqual(['hush ']);
  expect(does(() => player.live())).toEqual(['hush null']);
  expect(does(() => events.message(hello))).toEqual(['leap', 'begin']);
  expect(does(() => events.message(hello))).toEqual(['begin']);
  player.close();
});
