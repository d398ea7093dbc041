import { describe, expect, it } from 'vitest';
import { delayWords, quiet, status, type Facts } from './status';

const live: Facts = {
  running: true, connected: true, shown: true, quietMs: 10, intervalMs: 33, camera: 'online', cameraMessage: '', past: null, trouble: '',
};

describe('status', () => {
  it.each([
    [{}, 'live', 'Live'],
    [{ running: false }, 'idle', 'Paused'],
    [{ connected: false, shown: false }, 'connecting', 'Connecting…'],
    [{ connected: false }, 'connecting', 'Connection lost. Trying again…'],
    [{ connected: false, trouble: 'no such camera' }, 'error', 'no such camera'],
    [{ camera: 'offline' as const, cameraMessage: 'unreachable' }, 'offline', 'Camera offline: unreachable'],
    [{ camera: 'connecting' as const, quietMs: null }, 'connecting', 'Connecting to the camera…'],
    [{ quietMs: null }, 'connecting', 'Waiting for a picture…'],
    [{ quietMs: 2500 }, 'stalled', 'No new pictures'],
    [{ quietMs: 2500, intervalMs: 1000 }, 'live', 'Live'],
    [{ quietMs: 2500, camera: 'connecting' as const }, 'connecting', 'Connecting to the camera…'],
    [{ past: { paused: false, end: false, message: '' }, camera: 'offline' as const }, 'playback', 'Recorded'],
    [{ past: { paused: true, end: false, message: '' }, quietMs: 60_000 }, 'playback', 'Recorded, paused'],
    [{ past: { paused: false, end: true, message: '' } }, 'playback', 'End of the recording'],
    [{ past: { paused: false, end: false, message: 'nothing then' } }, 'playback', 'No picture: nothing then'],
  ])('%o is %s: %s', (facts, state, words) => {
    expect(status({ ...live, ...facts })).toEqual({ state, words });
  });
});

describe('quiet', () => {
  it.each([
    [null, null],
    [{ rate: 1, paused: false }, null],
    [{ rate: 1, paused: true }, ''],
    [{ rate: 2, paused: true }, ''],
    [{ rate: 2, paused: false }, 'Sound is heard at normal speed only.'],
    [{ rate: -1, paused: false }, 'Sound is heard at normal speed only.'],
  ])('of %o it says %s', (past, words) => {
    expect(quiet(past)).toBe(words);
  });
});

describe('delayWords', () => {
  it.each([
    [-3, '0 ms'],
    [75.4, '75 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1234, '1.2 s'],
    [9960, '10 s'],
    [61_000, '61 s'],
    [119_400, '119 s'],
    [119_600, '2 min'],
    [171_000, '3 min'],
    [3_600_000, '60 min'],
    [7_160_000, '119 min'],
    [7_180_000, '2 h'],
    [86_400_000, '24 h'],
    [172_800_000, '2 days'],
    [30 * 86_400_000, '30 days'],
  ])('%d is %s', (ms, words) => {
    expect(delayWords(ms)).toBe(words);
  });
});
