// Texts of the bar of time.

import type { Text } from '../text.svelte';

export const timebar = {
  time: ['Time bar', 'Zeitleiste'],
  keyStep: ['A step back or on', 'Einen Schritt zurück oder vor'],
  keyPage: ['A quarter of what is shown back or on', 'Ein Viertel des Gezeigten zurück oder vor'],
  keyEnds: ['To the oldest recording, or to live', 'Zur ältesten Aufnahme oder zu live'],
  keyZoom: ['Show less or more time', 'Weniger oder mehr Zeit zeigen'],
  keyMarks: ['To the previous or next mark', 'Zur vorherigen oder nächsten Markierung'],
  goTo: ['Go to a time', 'Zu einer Zeit springen'],
  example: ['-30m, yesterday 14:05, 2026-11-03 14:00', '-30m, gestern 14:05, 3.11.2026 14:00'],
  live: ['Live', 'Live'],
  toLive: ['Back to live', 'Zurück zu live'],
  play: ['Play', 'Abspielen'],
  pause: ['Pause', 'Anhalten'],
  speed: ['Speed', 'Geschwindigkeit'],
  zoomIn: ['Show less time', 'Weniger Zeit zeigen'],
  zoomOut: ['Show more time', 'Mehr Zeit zeigen'],
  previousMark: ['Previous mark', 'Vorherige Markierung'],
  nextMark: ['Next mark', 'Nächste Markierung'],
  markIn: ['Select from here on', 'Ab hier auswählen'],
  markOut: ['Select up to here', 'Bis hier auswählen'],
  clear: ['Clear the selection', 'Auswahl aufheben'],
  notRecorded: ['nothing recorded', 'nichts aufgenommen'],
  failed: ['The recordings cannot be looked at just now.', 'Die Aufnahmen sind gerade nicht zu erreichen.'],
} as const satisfies Record<string, Text>;

/** Says what is selected, and how long that is. */
export const selected = (from: string, to: string, length: string): Text => [`Selected: ${from} to ${to} (${length})`, `Ausgewählt: ${from} bis ${to} (${length})`];

/** Says what a mark is, of several how many. */
export const markWords = (kind: string, count: number): Text => (count > 1 ? [`${kind}, ${count} marks`, `${kind}, ${count} Markierungen`] : [kind, kind]);

/** Why a text is no time. */
export const faults = {
  form: ['That is no time. Write -30m, yesterday 14:05, 14:05, 2026-11-03 14:00 or now.', 'Das ist keine Zeit. Schreiben Sie -30m, gestern 14:05, 14:05, 3.11.2026 14:00 oder jetzt.'],
  unreal: ['There is no such day or time of day.', 'Diesen Tag oder diese Uhrzeit gibt es nicht.'],
  skipped: ['That time was left out: clocks were put forward.', 'Diese Zeit gab es nicht: Die Uhren wurden vorgestellt.'],
  future: ['That is yet to come.', 'Das liegt in der Zukunft.'],
} as const satisfies Record<string, Text>;

// What the server says of gaps. Other reasons are errors of the system, and stay as they are.
const reasons: Record<string, Text> = {
  'the camera was away': ['the camera was away', 'die Kamera war nicht da'],
  'the camera sent nothing': ['the camera sent nothing', 'die Kamera hat nichts gesendet'],
  'no picture came': ['no picture came', 'es kam kein Bild'],
  'framegate did not run': ['Framegate did not run', 'Framegate lief nicht'],
  lost: ['the files are lost', 'die Dateien sind verloren'],
  full: ['the disk was full', 'der Speicher war voll'],
  missing: ['the disk was not there', 'der Speicher war nicht da'],
  read_only: ['the disk could not be written', 'der Speicher war nicht beschreibbar'],
  slow: ['the disk was too slow', 'der Speicher war zu langsam'],
};

/** Says why something was not recorded. */
export function reasonText(reason: string): Text {
  const away = /^node (\S+) cannot be reached/.exec(reason)?.[1];
  if (away) return [reason, `Server ${away} ist nicht erreichbar, und was er aus dieser Zeit hat, fehlt hier`];
  const moved = /^the camera went from node (\S+) to node (\S+)$/.exec(reason);
  if (moved) return [reason, `die Kamera ging von Server ${moved[1]} zu Server ${moved[2]}`];
  return reasons[reason] ?? [reason, reason];
}
