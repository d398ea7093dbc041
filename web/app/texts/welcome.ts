// Texts of the first run.

import type { Text } from '../text.svelte';

export const welcome = {
  title: ['Welcome to Framegate', 'Willkommen bei Framegate'],
  intro: ['Two steps, and you see your first camera.', 'Zwei Schritte, und Sie sehen Ihre erste Kamera.'],
  password: ['A password of your own', 'Ein eigenes Passwort'],
  passwordWords: [
    'The one you have was printed when the server first started, where others may read it too.',
    'Ihr jetziges hat der Server bei seinem ersten Start ausgegeben, wo es auch andere lesen können.',
  ],
  passwordDone: ['Your password is your own.', 'Ihr Passwort ist Ihr eigenes.'],
  old: ['The password that the server printed', 'Das Passwort, das der Server ausgegeben hat'],
  oldHelp: ['It stands in the terminal or the log of the first start.', 'Es steht im Terminal oder im Protokoll des ersten Starts.'],
  wrongOld: ['This is not the present password.', 'Das ist nicht das jetzige Passwort.'],
  fresh: ['New password', 'Neues Passwort'],
  freshHelp: ['12 characters or more: three or four words are good, and easy to type.', 'Mindestens 12 Zeichen: Drei oder vier Wörter sind gut und leicht zu tippen.'],
  change: ['Change the password', 'Passwort ändern'],
  camera: ['The first camera', 'Die erste Kamera'],
  cameraWords: ['Where do its pictures come from?', 'Woher kommen ihre Bilder?'],
  cameraDone: (names: string): Text => [`So far: ${names}.`, `Bisher: ${names}.`],
  network: ['A camera in the network', 'Eine Kamera im Netz'],
  networkWords: ['It has an address, such as rtsp://192.168.1.20/stream', 'Sie hat eine Adresse, etwa rtsp://192.168.1.20/stream'],
  phone: ['This phone or computer', 'Dieses Telefon oder dieser Computer'],
  phoneWords: ['Its camera sends, as long as a page is open', 'Seine Kamera sendet, solange eine Seite offen ist'],
  examples: ['These are examples, until a configuration file lists cameras.', 'Das sind Beispiele, bis eine Konfigurationsdatei Kameras nennt.'],
  look: ['Look at the cameras', 'Kameras ansehen'],
  later: ['Later', 'Später'],
} as const satisfies Record<string, Text | ((words: string) => Text)>;
