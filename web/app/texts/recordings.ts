// Texts of the view of what was recorded.

import type { Text } from '../text.svelte';

export const recordings = {
  parts: ['What of the recordings', 'Was von den Aufnahmen'],
  marks: ['Marks', 'Markierungen'],
  exports: ['Files', 'Dateien'],
  storage: ['Storage', 'Speicher'],

  // Who sees nothing.
  notAllowed: ['You may not see recordings', 'Sie dürfen keine Aufnahmen sehen'],
  notAllowedWords: ['It takes the permission “playback” for a camera. An administrator can give it to you.', 'Dafür brauchen Sie die Berechtigung „playback“ für eine Kamera. Die Administration kann sie Ihnen geben.'],
  noCameras: ['There are no cameras yet', 'Es gibt noch keine Kameras'],
  noRecordings: ['Nothing is recorded', 'Es wird nichts aufgenommen'],
  noRecordingsAdmin: ['The settings of each camera say what of it is recorded, and how long that is kept.', 'In den Einstellungen jeder Kamera steht, was von ihr aufgenommen und wie lange es aufbewahrt wird.'],
  noRecordingsWords: ['An administrator can have cameras recorded.', 'Die Administration kann Kameras aufnehmen lassen.'],
  toSettings: ['To the settings of the cameras', 'Zu den Einstellungen der Kameras'],

  // Filters.
  filters: ['Which marks', 'Welche Markierungen'],
  camera: ['Camera', 'Kamera'],
  allCameras: ['All cameras', 'Alle Kameras'],
  kind: ['Kind', 'Art'],
  anyKind: ['Any', 'Jede'],
  time: ['Time', 'Zeit'],
  times: {
    any: ['Any time', 'Beliebig'],
    today: ['Today', 'Heute'],
    yesterday: ['Yesterday', 'Gestern'],
    week: ['Last 7 days', 'Letzte 7 Tage'],
    month: ['Last 30 days', 'Letzte 30 Tage'],
    own: ['From … to …', 'Von … bis …'],
  },
  from: ['From', 'Von'],
  to: ['To', 'Bis'],
  keptOnly: ['Protected only', 'Nur geschützte'],
  reset: ['Show all', 'Alle zeigen'],

  // Marks.
  kept: ['Protected', 'Geschützt'],
  open: ['goes on', 'dauert an'],
  edit: ['Edit', 'Bearbeiten'],
  look: (kind: string, camera: string, time: string): Text => [`${kind}, ${camera}, ${time}`, `${kind}, ${camera}, ${time}`],
  noPicture: ['No picture', 'Kein Bild'],
  noMarks: ['There are no marks yet', 'Es gibt noch keine Markierungen'],
  noMarksWords: [
    'On the page of a camera, M marks the moment that you see. Detectors of motion and other programs mark by the API.',
    'Auf der Seite einer Kamera markiert M, was Sie gerade sehen. Bewegungsmelder und andere Programme markieren über die API.',
  ],
  noneFound: ['No mark is like that', 'Keine Markierung passt dazu'],
  more: ['Show more', 'Mehr zeigen'],
  today: ['Today', 'Heute'],
  yesterday: ['Yesterday', 'Gestern'],
  toCome: ['To come', 'Bevorstehend'],
} as const;

type Texts = { readonly [key: string]: Text | ((...values: never[]) => Text) | Texts };
recordings satisfies Texts;
