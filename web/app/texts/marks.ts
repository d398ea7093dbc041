// Texts of the form for a mark.

import type { Text } from '../text.svelte';

export const marks = {
  kind: ['Kind', 'Art'],
  kindHint: ['Letters, digits, dots, dashes', 'Buchstaben, Ziffern, Punkte, Striche'],
  note: ['Note', 'Notiz'],
  keep: ['Protect from deletion', 'Vor dem Löschen schützen'],
  endHere: ['It ended here', 'Endete hier'],
  endNow: ['It ends now', 'Endet jetzt'],
  by: (who: string): Text => [`by ${who}`, `von ${who}`],
  deleteMark: ['Delete this mark?', 'Diese Markierung löschen?'],
  deleteMarkWords: (kind: string, time: string): Text => [
    `The mark “${kind}” of ${time}. What it protects may then be deleted with age.`,
    `Die Markierung „${kind}“ von ${time}. Was sie schützt, kann danach mit dem Alter gelöscht werden.`,
  ],
} as const;

marks satisfies Record<string, Text | ((...values: never[]) => Text)>;
