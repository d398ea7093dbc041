// Texts of the broadcaster.

import { number, percent } from '../format';
import type { Text } from '../text.svelte';

const again = ['Trying again.', 'Neuer Versuch.'] as const;
const settingsOfSystem = [
  'Allow it beside the address bar, and for the browser in the system’s settings.',
  'Erlauben Sie den Zugriff neben der Adresszeile, und dem Browser in den Einstellungen des Systems.',
] as const;

export const texts = {
  title: (name: string): Text => [`Broadcast to ${name}`, `Senden an ${name}`],

  // How it is.
  idle: ['Not broadcasting.', 'Es wird nicht gesendet.'],
  opening: ['Opening the camera.', 'Die Kamera wird geöffnet.'],
  connecting: ['Connecting.', 'Verbindung wird aufgebaut.'],
  unwatched: ['Live. Nobody is watching, so one picture a second is sent.', 'Live. Niemand sieht zu, darum wird ein Bild pro Sekunde gesendet.'],
  live: (viewers: number): Text => [viewers === 1 ? 'Live, 1 viewer.' : `Live, ${viewers} viewers.`, viewers === 1 ? 'Live, 1 Zuschauer.' : `Live, ${viewers} Zuschauer.`],
  silent: (seconds: number): Text => [`The server has not answered for ${seconds} seconds.`, `Der Server antwortet seit ${seconds} Sekunden nicht.`],
  refused: (why: string): Text => [`The server refuses a picture: ${why}`, `Der Server nimmt ein Bild nicht an: ${why}`],
  replaced: ['Stopped. This page was opened again somewhere else.', 'Beendet. Diese Seite wurde anderswo noch einmal geöffnet.'],
  takenAway: ['The camera was taken away.', 'Die Kamera wurde entzogen.'],
  busy: [
    `This camera already has a publisher: another device or tab broadcasts to it. ${again[0]}`,
    `An diese Kamera sendet schon ein anderes Gerät oder ein anderer Tab. ${again[1]}`,
  ],
  gone: [
    `This camera is not there any more, or you may not send to it any more. ${again[0]}`,
    `Diese Kamera gibt es nicht mehr, oder Sie dürfen nicht mehr an sie senden. ${again[1]}`,
  ],
  denied: [`You are not logged in any more. ${again[0]}`, `Sie sind nicht mehr angemeldet. ${again[1]}`],
  unreachable: [`The server cannot be reached. ${again[0]}`, `Der Server ist nicht erreichbar. ${again[1]}`],
  noAnswer: [`The server does not answer. ${again[0]}`, `Der Server antwortet nicht. ${again[1]}`],
  lost: (why: string): Text => [
    why ? `The server ended the connection: ${why}. ${again[0]}` : `The connection was lost. ${again[0]}`,
    why ? `Der Server hat die Verbindung beendet: ${why}. ${again[1]}` : `Die Verbindung ist abgebrochen. ${again[1]}`,
  ],

  // What is refused.
  whyNoCamera: ({ name, message }: { name: string; message: string }): Text => {
    switch (name) {
      case 'NotAllowedError':
        return [`The camera is not allowed for this page. ${settingsOfSystem[0]}`, `Diese Seite darf die Kamera nicht benutzen. ${settingsOfSystem[1]}`];
      case 'NotFoundError':
        return ['This device has no camera that the browser can see.', 'Dieses Gerät hat keine Kamera, die der Browser sieht.'];
      case 'NotReadableError':
      case 'AbortError':
        return ['The camera cannot be opened. Another program may be using it.', 'Die Kamera lässt sich nicht öffnen. Vielleicht benutzt sie ein anderes Programm.'];
    }
    return [`The camera cannot be opened: ${message}`, `Die Kamera lässt sich nicht öffnen: ${message}`];
  },
  whyNoMicrophone: ({ name, message }: { name: string; message: string }): Text => {
    switch (name) {
      case 'NotAllowedError':
        return [`The microphone is not allowed for this page. ${settingsOfSystem[0]}`, `Diese Seite darf das Mikrofon nicht benutzen. ${settingsOfSystem[1]}`];
      case 'NotFoundError':
        return ['This device has no microphone that the browser can see.', 'Dieses Gerät hat kein Mikrofon, das der Browser sieht.'];
      case 'NotReadableError':
      case 'AbortError':
        return ['The microphone cannot be opened. Another program may be using it.', 'Das Mikrofon lässt sich nicht öffnen. Vielleicht benutzt es ein anderes Programm.'];
    }
    return [`The microphone cannot be opened: ${message}`, `Das Mikrofon lässt sich nicht öffnen: ${message}`];
  },

  // The sound.
  soundMissing: {
    secure: ['Browsers give a page a microphone only over HTTPS.', 'Browser geben einer Seite nur über HTTPS ein Mikrofon.'],
    encoder: ['This browser cannot encode sound for a page, so none is sent.', 'Dieser Browser kann für eine Seite keinen Ton kodieren, darum wird keiner gesendet.'],
  } satisfies Record<string, Text>,
  openingMicrophone: ['Opening the microphone.', 'Das Mikrofon wird geöffnet.'],
  microphoneTaken: ['The microphone was taken away.', 'Das Mikrofon wurde entzogen.'],
  notEncoded: (why: string): Text => [`Sound cannot be encoded: ${why}`, `Der Ton lässt sich nicht kodieren: ${why}`],
  soundLater: ['Sound will be sent with the pictures.', 'Der Ton wird mit den Bildern gesendet.'],
  soundSent: ['Sound is sent.', 'Der Ton wird gesendet.'],
  soundRefused: (why: string): Text => [`No sound is sent. ${why || 'The server takes no sound.'}`, `Es wird kein Ton gesendet. ${why || 'Der Server nimmt keinen Ton an.'}`],
  soundNeedsSocket: [
    'No sound is sent: it needs a WebSocket, and none comes through here.',
    'Es wird kein Ton gesendet: Dafür braucht es einen WebSocket, und hier kommt keiner durch.',
  ],

  // What can be done.
  start: ['Start broadcasting', 'Senden'],
  stop: ['Stop', 'Beenden'],
  preview: ['Preview', 'Vorschau'],
  endPreview: ['End preview', 'Vorschau beenden'],
  sendSound: ['Send sound', 'Ton senden'],
  leave: ['The broadcast ends when you leave this page. Leave it?', 'Die Sendung endet, wenn Sie diese Seite verlassen. Wirklich verlassen?'],
  torch: ['Light', 'Licht'],
  watch: ['Watch in another tab', 'In anderem Tab ansehen'],
  usePhone: ['Use a phone', 'Smartphone verwenden'],
  picture: ['What the camera sees', 'Was die Kamera sieht'],
  nothingYet: ['The picture of this device’s camera will be here.', 'Hier erscheint das Bild der Kamera dieses Geräts.'],

  // What can be chosen.
  settings: ['Settings', 'Einstellungen'],
  camera: ['Camera', 'Kamera'],
  back: ['Back camera', 'Hintere Kamera'],
  front: ['Front camera', 'Vordere Kamera'],
  lastCamera: ['The camera of the last time', 'Die Kamera vom letzten Mal'],
  size: ['Size', 'Größe'],
  rate: ['Pictures per second', 'Bilder pro Sekunde'],
  quality: ['Quality', 'Qualität'],
  mirror: ['Mirror the picture', 'Bild spiegeln'],

  // What is counted.
  figures: ['Figures', 'Messwerte'],
  viewers: ['Viewers', 'Zuschauer'],
  fps: ['Rate', 'Bildrate'],
  data: ['Data', 'Daten'],
  trip: ['Round trip', 'Umlaufzeit'],
  sent: ['Sent', 'Gesendet'],
  skipped: ['Skipped', 'Ausgelassen'],
  way: ['Sent by', 'Gesendet per'],
  perSecond: (fps: string): Text => [`${fps} fps`, `${fps} Bilder/s`],
  lessNow: (fps: number, quality: number): Text => {
    const rate = number(fps, 1);
    const part = percent(quality);
    return [
      `The network is slow: for now ${rate} pictures a second go up, at a quality of ${part}.`,
      `Das Netz ist langsam: Zurzeit gehen ${rate} Bilder pro Sekunde mit ${part} Qualität hinauf.`,
    ];
  },

  // Where nothing can be sent.
  noSuch: ['There is no such camera', 'Diese Kamera gibt es nicht'],
  noSuchWords: ['It was removed, or you may neither see it nor send to it.', 'Sie wurde entfernt, oder Sie dürfen sie weder sehen noch an sie senden.'],
  removed: ['This camera was removed', 'Diese Kamera wurde entfernt'],
  removedWords: ['Nothing is sent to it any more.', 'Es wird nichts mehr an sie gesendet.'],
  forbidden: ['You may not send to this camera', 'Sie dürfen nicht an diese Kamera senden'],
  forbiddenWords: ['An admin can give you the permission to: “publish”.', 'Wer die Verwaltung hat, kann Ihnen das Recht dazu geben: „publish“.'],
  pulled: ['This camera has a source of its own', 'Diese Kamera hat eine eigene Quelle'],
  pulledWords: ['Devices can be cameras where the source is “upload:”.', 'Geräte können Kameras sein, wo die Quelle „upload:“ ist.'],

  // Where the page is not secure.
  insecure: ['This page gets no camera here', 'Diese Seite bekommt hier keine Kamera'],
  insecureWords: [
    'Browsers give a page a camera only over HTTPS, or on the very machine that serves it. Any of these helps:',
    'Browser geben einer Seite nur über HTTPS eine Kamera, oder auf dem Rechner, von dem sie kommt. Jeder dieser Wege hilft:',
  ],
  insecureStatus: ['This browser gives no camera to pages over plain HTTP.', 'Dieser Browser gibt Seiten ohne HTTPS keine Kamera.'],
  httpsSelf: ['HTTPS from Framegate itself', 'HTTPS von Framegate selbst'],
  httpsSelfOff: [
    'Put this into its configuration and start it again; then come back to this page by https.',
    'Schreiben Sie dies in die Konfiguration und starten Sie Framegate neu; kommen Sie dann über https auf diese Seite zurück.',
  ],
  httpsSelfTrust: [
    'Each device has to be told once to trust it: download its certificate authority there, and compare the fingerprint with the one that Framegate prints at its start.',
    'Jedem Gerät muss einmal gesagt werden, dass es Framegate vertrauen soll: Laden Sie dort die Zertifizierungsstelle herunter, und vergleichen Sie den Fingerabdruck mit dem, den Framegate beim Start ausgibt.',
  ],
  authority: ['Certificate authority', 'Zertifizierungsstelle'],
  fingerprint: ['SHA-256 fingerprint', 'SHA-256-Fingerabdruck'],
  onIphone: [
    'iPhone: open the file, install the profile in Settings, and turn it on under General, About, Certificate Trust Settings.',
    'iPhone: Datei öffnen, das Profil in den Einstellungen installieren und unter Allgemein, Info, Zertifikatsvertrauenseinstellungen einschalten.',
  ],
  onAndroid: [
    'Android: in Settings look for “CA certificate”, and install the file there.',
    'Android: In den Einstellungen nach „CA-Zertifikat“ suchen und die Datei dort installieren.',
  ],
  thenOpen: ['Then open', 'Dann öffnen'],
  httpsProxy: ['HTTPS from a proxy', 'HTTPS von einem Proxy'],
  httpsProxyWords: [
    'In front of Framegate, with a certificate that this device knows. Name the proxy’s address under trusted_proxies, and its host name under hosts. A public name needs no proxy:',
    'Vor Framegate, mit einem Zertifikat, das dieses Gerät kennt. Nennen Sie die Adresse des Proxys unter trusted_proxies und seinen Namen unter hosts. Ein öffentlicher Name braucht keinen Proxy:',
  ],
  local: ['The machine that Framegate runs on', 'Der Rechner, auf dem Framegate läuft'],
  localWords: ['Open this address there:', 'Öffnen Sie dort diese Adresse:'],
  localTunnel: ['A tunnel brings that address to this device:', 'Ein Tunnel bringt diese Adresse auf dieses Gerät:'],
  localCable: ['Or, for an Android phone on a cable:', 'Oder für ein Android-Gerät am Kabel:'],

  // The link for a phone.
  phoneTitle: ['Broadcast from a phone', 'Vom Smartphone senden'],
  phoneWords: (name: string): Text => [
    `Scan this with the phone’s camera. It logs you in as ${name} on the phone, once; treat it like a password.`,
    `Scannen Sie dies mit der Kamera des Smartphones. Sie werden dort einmal als ${name} angemeldet; behandeln Sie es wie ein Passwort.`,
  ],
  phoneWordsOpen: ['Scan this with the phone’s camera.', 'Scannen Sie dies mit der Kamera des Smartphones.'],
  phoneInsecure: [
    'Over plain HTTP the phone will give the page no camera; the page says there what helps.',
    'Ohne HTTPS gibt das Smartphone der Seite keine Kamera; die Seite sagt dort, was hilft.',
  ],
} as const;
