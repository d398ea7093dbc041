// How the recording of a camera is, in the words of every view.

import type { Schemas } from '../api/client';
import type { Text } from '../text.svelte';

/** The states of the API. */
export const recordingStates = {
  off: ['Off', 'Aus'],
  waiting: ['Waiting for pictures', 'Wartet auf Bilder'],
  recording: ['Recording', 'Nimmt auf'],
  slow: ['The disk is behind', 'Der Datenträger kommt nicht nach'],
  full: ['No room', 'Kein Platz'],
  read_only: ['The disk is read-only', 'Der Datenträger ist schreibgeschützt'],
  missing: ['The disk is not there', 'Der Datenträger fehlt'],
} as const satisfies Record<Schemas['RecordingStatus']['state'], Text>;

/** How the making of a file is. */
export const fileStates = {
  waiting: ['waits for its turn', 'wartet'],
  running: ['is being made', 'wird erstellt'],
  done: ['ready', 'fertig'],
  failed: ['failed', 'fehlgeschlagen'],
  canceled: ['cancelled', 'abgebrochen'],
} as const satisfies Record<Schemas['Export']['state'], Text>;
