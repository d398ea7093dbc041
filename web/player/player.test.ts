import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Address } from './address';
import { wallMs, type ServerClock } from './clock';
import type { ConnectionEvents } from './connection';
import type { ClientMessage, Codec, Packet } from './protocol';
import type { RendererEvents } from './renderer';
import type { Past } from './stage';

// Connections as the player makes them, with what each was told to ask for.
const connections: { url: URL; codecs: () => Promise<string[]>; clock: ServerClock; events: ConnectionEvents; sent: ClientMessage[]; closed: boolean }[] = [];

vi.mock('./connection', () => ({
  Connection: class {
    private readonly noted: (typeof connections)[0];
    constructor(url: URL, codecs: () => Promise<string[]>, clock: ServerClock, events: ConnectionEvents) {
      connections.push((this.noted = { url, codecs, clock, events, sent: [], closed: false }));
    }
    send(message: ClientMessage): void {
      this.noted.sent.push(message);
    }
    close(): void {
      this.noted.closed = true;
    }
  },
}));

// What the browser has.
const has = { mse: true, webcodecs: true, jpeg: true, h265: { mse: true, webcodecs: false } };
let first = false; // WebRTC comes before all else

vi.mock('./modes', async (original) => ({
  ...(await original<typeof import('./modes')>()),
  abilities: () => has,
  asked: () => Promise.resolve(),
  webRTCFirst: () => first,
}));

// What shows a camera without a WebSocket, and what of it was asked for.
const asides: { passed: (to: boolean | string) => void; asked: string[] }[] = [];
let begins = true;

vi.mock('./later', () => ({
  load: async (name: string) =>
    name === 'nodes' ? await import('./nodes') : {
      Aside: class {
        private readonly asked: string[] = [];
        takenMs = 77;
        constructor(_address: () => Address, _insists: boolean, _stage: unknown, _loudness: unknown, passed: (to: boolean | string) => void) {
          asides.push({ passed, asked: this.asked });
        }
        begin = () => (this.asked.push('begin'), begins);
        image = () => void this.asked.push('image');
        leftOut = () => void this.asked.push('leftOut');
        retry = () => void this.asked.push('retry');
        end = () => void this.asked.push('end');
      },
    },
}));

let paints = true; // a renderer by itself, as soon as it begins
let paint = (): void => {}; // has the last one paint
let fail = (): void => {}; // has the last one fail
const rendered: number[] = []; // when the pictures were taken that renderers got

