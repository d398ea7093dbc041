// Texts of the frame, and words that many views need.

import type { Text } from '../text.svelte';

export const common = {
  cameras: ['Cameras', 'Kameras'],
  recordings: ['Recordings', 'Aufnahmen'],
  settings: ['Settings', 'Einstellungen'],
  logOut: ['Log out', 'Abmelden'],
  logIn: ['Log in', 'Anmelden'],
  account: ['Account', 'Konto'],
  skip: ['Skip to the content', 'Zum Inhalt springen'],
  navigation: ['Main', 'Hauptnavigation'],
  close: ['Close', 'Schließen'],
  cancel: ['Cancel', 'Abbrechen'],
  save: ['Save', 'Speichern'],
  saved: ['Saved.', 'Gespeichert.'],
  remove: ['Remove', 'Entfernen'],
  delete: ['Delete', 'Löschen'],
  copy: ['Copy', 'Kopieren'],
  copied: ['Copied', 'Kopiert'],
  tryAgain: ['Try again', 'Erneut versuchen'],
  loading: ['Loading…', 'Wird geladen…'],
  lost: ['The server cannot be reached. Trying again…', 'Der Server ist nicht erreichbar. Neuer Versuch…'],
  nothingHere: ['There is nothing here', 'Hier ist nichts'],
  nothingHereWords: ['This address leads nowhere, or to what you may not see.', 'Diese Adresse führt nirgendwohin, oder zu etwas, das Sie nicht sehen dürfen.'],
  toCameras: ['To the cameras', 'Zu den Kameras'],
  viewFailed: ['This part of the app could not be loaded', 'Dieser Teil der App konnte nicht geladen werden'],
  keys: ['Keys', 'Tastenkürzel'],
  everywhere: ['Everywhere', 'Überall'],
  showKeys: ['Show what the keys do', 'Zeigen, was die Tasten tun'],
  keySpace: ['Space', 'Leertaste'],
  keyShift: ['Shift', 'Umschalt'],
} as const satisfies Record<string, Text>;
