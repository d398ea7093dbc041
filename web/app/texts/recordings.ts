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

  // Files that are made.
  make: ['Make a file…', 'Datei erstellen…'],
  noFiles: ['No file is being made', 'Es wird keine Datei erstellt'],
  noFilesWords: [
    'Of any stretch of what was recorded a video can be made, with the time in its pictures or as a timelapse, or a ZIP of several cameras.',
    'Aus jedem Stück der Aufnahmen lässt sich ein Video erstellen, mit der Uhrzeit im Bild oder als Zeitraffer, oder ein ZIP mehrerer Kameras.',
  ],
  span: (from: string, to: string, length: string): Text => [`${from} to ${to} (${length})`, `${from} bis ${to} (${length})`],
  withClock: ['time in the picture', 'Uhrzeit im Bild'],
  silent: ['without sound', 'ohne Ton'],
  timesFast: (n: string): Text => [`${n} times as fast`, `${n}-mal so schnell`],
  wide: (n: string): Text => [`${n} pixels wide at most`, `höchstens ${n} Pixel breit`],
  askedBy: (who: string): Text => [`by ${who}`, `von ${who}`],
  keptUntil: (when: string): Text => [`deleted ${when}`, `wird ${when} gelöscht`],
  download: ['Download', 'Herunterladen'],
  cancelFile: ['Cancel', 'Abbrechen'],
  again: ['Make again…', 'Erneut erstellen…'],
  deleteFile: ['Delete this file?', 'Diese Datei löschen?'],
  deleteFileWords: (name: string): Text => [`${name}. What it was made of stays.`, `${name}. Die Aufnahmen, aus denen sie erstellt wurde, bleiben.`],

  // The form for one.
  makeTitle: ['Make a file', 'Datei erstellen'],
  makeWords: [
    'It is made when no viewer needs the machine, and kept for 24 hours.',
    'Sie wird erstellt, sobald niemand die Rechenleistung zum Ansehen braucht, und 24 Stunden aufbewahrt.',
  ],
  ofCameras: ['Of which cameras', 'Von welchen Kameras'],
  asZip: ['Of several cameras it is a ZIP with a video of each.', 'Von mehreren Kameras wird es ein ZIP mit je einem Video.'],
  notBehind: ['The end has to be later than the beginning.', 'Das Ende muss nach dem Anfang liegen.'],
  normalSpeed: ['Normal', 'Normal'],
  lapse: (n: string): Text => [`Timelapse, ${n} times as fast`, `Zeitraffer, ${n}-mal so schnell`],
  lasts: (length: string): Text => [`The video will last ${length}.`, `Das Video wird ${length} lang.`],
  burnClock: ['Show the time in the picture', 'Uhrzeit im Bild zeigen'],
  exact: ['Begin and end exactly, which takes encoding', 'Auf das Bild genau schneiden (wird dafür kodiert)'],
  leaveSound: ['Leave out the sound', 'Ton weglassen'],
  size: ['Size', 'Größe'],
  original: ['As it was recorded', 'Wie aufgenommen'],
  makeIt: ['Make it', 'Erstellen'],
} as const;

type Texts = { readonly [key: string]: Text | ((...values: never[]) => Text) | Texts };
recordings satisfies Texts;