class Slow {
  readonly surface = {} as HTMLElement;
  constructor(readonly events: RendererEvents) {}
  begin(codec: Codec): void {
    if (codec === 'h265') this.events.failed(new Error('This browser does not play hvc1.2.4.L153.90.'));
    else if (paints) this.events.painted(0, 0);
    paint = () => this.events.painted(0, wallMs());
    fail = () => this.events.failed(new Error('broken'));
  }
  take({ captureMs }: Packet): void {
    rendered.push(captureMs);
  }
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
let holdMs = 0; // for so long it wants pictures held

vi.mock('./sound', () => ({
  Sound: class {
    behindMs = null;
    hush = (why: string | null) => told.push(`hush ${why}`);
    leap = () => told.push('leap');
    begin = () => told.push('begin');
    holdMs = () => holdMs;
    picture(): void {}
    connected(): void {}
    disconnected(): void {}
    painted(): void {}
    close(): void {}
  },
}));

beforeEach(() => {
  vi.useFakeTimers();
  told.length = rendered.length = holdMs = 0;
  connections.length = asides.length = 0;
  first = false;
  paints = true;
  begins = true;
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const hello = { type: 'hello', codec: 'h264', fps: 25, timescale: 1, sound: false, nodes: false, doubtMs: 0 } as const;

// play makes a player, and notes what it shows and what is wrong.
async function play(wanted: 'auto' | 'mse' | 'img') {
  const { Player } = await import('./player');
  const shown: string[] = [];
  const troubles: string[] = [];
  const played: (Past | null)[] = [];
  const states: string[] = [];
  const ignore = (): void => {};
  const player = new Player(new Address('/live/front', 'http://127.0.0.1/', { width: null, height: null, fps: null, quality: null }), wanted, {
    show: (_surface, mode) => shown.push(mode), pictured: ignore, say: ({ state }) => states.push(state), sized: ignore, measured: ignore, played: (past) => played.push(past), sounds: ignore, muted: ignore,
    trouble: (_code, message) => troubles.push(message),
  });
  return { player, shown, troubles, played, states };
}

test('a player is live with its first picture', async () => {
  paints = false;
  const { player, states } = await play('auto');
  player.start();
  connections[0]!.events.message(hello);
  expect(states.at(-1)).toBe('connecting');
  paint();
  expect(states.at(-1)).toBe('live');
  player.close();
});

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
  connections[1]!.events.message({ type: 'error', code: 403, message: 'an administrator ended this' });
  player.retryNow(true); // before the server has closed that one
  expect(connections.length).toBe(3);
  connections[2]!.events.message(hello);
  connections[2]!.events.closed(true, ''); // as always
  vi.advanceTimersByTime(60_000);
  expect(connections.length).toBeGreaterThan(3);
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

// recorded is a picture that was taken at a moment.
const recorded = (captureMs: number, key = false): Packet => ({ ...frame(0), captureMs, key });

// held plays a recording to a player whose pictures wait 100 ms for their sound, one each 40
// ms, until those of 10,000 to 12,000 have come. It gives its connection, and what was rendered then.
async function held(player: Awaited<ReturnType<typeof play>>['player']) {
  const [{ events, sent }] = connections as [(typeof connections)[0]];
  holdMs = 100;
  events.message(hello);
  player.seek(10_000);
  events.message({ type: 'playback', live: false, rate: 1, paused: false, end: false, code: 0, message: '' });
  events.message(hello);
  for (let ms = 10_000; ms <= 12_000; ms += 40, await vi.advanceTimersByTimeAsync(40)) events.packet(recorded(ms));
  sent.length = 0;
  return { events, sent, seen: rendered.slice() };
}

test('a pause holds at once, and what waited for its sound is still to come', async () => {
  const { player } = await play('auto');
  player.start();
  const { events, sent, seen } = await held(player);
  const last = seen.at(-1)!;
  expect(last).toBeLessThan(12_000);
  player.pause();
  expect(sent).toEqual([{ type: 'pause', atUs: (last + 20) * 1000 }]); // of which that is the picture, also where the server knows its time 19 ms better
  events.packet(recorded(12_040)); // was on its way
  player.setRate(1);
  events.packet(recorded(12_080));
  await vi.advanceTimersByTimeAsync(2000);
  expect(rendered).toEqual(seen);
  player.pause();
  events.message(hello);
  events.packet(recorded(last));
  expect(rendered.slice(seen.length)).toEqual([last]); // what is not heard does not wait
  player.setRate(1);
  events.packet(recorded(last + 40));
  expect(rendered.at(-1)).toBe(last);
  await vi.advanceTimersByTimeAsync(101);
  expect(rendered.at(-1)).toBe(last + 40);
  player.close();
});

test('a pause soon after another place was asked for is one there', async () => {
  const { player } = await play('auto');
  player.start();
  const { events, sent, seen } = await held(player);
  const { length } = seen;
  player.seek(50_000);
  events.packet(recorded(12_040)); // was on its way
  player.pause();
  expect(sent).toEqual([{ type: 'seek', atUs: 50_000_000 }, { type: 'pause' }]);
  expect(rendered.length).toBeGreaterThan(length);
  expect(rendered.at(-1)).toBe(12_040);
  player.close();
});

test('the last picture of what was recorded is sought where a slow decoder left it out, once', async () => {
  for (const wanted of ['auto', 'mse'] as const) {
    connections.length = 0;
    const { player } = await play(wanted);
    player.start();
    player.seek(10_000);
    const { events, sent } = connections.at(-1)!;
    events.message(hello);
    for (const ms of [10_000, 10_040, 10_080]) events.packet(recorded(ms, ms === 10_000));
    events.message({ type: 'playback', live: false, rate: 1, paused: false, end: true, code: 0, message: '' });
    sent.length = 0;
    const sought = (): ClientMessage[] => sent.filter(({ type }) => type === 'seek');
    await vi.advanceTimersByTimeAsync(2000);
    expect(sought()).toEqual(wanted === 'mse' ? [] : [{ type: 'seek', atUs: 10_080_000 }]); // a media element has them all
    events.message(hello);
    events.packet(recorded(10_080, true));
    events.message({ type: 'playback', live: false, rate: 1, paused: false, end: true, code: 0, message: '' });
    await vi.advanceTimersByTimeAsync(2000);
    expect(sought()).toHaveLength(wanted === 'mse' ? 0 : 1);
    player.close();
  }
});

test('a picture of the place before says nothing of the one that is sought', async () => {
  const { player } = await play('auto');
  player.start();
  const { events } = connections.at(-1)!;
  events.message(hello);
  player.seek(50_000);
  paint(); // of 0
  events.closed(true, 'gone');
  await vi.advanceTimersByTimeAsync(5000);
  const again = connections.at(-1)!;
  again.events.opened();
  expect(again.sent).toContainEqual({ type: 'seek', atUs: 50_000_000 });
  player.close();
});

test('a way that showed pictures is gone again after it failed, and nothing connects for who stopped', async () => {
  const { player, shown, troubles } = await play('auto');
  player.start();
  const until = async (made: number) => {
    while (connections.length < made) await vi.advanceTimersByTimeAsync(50);
  };
  connections[0]!.events.message(hello);
  connections[0]!.events.closed(true, 'gone');
  await until(2);
  paints = false;
  connections[1]!.events.message(hello);
  fail(); // before the first picture of this connection
  await until(3);
  paints = true;
  connections[2]!.events.message(hello);
  expect([shown.at(-1), troubles]).toEqual(['webcodecs', ['broken']]);
  connections[2]!.events.message({ ...hello, codec: 'jpeg' });
  paints = false;
  player.stop();
  fail();
  await vi.advanceTimersByTimeAsync(30_000);
  expect(connections).toHaveLength(3);
  player.close();
});

test('a pause of the present is one of what was shown, and where it is refused a keyframe comes next', async () => {
  const { player } = await play('mse');
  player.start();
  const [{ events, sent }] = connections as [(typeof connections)[0]];
  events.message(hello);
  holdMs = 100;
  for (let ms = 10_000; ms <= 12_000; ms += 40, await vi.advanceTimersByTimeAsync(40)) events.packet(recorded(ms));
  const seen = rendered.slice();
  expect(seen.at(-1)).toBeLessThan(12_000);
  player.pause();
  expect(sent.at(-1)).toEqual({ type: 'pause', atUs: (seen.at(-1)! + 20) * 1000 });
  events.packet(recorded(12_040, true)); // it is not known yet
  events.message({ type: 'playback', live: true, rate: 1, paused: false, end: false, code: 403, message: 'no' });
  for (const ms of [12_080, 12_120]) events.packet(recorded(ms, ms === 12_120));
  events.packet(recorded(12_160));
  await vi.advanceTimersByTimeAsync(1000);
  expect(rendered.slice(seen.length)).toEqual([12_120, 12_160]);
  player.close();
});

// frame is a picture that took so long to come.
const frame = (afterMs: number): Packet => ({
  kind: 'frame', key: true, backlog: false, discontinuity: false, behind: false, captureMs: performance.timeOrigin + performance.now() - afterMs, payload: new Uint8Array(1), unitOffset: 0,
});
const settle = () => vi.advanceTimersByTimeAsync(1);

test('pictures that are left out are no matter while the others come in time, and of the past never', async () => {
  const { player } = await play('auto');
  player.start();
  const { events } = connections[0]!;
  events.message(hello);
  const leaveOut = async (afterMs: number): Promise<number> => {
    events.packet(frame(afterMs));
    events.message({ type: 'drop', frames: 5 });
    await settle();
    return asides[0]?.asked.filter((what) => what === 'leftOut').length ?? 0;
  };
  events.packet(frame(1000)); // as clocks differ
  expect(await leaveOut(1100)).toBe(0);
  expect(await leaveOut(1400)).toBe(1);
  connections[0]!.clock.note(0, 800, 0);
  events.packet(frame(2000)); // as where an encoder is late
  connections[0]!.clock.note(0, 1000, 0);
  events.packet(frame(1200)); // as after an outage
  await settle();
  expect(asides[0]!.asked.length).toBe(1);
  events.packet(frame(2000)); // as where the line is, though it was not left out
  await settle();
  expect(asides[0]!.asked).toEqual(['leftOut', 'leftOut']);
  connections[0]!.clock.reset();
  player.seek(5000);
  expect(await leaveOut(1500)).toBe(2);
  player.close();
});

test('WebRTC takes over from a WebSocket, gives the camera back, and has no past', async () => {
  const { player } = await play('auto');
  player.start();
  connections[0]!.events.message(hello);
  connections[0]!.events.packet(frame(0));
  connections[0]!.events.packet(frame(500));
  connections[0]!.events.message({ type: 'drop', frames: 5 });
  await settle();
  asides[0]!.passed(true);
  vi.advanceTimersByTime(60_000);
  expect([connections.length, player.takenMs]).toEqual([1, 77]); // nothing connects, and nothing is as old as the last picture was
  asides[0]!.passed(false);
  expect(connections.length).toBe(2);
  connections[1]!.events.message(hello);
  asides[0]!.passed(true);
  player.seek(5000);
  expect([connections.length, asides[0]!.asked.at(-1)]).toEqual([3, 'end']);
  connections[2]!.events.opened();
  expect(connections[2]!.sent).toEqual([{ type: 'seek', atUs: 5_000_000 }]);
  asides[0]!.passed(true); // too late
  expect(asides[0]!.asked.at(-1)).toBe('end');
  player.close();
});

test('where WebRTC comes first the past comes by a WebSocket, and the present by WebRTC again', async () => {
  first = true;
  const { player } = await play('auto');
  player.start();
  await settle();
  expect([connections.length, asides[0]!.asked]).toEqual([0, ['begin']]);
  player.retryNow(true);
  player.seek(5000);
  expect([connections.length, asides[0]!.asked]).toEqual([1, ['begin', 'retry', 'end']]);
  player.live();
  await settle();
  expect([connections.length, asides[0]!.asked.at(-1)]).toEqual([1, 'begin']);
  player.stop();
  expect(asides[0]!.asked.at(-1)).toBe('end');
  begins = false; // it failed lately
  player.start();
  await settle();
  expect(connections.length).toBe(2);
  player.close();
});

test('whoever was thrown out by WebRTC comes back when a person asks for it, and not before', async () => {
  first = true;
  const { player } = await play('auto');
  player.start();
  await settle();
  asides[0]!.passed('an administrator ended this');
  player.retryNow();
  player.stop();
  player.start();
  await settle();
  expect(asides[0]!.asked).toEqual(['begin', 'end']);
  player.retryNow(true);
  await settle();
  expect([connections.length, asides[0]!.asked.at(-1)]).toEqual([0, 'begin']);
  player.close();
});

test('whoever was thrown out by WebRTC and looks back goes on, also on another connection', async () => {
  first = true;
  const { player } = await play('auto');
  player.start();
  await settle();
  asides[0]!.passed('An administrator ended it.');
  player.seek(5000);
  connections[0]!.events.message(hello);
  connections[0]!.events.closed(true, 'gone');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(connections.length).toBeGreaterThan(1);
  player.close();
});

test('an image is asked for where it is wanted, and has no past either', async () => {
  const { player, troubles } = await play('img');
  player.start();
  await settle();
  expect([connections.length, asides[0]!.asked]).toEqual([0, ['image']]);
  player.seek(5000);
  await settle();
  expect([asides[0]!.asked, troubles]).toEqual([['image'], ['Recordings cannot be shown this way.']]);
  player.close();
});

test('where its server is gone it goes on at another node, and a refusal stays the word', async () => {
  const asked = vi.fn((url: URL) => {
    if (url.pathname.endsWith('/nodes')) return Promise.resolve(new Response(JSON.stringify({ nodes: ['http://127.0.0.2/live/front?way=w'], here: '' })));
    return url.hostname === '127.0.0.2' ? Promise.resolve(new Response('wrong or expired login\n', { status: 401 })) : Promise.reject(new TypeError('gone'));
  });
  vi.stubGlobal('fetch', asked);
  vi.stubGlobal('Image', class { set src(_: string) { (this as unknown as { onerror: () => void }).onerror(); } removeAttribute(): void {} });
  const { player, troubles } = await play('mse');
  const hosts = (): string[] => connections.map(({ url }) => url.hostname);
  await import('./nodes'); // which takes as long as it takes, and no time of the player's
  player.start();
  connections[0]!.events.opened();
  connections[0]!.events.message({ ...hello, nodes: true });
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(500);
    expect(asked).toHaveBeenCalled();
  });
  await vi.advanceTimersByTimeAsync(0);
  connections[0]!.events.closed(true, '');
  await vi.advanceTimersByTimeAsync(100);
  expect(hosts()).toEqual(['127.0.0.1', '127.0.0.2']);
  connections[1]!.events.closed(false, '');
  await vi.advanceTimersByTimeAsync(10);
  expect(troubles.at(-1)).toBe('wrong or expired login');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(hosts()).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.1']);
  connections[2]!.events.closed(false, '');
  await vi.advanceTimersByTimeAsync(10);
  expect(troubles.at(-1)).toBe('wrong or expired login');
  player.close();
});

test('who was ended by an administrator goes to no other node', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify({ nodes: ['http://127.0.0.2/live/front'], here: '' }))));
  const { player } = await play('mse');
  player.start();
  connections[0]!.events.message({ ...hello, nodes: true });
  await vi.advanceTimersByTimeAsync(1000);
  connections[0]!.events.message({ type: 'error', code: 403, message: 'ended' });
  connections[0]!.events.closed(true, '');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connections.length).toBe(1);
  player.close();
});

