import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeVideo, peers, server, standIn } from './fakepeer';
import type { Measure, Stage } from './stage';

const answered = { body: server.body, headers: server.headers };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  vi.resetModules(); // a page of its own
  standIn();
  Object.assign(server, answered);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// view shows a camera, and notes what is told.
async function view(wish: { insists?: boolean; beside?: boolean; muted?: boolean; unwanted?: boolean } = {}) {
  const { WebRTCView } = await import('./webrtcview');
  const { Line, mayTry } = await import('./line');
  const { wallMs } = await import('./clock');
  const told: string[] = [];
  const measures: Measure[] = [];
  const stage: Stage = {
    show: (_surface, mode) => told.push(`show ${mode}`),
    pictured: () => told.push('pictured'),
    say: ({ state, words }) => told.at(-1) !== `${state}: ${words}` && told.push(`${state}: ${words}`),
    sized: () => {},
    measured: (measure) => measures.push(measure),
    played: () => {},
    sounds: ({ available, codec, message }) => told.push(`sound ${available} ${codec} ${message}`),
    muted: () => told.push('muted'),
    trouble: (_code, message) => told.push(`trouble: ${message}`),
  };
  const url = (): URL => new URL('http://gate.test/live/front/whep?sig=x');
  const it = new WebRTCView({ url, muted: wish.muted ?? true, volume: 1, insists: wish.insists ?? false, line: wish.beside ? new Line() : null }, stage, {
    ready: () => (told.push('ready'), wish.unwanted && it.close()),
    over: () => told.push('over'),
    ended: (why) => told.push(`ended: ${why}`),
  });
  it.open();
  await vi.advanceTimersByTimeAsync(1);
  return { it, told, measures, blocked: () => !mayTry(wallMs()) };
}

// goOn has a connection show pictures for some time.
async function goOn(ms: number, more: Record<string, unknown> = {}): Promise<void> {
  const peer = peers.at(-1)!;
  for (; ms > 0; ms -= 500) {
    const before = (peer.stats[0] ?? {}) as { packetsReceived?: number; framesDecoded?: number };
    peer.stats = [
      { type: 'inbound-rtp', kind: 'video', packetsReceived: (before.packetsReceived ?? 0) + 100, framesDecoded: (before.framesDecoded ?? 0) + 12, framesPerSecond: 25, ...more },
    ];
    await vi.advanceTimersByTimeAsync(500);
  }
}

test('an offer goes out at once and without candidates, and its end is told', async () => {
  const { it, told } = await view();
  expect(peers[0]!.transceivers).toEqual([{ kind: 'video', direction: 'recvonly' }, { kind: 'audio', direction: 'recvonly' }]);
  expect(server.asked).toEqual([{ method: 'POST', url: 'http://gate.test/live/front/whep?sig=x', body: expect.stringContaining('useinbandfec=1;stereo=1') }]);
  peers[0]!.becomes('connected');
  await goOn(1000);
  expect(told).toEqual(['show webrtc', 'connecting: Connecting…', 'ready', 'pictured', 'sound true null ', 'live: Live']);
  it.close();
  await vi.advanceTimersByTimeAsync(1);
  expect(server.asked[1]).toMatchObject({ method: 'DELETE', url: 'http://gate.test/live/front/whep/7' });
  expect(peers[0]!.closed).toBe(true);
  it.close();
  expect(server.asked.length).toBe(2);
});

test('beside a WebSocket nothing is said before the first picture, and the other is tried again when the line is good', async () => {
  const { told } = await view({ beside: true });
  peers[0]!.becomes('connected');
  await vi.advanceTimersByTimeAsync(2000);
  expect(told).toEqual([]);
  await goOn(500);
  expect(told).toEqual(['ready', 'show webrtc', 'pictured', 'sound true null ', 'live: Live']);
  await goOn(59_500);
  expect(told).not.toContain('over');
  await goOn(1000);
  expect(told.at(-1)).toBe('over');
  expect(server.asked.at(-1)!.method).toBe('DELETE');
});

test('a first picture that is not wanted any more covers nothing, and nothing is told of it', async () => {
  const { told, measures } = await view({ beside: true, unwanted: true });
  peers[0]!.becomes('connected');
  await goOn(2000);
  expect([told, measures]).toEqual([['ready'], []]);
});

test('what does not come through leaves the camera to a WebSocket, for some time', async () => {
  const { told, blocked } = await view();
  await vi.advanceTimersByTimeAsync(9000);
  expect(told).not.toContain('over');
  await vi.advanceTimersByTimeAsync(2000);
  expect(told.slice(-2)).toEqual(['trouble: WebRTC did not connect: nothing comes through on the port that the server has for it.', 'over']);
  expect([blocked(), peers[0]!.closed, server.asked.at(-1)!.method]).toEqual([true, true, 'DELETE']);
});

test('who asks for it by name is told why there is none, and it is tried again', async () => {
  const { it, told } = await view({ insists: true });
  peers[0]!.becomes('failed');
  expect(told.at(-1)).toBe('error: WebRTC did not connect: nothing comes through on the port that the server has for it.');
  it.retry(); // as a person asks
  expect(peers.length).toBe(2);
  server.status = 503;
  server.body = 'no pictures of front: dial tcp: refused\nmore';
  it.close();
  const refused = await view({ insists: true });
  expect(refused.told.at(-1)).toBe('error: no pictures of front: dial tcp: refused');
  expect(refused.blocked()).toBe(true); // of before: a camera that is away blocks nothing
  await vi.advanceTimersByTimeAsync(10_000);
  expect(server.asked.filter(({ method }) => method === 'POST').length).toBeGreaterThan(3);
  refused.it.close();
});

