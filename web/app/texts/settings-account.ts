// Texts of one's own account, and of how the app looks.

import type { Text } from '../text.svelte';

export const account = {
  title: ['Account and display', 'Konto und Anzeige'],
  who: ['You', 'Sie'],
  loggedInAs: ['Logged in as', 'Angemeldet als'],
  open: ['No login is needed here: whoever comes may do everything.', 'Hier ist keine Anmeldung nötig: Wer kommt, darf alles.'],
  rights: ['You may', 'Sie dürfen'],
  untilWhen: ['This login ends', 'Diese Anmeldung endet'],
  otherDevice: ['Log in on another device', 'Auf einem anderen Gerät anmelden'],
  otherDeviceWords: (name: string): Text => [
    `Scan this with the other device’s camera, or open the address there. It logs you in as ${name}, once; treat it like a password.`,
    `Scannen Sie dies mit der Kamera des anderen Geräts, oder öffnen Sie dort die Adresse. Sie werden einmal als ${name} angemeldet; behandeln Sie es wie ein Passwort.`,
  ],
  display: ['Display', 'Anzeige'],
  displayWords: ['Kept for you on the server, for all your devices.', 'Wird für Sie auf dem Server behalten, für alle Ihre Geräte.'],
  theme: ['Colours', 'Farben'],
  themeAuto: ['As the device', 'Wie das Gerät'],
  themeLight: ['Light', 'Hell'],
  themeDark: ['Dark', 'Dunkel'],
  language: ['Language', 'Sprache'],
  languageAuto: ['As the browser', 'Wie der Browser'],
  password: ['Password', 'Passwort'],
  passwordWords: ['All your other logins, streams and links end with it.', 'Alle Ihre anderen Anmeldungen, Streams und Links enden damit.'],
  old: ['Present password', 'Jetziges Passwort'],
  fresh: ['New password', 'Neues Passwort'],
  freshHelp: ['12 characters or more', '12 Zeichen oder mehr'],
  changePassword: ['Change the password', 'Passwort ändern'],
  changed: ['Your password was changed.', 'Ihr Passwort wurde geändert.'],
} as const;
