import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Address } from './address';
import { peers, standIn } from './fakepeer';
import type { Stage } from './stage';

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules(); // a page of its own
  standIn();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// other gives what shows a camera without a WebSocket, and notes what the player is told.
async function other(insists: boolean) {
  const { Aside } = await import('./aside');
  const ignore = (): void => {};
  const stage: Stage = { show: ignore, pictured: ignore, say: ignore, sized: ignore, measured: ignore, played: ignore, sounds: ignore, muted: ignore, trouble: ignore };
  const address = new Address('/live/front', 'http://gate.test/', { width: null, height: null, fps: null, quality: null });
  const passed: (boolean | string)[] = [];
  const it = new Aside(() => address, insists, stage, { muted: true, volume: 1 }, (to) => passed.push(to));
  return { it, passed };
}

test('a browser whose WebRTC cannot show it is told of once, and not tried again soon', async () => {
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => ({ codecs: [{ mimeType: 'video/VP8' }] }) });
  const { it, passed } = await other(false);
  expect([it.begin(), passed]).toEqual([true, [false]]); // or a second WebSocket would be opened
  expect([it.begin(), passed, peers]).toEqual([false, [false], []]);
});

test('who asks for WebRTC by name has it tried for as long as it takes', async () => {
  vi.stubGlobal('RTCRtpReceiver', { getCapabilities: () => ({ codecs: [] }) });
  const { it, passed } = await other(true);
  expect([it.begin(), it.begin(), passed]).toEqual([true, true, []]);
  it.end();
});
