import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Packet, SoundCodec, SoundMessage } from './protocol';
import type { SoundState } from './sound';
import type { Beginning, Hearing, Portion, SpeakerEvents, SpeakerKind } from './speaker';
import aac from './testdata/aac-init.mp4?inline';

class Fake {
  readonly begun: Beginning[] = [];
  readonly portions: Portion[] = [];
  readonly painted: number[] = [];
  readonly sync = { painted: (mediaMs: number) => this.painted.push(mediaMs), holdMs: () => 77, behindMs: 5 };
  volume: number;
  rests = 0;
  closed = false;
  constructor(
    readonly kind: string,
    volume: number,
    readonly events: SpeakerEvents,
  ) {
    this.volume = volume;
    speakers.push(this);
  }
  begin(beginning: Beginning): void {
    this.begun.push(beginning);
  }
  take(portion: Portion): void {
    this.portions.push(portion);
  }
  rest(): void {
    this.rests++;
  }
  setVolume(volume: number): void {
    this.volume = volume;
  }
  close(): void {
    this.closed = true;
  }
}

const speakers: Fake[] = [];
let hears: Hearing;

let there: boolean; // what plays sound

vi.mock('./later', async () => {
  const { parseSound, parseSoundInit } = await import('./soundboxes');
  const speakerOf = (kind: SpeakerKind, volume: number, events: SpeakerEvents) => new Fake(kind, volume, events);
  const speakers = { hearing: () => Promise.resolve(hears), speakerOf, parseSound, parseSoundInit };
  return { load: () => Promise.resolve(there ? speakers : null) };
});

beforeEach(() => {
  vi.useFakeTimers();
  speakers.length = 0;
  there = true;
  hears = { worklet: ['aac', 'opus'], element: ['aac'] };
});
afterEach(() => vi.useRealTimers());

const sent: SoundMessage = { type: 'sound', codec: 'aac', mime: 'audio/mp4; codecs="mp4a.40.2"', message: '' };
const header = { key: true, backlog: false, discontinuity: false, behind: false, captureMs: 5000, unitOffset: 0 };
const init = (): Packet => ({ ...header, kind: 'soundInit', payload: Uint8Array.from(atob(aac.split(',')[1]!), (c) => c.charCodeAt(0)) });

// make gives the sound of a camera that is connected, and what came of it.
async function make() {
  const { Sound } = await import('./sound');
  const wishes: SoundCodec[][] = [];
  const states: SoundState[] = [];
  const refusals: string[] = [];
  const sound = new Sound({ wish: (codecs) => wishes.push(codecs), changed: (state) => states.push(state),
    refused: () => refusals.push('refused'),
    trouble: (message) => refusals.push(message) });
  sound.connected();
  sound.begin('h264', 90_000, true);
  return { sound, wishes, states, refusals, settle: () => vi.advanceTimersByTimeAsync(0) };
}

test('a player that is muted asks for no sound, and one that is not for what it can play', async () => {
  const { sound, wishes, states, settle } = await make();
  await settle();
  expect([wishes, speakers.length]).toEqual([[], 0]);
  expect(states).toEqual([{ available: true, codec: null, rate: 0, channels: 0, message: '' }]);
  sound.setVolume(0.5);
  sound.setMuted(false);
  await settle();
  expect(wishes).toEqual([['aac', 'opus']]);
  expect(speakers[0]).toMatchObject({ kind: 'worklet', volume: 0.5 });
  sound.answered(sent);
  sound.take(init());
  expect(speakers[0]!.begun).toMatchObject([{ mime: sent.mime, init: { codec: 'mp4a.40.2', rate: 48_000, channels: 2 } }]);
  expect(states.at(-1)).toEqual({ available: true, codec: 'aac', rate: 48_000, channels: 2, message: '' });
  expect(sound.holdMs()).toBe(77);
  sound.setMuted(true);
  expect(wishes.at(-1)).toEqual([]);
  expect(speakers[0]!.closed).toBe(true);
  expect(states.at(-1)!.codec).toBeNull();
  expect([sound.holdMs(), sound.behindMs]).toEqual([0, null]);
});

test('it asks again on another connection, and when the camera has sound that had none', async () => {
  const { sound, wishes, states, settle } = await make();
  sound.setMuted(false);
  await settle();
  sound.begin('h264', 90_000, true); // before there is an answer
  expect(wishes.length).toBe(1);
  sound.disconnected();
  sound.connected();
  expect(wishes.length).toBe(2);
  sound.begin('h264', 90_000, false);
  sound.answered({ ...sent, codec: null, message: 'The camera has no sound.' });
  expect(states.at(-1)).toMatchObject({ available: false, codec: null, message: 'The camera has no sound.' });
  sound.offered(true);
  expect(states.at(-1)!.available).toBe(true);
  expect(wishes.length).toBe(3);
  sound.answered(sent);
  expect(states.at(-1)!.message).toBe('');
  sound.begin('h264', 90_000, true); // as after a change of the size: the sound goes on
  expect(wishes.length).toBe(3);
  sound.close();
});

test('where the browser refuses it, it is muted again and says why', async () => {
  const { sound, wishes, states, refusals, settle } = await make();
  sound.setMuted(false);
  await settle();
  speakers[0]!.events.refused();
  expect(refusals).toEqual(['refused']);
  expect(wishes.at(-1)).toEqual([]);
  expect(states.at(-1)!.message).toContain('after a click');
  sound.setMuted(false); // by a click
  await settle();
  expect(speakers.length).toBe(2);
  expect(states.at(-1)!.message).toBe('');
  sound.close();
});

