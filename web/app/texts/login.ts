// Texts of the login.

import type { Text } from '../text.svelte';

export const login = {
  name: ['Name', 'Name'],
  password: ['Password', 'Passwort'],
  show: ['Show the password', 'Passwort zeigen'],
  hide: ['Hide the password', 'Passwort verbergen'],
  capsLock: ['Caps Lock is on.', 'Die Feststelltaste ist aktiv.'],
  ended: ['You are not logged in any more. Log in to go on where you were.', 'Sie sind nicht mehr angemeldet. Nach der Anmeldung geht es hier weiter.'],
  wrong: ['Wrong name or password.', 'Name oder Passwort ist falsch.'],
  usedLink: ['This link was used already, or is older than ten minutes. Log in with your password.', 'Dieser Link wurde bereits benutzt oder ist älter als zehn Minuten. Melden Sie sich mit Ihrem Passwort an.'],
  tooMany: (wait: string): Text => [`Too many attempts. Try again in ${wait}.`, `Zu viele Versuche. Versuchen Sie es in ${wait} erneut.`],
  waitOver: ['You can try again now.', 'Sie können es jetzt erneut versuchen.'],
  unreachable: ['The server cannot be reached. Is it running, and is this device in its network?', 'Der Server ist nicht erreichbar. Läuft er, und ist dieses Gerät in seinem Netz?'],
  byLink: ['Logging in…', 'Anmeldung läuft…'],
  warned: ['Does your browser warn of this server?', 'Warnt Ihr Browser vor diesem Server?'],
  authority: ['certificate authority', 'Zertifizierungsstelle'],
  // Around the link to the authority.
  authorityBefore: ['It has a ', 'Er hat eine eigene '],
  authorityAfter: [
    ' of its own. A device that trusts it, once it is installed there, knows this server. The server printed its SHA-256 fingerprint at its start; it must be',
    '. Ein Gerät, auf dem sie installiert ist und das ihr vertraut, erkennt diesen Server. Ihren SHA-256-Fingerabdruck hat der Server beim Start ausgegeben; er muss lauten:',
  ],
} as const satisfies Record<string, Text | ((wait: string) => Text)>;