test.each([
  [404, 'there is no such address', true],
  [503, 'the camera is away', false],
  [0, 'The server cannot be reached.', false],
])('a server that answers %d', async (status, words, blocks) => {
  server.status = status;
  server.body = words;
  const { told, blocked } = await view();
  expect(told.slice(-2)).toEqual([`trouble: ${words}`, 'over']);
  expect(blocked()).toBe(blocks);
});

test('a connection that is lost is made anew, and the last picture stays until there is another', async () => {
  const { it, told } = await view();
  peers[0]!.becomes('connected');
  await goOn(1000);
  peers[0]!.becomes('disconnected');
  await vi.advanceTimersByTimeAsync(5500);
  expect(peers.length).toBe(2);
  expect(told.filter((words) => words.startsWith('trouble') || words === 'over')).toEqual([]);
  expect(told.filter((words) => words === 'show webrtc').length).toBe(2);
  peers[1]!.becomes('connected');
  await goOn(1000);
  expect(told.at(-1)).toBe('live: Live');
  it.close();
});

test('a session that others ended is over until a person asks', async () => {
  const { it, told } = await view({ beside: true });
  peers[0]!.becomes('connected');
  await goOn(1000);
  server.status = 403;
  server.body = 'an administrator ended this';
  peers[0]!.hungUp();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(peers.length).toBe(1);
  expect(told.slice(-3)).toEqual(['trouble: an administrator ended this', 'ended: an administrator ended this', 'error: an administrator ended this']);
  it.retry();
  expect(peers.length).toBe(2);
  it.close();
});

test('a camera that gives nothing more is asked for anew', async () => {
  const { it, told } = await view();
  peers[0]!.becomes('connected');
  await goOn(1000);
  await vi.advanceTimersByTimeAsync(5000);
  expect(told.at(-1)).toBe('stalled: No new pictures');
  await vi.advanceTimersByTimeAsync(7000);
  expect(peers.length).toBe(2);
  it.close();
});

test('sound is heard when it is asked for, or it is said why not', async () => {
  const { it, told } = await view();
  peers[0]!.becomes('connected');
  await goOn(500);
  it.setMuted(false);
  expect(told.at(-1)).toBe('sound true opus ');
  it.setMuted(true);
  FakeVideo.refuses = true;
  it.setMuted(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(told.slice(-2)).toEqual(['sound true null The browser plays sound only after a click or a key on this page.', 'muted']);
  it.close();
  server.body = 'v=0\r\nm=audio 9\r\na=rtpmap:0 PCMU/8000\r\n';
  const silent = await view();
  peers.at(-1)!.becomes('connected');
  await goOn(500);
  expect(silent.told).toContain('sound false null ');
  silent.it.close();
});

test('the delay is what the reports of the sender tell, and nothing where they do not', async () => {
  const { it, measures } = await view();
  const { wallMs } = await import('./clock');
  peers[0]!.becomes('connected');
  await goOn(500);
  expect(measures.at(-1)).toMatchObject({ delayMs: null, errorMs: null });
  const peer = peers[0]!;
  const nowMs = wallMs() + 500;
  peer.stats = [
    // Its clock is 4000 ms ahead of ours, and 20 ms are between: a report of 1000 ms ago was sent 10 ms before it came.
    { ...peer.stats[0], framesDecoded: 100, framesDropped: 3, jitterBufferDelay: 5, jitterBufferEmittedCount: 100, estimatedPlayoutTimestamp: nowMs + 4000 - 250 + 2_208_988_800_000 },
    { type: 'inbound-rtp', kind: 'audio', estimatedPlayoutTimestamp: nowMs + 4000 - 280 + 2_208_988_800_000 },
    { type: 'remote-outbound-rtp', kind: 'video', remoteTimestamp: nowMs - 1000 + 4000 - 10, timestamp: nowMs - 1000 },
    { type: 'candidate-pair', currentRoundTripTime: 0.02 },
  ];
  await vi.advanceTimersByTimeAsync(500);
  const { delayMs, errorMs, bufferMs, soundMs, shown, dropped } = measures.at(-1)!;
  expect(delayMs! - 250).toBeCloseTo(0, -1); // timers have whole milliseconds
  expect([errorMs, bufferMs, soundMs, shown, dropped]).toEqual([10, 50, null, 97, 3]);
  expect(it.takenMs).toBe(nowMs + 3750);
  it.setMuted(false);
  await vi.advanceTimersByTimeAsync(500);
  expect(measures.at(-1)!.soundMs).toBe(30);
  it.close();
});

test('the STUN servers of a server behind something are asked from the next connection on', async () => {
  server.headers = { ...answered.headers, Link: '<stun:stun.example:3478>; rel="ice-server"' };
  const { it } = await view({ insists: true });
  expect(peers[0]!.configuration.iceServers).toEqual([]);
  peers[0]!.becomes('failed');
  it.retry();
  await vi.advanceTimersByTimeAsync(1);
  expect(peers[1]!.configuration.iceServers).toEqual([{ urls: ['stun:stun.example:3478'] }]);
  const posts = () => server.asked.filter(({ method }) => method === 'POST').length;
  expect(posts()).toBe(1); // it waits for candidates
  peers[1]!.iceGatheringState = 'complete';
  peers[1]!.dispatchEvent(new Event('icegatheringstatechange'));
  await vi.advanceTimersByTimeAsync(1);
  expect(posts()).toBe(2);
  it.close();
});
