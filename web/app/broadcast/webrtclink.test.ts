import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { peers, server, standIn } from '../../player/fakepeer';
import type { Went } from './links';
import { WebRTCLink } from './webrtclink';

vi.mock('../root', () => ({ address: (path: string) => `http://cam.lan:8080/${path}` }));

const answered = { body: server.body, headers: server.headers };
const video = { kind: 'video', getSettings: () => ({ width: 1280, height: 720 }) } as MediaStreamTrack;
const audio = { kind: 'audio' } as MediaStreamTrack;

beforeEach(() => {
  vi.useFakeTimers();
  standIn();
  Object.assign(server, answered, { headers: { Location: '/live/phone/whip/7' } });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function open(sound: MediaStreamTrack | null = null): Promise<WebRTCLink> {
  const opening = WebRTCLink.open('my phone', 'token', { video, audio: sound });
  await vi.advanceTimersByTimeAsync(1);
  peers.at(-1)!.becomes('connected');
  return opening;
}

it('sends the camera, as good as is wanted, and tells how it goes', async () => {
  const link = await open();
  expect(server.asked[0]!.url).toBe('http://cam.lan:8080/live/my%20phone/whip?publisher=token');
  expect(peers[0]!.transceivers).toEqual([{ kind: 'video', direction: 'sendonly' }]); // nobody waits for sound
  await link.pace({ fps: 10, quality: 0.5, longest: 640 });
  expect(peers[0]!.senders[0]!.parameters.encodings).toEqual([{ maxFramerate: 10, scaleResolutionDownBy: 2, maxBitrate: 172_800 }]);
  await link.pace({ fps: 1, quality: 0.5, longest: 640 });
  expect(peers[0]!.senders[0]!.parameters.encodings).toMatchObject([{ maxFramerate: 1, maxBitrate: 100_000 }]);
  const all: Went[] = [];
  link.follow((went) => all.push(went));
  const stats = (framesSent: number, bytesSent: number, timestamp: number) => [
    { type: 'outbound-rtp', kind: 'video', framesSent, bytesSent, headerBytesSent: 10 },
    { type: 'remote-inbound-rtp', kind: 'video', roundTripTime: 0.05, timestamp },
  ];
  peers[0]!.stats = stats(10, 1000, 1);
  await vi.advanceTimersByTimeAsync(1000);
  peers[0]!.stats = stats(25, 3000, 2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(all).toMatchObject([{ sent: 10, bytes: 1010 }, { sent: 15, bytes: 2000, tripMs: 50, silentMs: 0 }]);
  expect(link.delivered).toBe(true);
  await vi.advanceTimersByTimeAsync(9000);
  expect(all.at(-1)!.silentMs).toBe(9000);
  await vi.advanceTimersByTimeAsync(2000);
  expect((await link.closed).kind).toBe('silent');
  expect(server.asked.at(-1)).toMatchObject({ method: 'DELETE', url: 'http://cam.lan:8080/live/phone/whip/7' });
});

it('connects anew for the first sound, and then sends what there is of it', async () => {
  const mute = await open();
  mute.listen(null);
  let answer = (): void => {};
  server.held = new Promise((resolve) => (answer = resolve));
  mute.listen(audio);
  let over = false;
  void mute.closed.then(() => (over = true));
  await vi.advanceTimersByTimeAsync(100);
  expect([over, server.asked.at(-1)!.method]).toEqual([false, 'DELETE']); // the server is to know it ended before another comes
  answer();
  expect((await mute.closed).kind).toBe('free');
  const link = await open(audio);
  expect(peers[1]!.transceivers.map(({ kind }) => kind)).toEqual(['video', 'audio']);
  const said: string[] = [];
  link.onsound = (codec) => said.push(codec);
  await link.listen(null);
  expect([peers[1]!.senders[1]!.track, said]).toEqual([null, []]);
  await link.listen(audio);
  expect([peers[1]!.senders[1]!.track, said]).toEqual([audio, ['opus']]);
  link.close();
  expect((await link.closed).kind).toBe('closed');
});

it.each([
  [409, 'busy'],
  [401, 'denied'],
  [404, 'gone'],
  [0, 'unreachable'],
  [500, 'lost'],
  [502, 'unreachable'], // as a proxy says
  [504, 'unreachable'],
])('fails with what a server says by %d', async (status, kind) => {
  server.status = status;
  await expect(WebRTCLink.open('phone', 'token', { video, audio: null })).rejects.toMatchObject({ kind });
  expect(peers[0]!.closed).toBe(true);
});

it('tells a server that answers otherwise from one that does not', async () => {
  server.body = 'no answer to an offer';
  await expect(WebRTCLink.open('phone', 'token', { video, audio: null })).rejects.toMatchObject({ kind: 'silent' });
});

it('fails where nothing comes through', async () => {
  const opening = expect(WebRTCLink.open('phone', 'token', { video, audio: null })).rejects.toMatchObject({ kind: 'silent' });
  await vi.advanceTimersByTimeAsync(11_000);
  await opening;
  expect([peers[0]!.closed, server.asked.at(-1)!.method]).toEqual([true, 'DELETE']);
});

it.each([
  [409, 'replaced'],
  [403, 'gone'],
  [404, 'lost'],
])('is told why the server ended it, by %d', async (status, kind) => {
  const link = await open();
  server.status = status;
  peers[0]!.hungUp();
  expect((await link.closed).kind).toBe(kind);
});
