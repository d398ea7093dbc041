// Texts of the frame of the settings, and words that several of its parts need.

import type { Text } from '../text.svelte';

export const settings = {
  groupCameras: ['Cameras and recordings', 'Kameras und Aufnahmen'],
  groupAccess: ['Access', 'Zugriff'],
  groupServer: ['Server', 'Server'],
  groupYou: ['You', 'Sie'],
  cameras: ['Cameras', 'Kameras'],
  camerasAbout: ['Add, change and record cameras', 'Kameras hinzufügen, ändern und aufzeichnen'],
  users: ['Users', 'Benutzer'],
  usersAbout: ['Who may do what', 'Wer was darf'],
  tokens: ['Tokens', 'Tokens'],
  tokensAbout: ['Access for programs', 'Zugriff für Programme'],
  sessions: ['Sessions', 'Sitzungen'],
  sessionsAbout: ['Where people are logged in', 'Wo jemand angemeldet ist'],
  links: ['Links', 'Links'],
  linksAbout: ['Addresses that need no login', 'Adressen, die keine Anmeldung brauchen'],
  account: ['Account', 'Konto'],
  accountAbout: ['Colours, language, password', 'Farben, Sprache, Passwort'],
  noPart: ['There is no such part of the settings, or you may not see it.', 'Diesen Teil der Einstellungen gibt es nicht, oder Sie dürfen ihn nicht sehen.'],
  failed: ['This could not be loaded', 'Das konnte nicht geladen werden'],
  optional: ['optional', 'optional'],
  never: ['Never', 'Nie'],
  showSecret: ['Show the password', 'Passwort anzeigen'],
} as const satisfies Record<string, Text>;
