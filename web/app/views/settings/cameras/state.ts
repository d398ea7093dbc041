// What a camera does, in words and a colour.

import type { CameraStatus } from '../../../live.svelte';
import type { Text } from '../../../text.svelte';
import { cameras } from '../../../texts/settings-cameras';

/** A word, and how good it is. */
export interface Shown {
  readonly text: Text;
  readonly tone: 'good' | 'warn' | 'bad' | 'quiet';
}

/** How it stands with a camera's pictures; null where nothing is known. */
export function stateOf(status: CameraStatus | undefined): Shown | null {
  switch (status?.state) {
    case 'online':
      return { text: cameras.online, tone: 'good' };
    case 'connecting':
      return { text: cameras.connecting, tone: 'warn' };
    case 'offline':
      return { text: cameras.offline, tone: 'bad' };
    case 'idle':
      return { text: cameras.idle, tone: 'quiet' };
  }
  return null;
}

/** How it stands with its recording; null where there is none. */
export function recordingOf(status: CameraStatus | undefined): Shown | null {
  switch (status?.recording?.state) {
    case undefined:
      return null;
    case 'off':
      return status?.recording?.mode === 'scheduled' ? { text: cameras.recordingLater, tone: 'quiet' } : null;
    case 'recording':
      return { text: cameras.recording, tone: 'good' };
    case 'waiting':
      return { text: cameras.recordingWaits, tone: 'warn' };
  }
  return { text: cameras.recordingBad, tone: 'bad' };
}

/** The names of codecs as people write them. */
export function codecName(codec: string | undefined): string {
  const names: Record<string, string> = { jpeg: 'JPEG', h264: 'H.264', h265: 'H.265', aac: 'AAC', opus: 'Opus', pcma: 'G.711 A', pcmu: 'G.711 µ' };
  return names[codec ?? ''] ?? codec ?? '';
}