const jpeg = { ...hello, codec: 'jpeg' } as const; // of which no machine is too slow

// asks has HTTP answer when it is told to.
function asks(): (status: number) => Promise<unknown> {
  let answer: (response: Response) => void;
  const answered = new Promise<Response>((resolve) => (answer = resolve));
  vi.stubGlobal('fetch', () => answered);
  return (status) => (answer(new Response('camera offline', { status })), settle());
}

// outage has a player lose its connection, and the next one not open, until there is a third.
async function outage() {
  const answers = asks();
  const played = await play('auto');
  played.player.start();
  connections[0]!.events.message(jpeg);
  connections[0]!.events.closed(true, '');
  await vi.advanceTimersByTimeAsync(250);
  connections[1]!.events.closed(false, '');
  await vi.advanceTimersByTimeAsync(500);
  expect(connections.length).toBe(3);
  return { ...played, answers };
}

const open = () => connections.filter(({ closed }) => !closed);

test.each([200, 503])('what HTTP has to say after an outage (%d) is no matter once there is a connection', async (status) => {
  const { player, states, answers } = await outage();
  connections[2]!.events.message(jpeg);
  await answers(status);
  await vi.advanceTimersByTimeAsync(30_000);
  expect([connections.length, open(), asides.length]).toEqual([3, [connections[2]], 0]);
  expect(states.at(-1)).not.toBe('error');
  player.close();
});