test('what cannot be played is tried in another codec, in another way, and later again', async () => {
  const { sound, wishes, states, refusals, settle } = await make();
  sound.setMuted(false);
  await settle();
  const next = async () => {
    speakers.at(-1)!.events.failed(new Error('It is broken.'));
    await settle();
  };
  sound.answered(sent);
  sound.take(init());
  await next(); // AAC in the worklet
  expect(wishes.slice(1)).toEqual([[], ['opus']]);
  await next(); // before any came: all of the worklet
  expect(speakers.at(-1)!.kind).toBe('element');
  expect(wishes.at(-1)).toEqual(['aac']);
  await next();
  expect(wishes.at(-1)).toEqual([]);
  expect(refusals).toEqual(['It is broken.', 'It is broken.', 'It is broken.']);
  expect(states.at(-1)!.message).toBe('The sound cannot be played: It is broken.');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(speakers.at(-1)!.kind).toBe('worklet');
  expect(wishes.at(-1)).toEqual(['aac', 'opus']);
  sound.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(speakers.length).toBe(4);
});

test('damaged sound costs sound alone', async () => {
  const { sound, wishes, settle } = await make();
  sound.setMuted(false);
  await settle();
  sound.answered(sent);
  sound.take({ ...init(), payload: new Uint8Array(9) });
  expect(speakers[0]!.closed).toBe(true);
  await settle();
  expect(wishes.at(-1)!.length).toBeGreaterThan(0); // in another way
  sound.picture({ ...header, kind: 'frame', payload: new Uint8Array(9) }, 0);
  sound.painted(5000, 5100);
  sound.close();
});

test('sound that comes before its init segment, or when none is wanted, is left out', async () => {
  const { sound, settle } = await make();
  const packet: Packet = { ...header, kind: 'sound', payload: new Uint8Array(9) };
  sound.take(packet);
  sound.setMuted(false);
  await settle();
  sound.take(packet);
  sound.take(init()); // of what was asked for before
  sound.answered(sent);
  sound.take(packet);
  expect(speakers[0]).toMatchObject({ closed: false, begun: [], portions: [] });
  sound.close();
});

test('a browser that plays nothing of it says so', async () => {
  hears = { worklet: [], element: [] };
  const { sound, wishes, states, settle } = await make();
  sound.setMuted(false);
  await settle();
  expect(wishes).toEqual([]);
  expect(states.at(-1)!.message).toContain('This browser plays none');
  sound.close();
});

test('what plays sound is tried again where it could not be loaded', async () => {
  there = false;
  const { sound, wishes, states, settle } = await make();
  sound.setMuted(false);
  await settle();
  expect(states.at(-1)!.message).toBe('What plays sound could not be loaded.');
  there = true;
  await vi.advanceTimersByTimeAsync(20_000);
  expect([speakers.length, wishes.at(-1)]).toEqual([1, ['aac', 'opus']]);
  sound.close();
});

// spoken is a packet of sound that begins at a media time and was recorded at another, in s.
function spoken(mediaS: number, captureMs: number): Packet {
  const payload = new Uint8Array(105);
  const view = new DataView(payload.buffer);
  const box = (at: number, size: number, name: string): void => {
    view.setUint32(at, size);
    payload.set(new TextEncoder().encode(name), at + 4);
  };
  box(0, 96, 'moof');
  box(8, 88, 'traf');
  box(16, 20, 'tfdt');
  view.setUint8(24, 1); // its version
  view.setBigUint64(28, BigInt(mediaS * 48_000));
  box(36, 60, 'trun');
  view.setUint32(44, 0x000300); // duration, size
  view.setUint32(48, 1);
  view.setUint32(52, 1024);
  view.setUint32(56, 1);
  return { ...header, kind: 'sound', captureMs, payload, unitOffset: 104 };
}

test('what is shown at another rate is not heard, and it says so to who wants to hear it', async () => {
  const { sound, wishes, states, settle } = await make();
  sound.hush('It is too fast.');
  expect(states.at(-1)).toMatchObject({ available: true, codec: null, message: '' });
  sound.setMuted(false);
  await settle();
  sound.answered(sent);
  sound.take(init());
  sound.take(spoken(1, 5000));
  sound.offered(false); // as far as the server knows
  expect(states.at(-1)).toEqual({ available: true, codec: null, rate: 0, channels: 0, message: 'It is too fast.' });
  expect([sound.holdMs(), speakers[0]!.portions.length]).toEqual([0, 0]);
  sound.hush(null);
  expect(states.at(-1)).toEqual({ available: false, codec: 'aac', rate: 48_000, channels: 2, message: '' });
  sound.take(spoken(2, 6000));
  expect([sound.holdMs(), speakers[0]!.portions.length]).toEqual([77, 1]);
  const { rests } = speakers[0]!;
  sound.hush('');
  expect(speakers[0]!.rests).toBe(rests + 1); // at once
  expect(states.at(-1)).toMatchObject({ codec: null, message: '' });
  expect(wishes.length).toBe(1);
  sound.close();
});

test('behind a leap JPEGs and their sound have another distance', async () => {
  const { sound, settle } = await make();
  sound.begin('jpeg', 0, true);
  sound.setMuted(false);
  await settle();
  sound.answered(sent);
  sound.take(init());
  const shows = (captureMs: number, backlog = false): void => {
    sound.picture({ ...header, kind: 'frame', captureMs, backlog, payload: new Uint8Array(9) }, 0);
    sound.painted(captureMs, 0);
  };
  sound.take(spoken(1, 100_000));
  shows(100_500);
  sound.leap();
  shows(50_000); // nobody knows yet where that is
  sound.take(spoken(2, 51_000));
  shows(49_000, true); // on the way to what was sought
  shows(51_250);
  expect(speakers[0]!.painted).toEqual([1500, 2250]);
  sound.close();
});
