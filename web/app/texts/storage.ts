// Texts of how much is kept of what was recorded.

import type { Text } from '../text.svelte';

export const storage = {
  // The disk.
  disk: ['Disk', 'Datenträger'],
  missing: ['The disk is not there.', 'Der Datenträger ist nicht da.'],
  missingWords: ['Nothing is recorded until it is back. Check that it is connected and mounted; nothing was deleted.', 'Bis er wieder da ist, wird nichts aufgenommen. Prüfen Sie, ob er angeschlossen und eingehängt ist; gelöscht wurde nichts.'],
  away: ['It does not answer. What it keeps is in no figure here.', 'Er antwortet nicht. Was er aufbewahrt, ist hier nirgends mitgezählt.'],
  keepsNothing: ['It has recorded nothing yet.', 'Er hat noch nichts aufgenommen.'],
  recordedPart: ['Recordings', 'Aufnahmen'],
  protectedPart: ['Protected by marks', 'Durch Markierungen geschützt'],
  otherPart: ['Other files', 'Andere Dateien'],
  freePart: ['Free', 'Frei'],
  upTo: (size: string): Text => [`Recordings may take ${size} in all.`, `Aufnahmen dürfen zusammen ${size} belegen.`],
  upToDisk: ['Recordings may fill the disk.', 'Aufnahmen dürfen den Datenträger füllen.'],
  keepsFree: (size: string): Text => [`${size} of it stay free.`, `${size} bleiben frei.`],
  nearFull: ['The disk is as full as it may become. The oldest recordings make room for new ones.', 'Der Datenträger ist so voll, wie er werden darf. Die ältesten Aufnahmen machen neuen Platz.'],
  crammed: ['Marks protect more than half of what recordings may take. Delete some, or allow more.', 'Markierungen schützen mehr als die Hälfte dessen, was Aufnahmen belegen dürfen. Löschen Sie welche, oder erlauben Sie mehr.'],
  slow: (seconds: number): Text => [
    `The disk is slow: if the power fails, the last ${seconds} seconds may be lost.`,
    `Der Datenträger ist langsam: Bei einem Stromausfall können die letzten ${seconds} Sekunden verloren gehen.`,
  ],
  remote: (kind: string): Text => [
    `It is a network drive (${kind}), on which the index may be damaged. Better use a local disk.`,
    `Es ist ein Netzlaufwerk (${kind}), auf dem der Index Schaden nehmen kann. Besser ist ein lokaler Datenträger.`,
  ],

  // A camera.
  removed: ['Removed', 'Entfernt'],
  nextSteps: {
    waiting: ['Recording begins with the next picture. Look at the camera if none comes.', 'Die Aufnahme beginnt mit dem nächsten Bild. Sehen Sie nach der Kamera, wenn keines kommt.'],
    slow: ['Pictures wait in memory. If this stays so, the disk is too slow for this many cameras.', 'Bilder warten im Arbeitsspeicher. Bleibt das so, ist der Datenträger zu langsam für so viele Kameras.'],
    full: ['Allow recordings more room, delete marks that protect, or free the disk.', 'Erlauben Sie den Aufnahmen mehr Platz, löschen Sie schützende Markierungen, oder schaffen Sie Platz auf dem Datenträger.'],
    read_only: ['Check the file system of the disk, and who may write there.', 'Prüfen Sie das Dateisystem des Datenträgers und wer dort schreiben darf.'],
    missing: ['Check that the disk is connected and mounted.', 'Prüfen Sie, ob der Datenträger angeschlossen und eingehängt ist.'],
  },
  crowded: [
    'Marks protect more than half of what may be kept of this camera. Delete some, or allow more.',
    'Markierungen schützen mehr als die Hälfte dessen, was von dieser Kamera aufbewahrt werden darf. Löschen Sie welche, oder erlauben Sie mehr.',
  ],
  ownerAway: ['Its node does not answer', 'Ihr Knoten antwortet nicht'],
  keptAt: ['At', 'Auf'],
  oldest: ['Oldest', 'Älteste Aufnahme'],
  size: ['Size', 'Größe'],
  ofItProtected: (size: string): Text => [`${size} protected`, `davon ${size} geschützt`],
  aDay: ['A day takes', 'Ein Tag belegt'],
  keptFor: ['At this rate kept for', 'So aufbewahrt für'],
  noBound: ['no limit is in sight', 'keine Grenze in Sicht'],
  nothingYet: ['Nothing is kept of it yet.', 'Von ihr ist noch nichts aufbewahrt.'],
  counting: ['What there is of it is being counted.', 'Ihr Bestand wird gerade gezählt.'],
  longYears: ['more than ten years', 'mehr als zehn Jahre'],
  firstFile: ['Its first file is being written.', 'Ihre erste Datei wird gerade geschrieben.'],
  bounds: {
    max_age: ['its limit of age', 'ihre Altersgrenze'],
    max_bytes: ['its limit of size', 'ihre Größengrenze'],
    'recordings.max_bytes': ['the limit of all recordings', 'die Grenze aller Aufnahmen'],
    'recordings.min_free': ['then the disk is full', 'dann ist der Datenträger voll'],
  },

  // Its limits.
  limits: ['Limits', 'Grenzen'],
  limitsOf: (name: string): Text => [`Limits of ${name}`, `Grenzen von ${name}`],
  would: ['What that would do', 'Was das bewirkt'],
  wouldGo: (size: string, from: string, to: string): Text => [`${size} would be deleted at once, from ${from} to ${to}.`, `${size} würden sofort gelöscht, von ${from} bis ${to}.`],
  wouldStay: ['Nothing would be deleted at once.', 'Sofort gelöscht würde nichts.'],
  wouldKeep: (length: string): Text => [`At the present rate what is recorded stays ${length}:`, `Beim jetzigen Umfang bleibt Aufgenommenes ${length}:`],
  wouldForEver: ['At the present rate no limit is in sight.', 'Beim jetzigen Umfang ist keine Grenze in Sicht.'],
  wouldFill: ['Marks protect so much of that that nothing more could be recorded.', 'Markierungen schützen davon so viel, dass nichts mehr aufgenommen werden könnte.'],
  ofFile: ['This camera is set in the configuration file, where it would say:', 'Diese Kamera steht in der Konfigurationsdatei; dort hieße es:'],
  saveTitle: ['Delete older recordings?', 'Ältere Aufnahmen löschen?'],
  saveWords: (name: string, size: string): Text => [`These limits delete ${size} of ${name} at once.`, `Diese Grenzen löschen sofort ${size} von ${name}.`],

  // Deleting.
  erase: ['Delete recordings of a stretch of time', 'Aufnahmen eines Zeitraums löschen'],
  eraseWords: [
    'For privacy: at once, and whatever marks protect it. Files are deleted whole, so about a minute before and after goes too, and files that were made of it.',
    'Zum Schutz der Privatsphäre: sofort, auch was Markierungen schützen. Aufnahmedateien werden ganz gelöscht, also auch etwa eine Minute davor und danach, und Dateien, die daraus erstellt wurden.',
  ],
  choose: ['Choose…', 'Wählen…'],
  eraseTitle: ['Delete these recordings?', 'Diese Aufnahmen löschen?'],
  eraseConfirm: (name: string, from: string, to: string): Text => [
    `All that was recorded of ${name} from ${from} to ${to} will be gone for good.`,
    `Alles, was von ${name} zwischen ${from} und ${to} aufgenommen wurde, ist danach endgültig weg.`,
  ],
  eraseDeed: ['Delete recordings', 'Aufnahmen löschen'],
  erased: (n: number, size: string): Text => (n === 1 ? [`One file (${size}) was deleted.`, `Eine Datei (${size}) wurde gelöscht.`] : [`${n} files (${size}) were deleted.`, `${n} Dateien (${size}) wurden gelöscht.`]),
  erasedNothing: ['Nothing was recorded then.', 'In diesem Zeitraum war nichts aufgenommen.'],
} as const;

type Texts = { readonly [key: string]: Text | ((...values: never[]) => Text) | Texts };
storage satisfies Texts;