test('an answer over HTTP while the next attempt is under way leaves it to that', async () => {
  const { player, answers } = await outage();
  await answers(200);
  await vi.advanceTimersByTimeAsync(5000);
  connections[2]!.events.message(jpeg);
  await vi.advanceTimersByTimeAsync(30_000);
  expect([connections.length, open(), asides.length]).toEqual([3, [connections[2]], 0]);
  player.close();
});

test('a refusal over HTTP while the next attempt is under way ends that, and another follows later', async () => {
  const { player, answers } = await outage();
  await answers(503);
  await vi.advanceTimersByTimeAsync(4500);
  expect([connections.length, open()]).toEqual([3, []]);
  await vi.advanceTimersByTimeAsync(6000);
  expect([connections.length, open()]).toEqual([4, [connections[3]]]);
  player.close();
});

test('an image is asked for where HTTP has an answer and no WebSocket comes through, time and again', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('a picture')));
  const { player } = await play('auto');
  const fails = async (): Promise<string[] | undefined> => {
    open()[0]!.events.closed(false, '');
    await vi.advanceTimersByTimeAsync(5000);
    return asides[0]?.asked;
  };
  player.start();
  expect(await fails()).toBeUndefined();
  open()[0]!.events.message(jpeg);
  open()[0]!.events.closed(true, '');
  await vi.advanceTimersByTimeAsync(5000);
  expect(await fails()).toBeUndefined();
  player.retryNow();
  expect(await fails()).toBeUndefined();
  expect(await fails()).toEqual(['image']);
  expect(open()).toEqual([]);
  player.close();
});

test('an answer over HTTP is no matter where WebRTC is tried meanwhile', async () => {
  const answers = asks();
  const { player } = await play('auto');
  player.start();
  connections[0]!.events.closed(false, '');
  first = true; // it may be tried again
  await vi.advanceTimersByTimeAsync(250);
  await answers(503);
  await vi.advanceTimersByTimeAsync(30_000);
  expect([connections.length, asides[0]!.asked]).toEqual([1, ['begin']]);
  player.close();
});
