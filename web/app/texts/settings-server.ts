// Texts about the server itself: what it is, its certificates, limits, log and settings.

import type { Schemas } from '../api/client';
import type { Text } from '../text.svelte';

/** How somebody is who is told what happens. */
export const notifiedStates: Record<Schemas['Notified']['state'], Text> = {
  waiting: ['nothing was to be told yet', 'noch nichts zu melden'],
  fine: ['takes what is told', 'nimmt Meldungen an'],
  failing: ['does not take what is told', 'nimmt Meldungen nicht an'],
  gone: ['wants nothing any more', 'will nichts mehr'],
};

export const server = {
  // What it is.
  words: ['What runs here, and how it is.', 'Was hier läuft und wie es darum steht.'],
  version: ['Version', 'Version'],
  licence: ['Licence', 'Lizenz'],
  licences: ['those of what the app contains', 'die der Teile der App'],
  started: ['Started', 'Gestartet'],
  platform: ['System', 'System'],
  go: ['Built with', 'Gebaut mit'],
  trying: ['being tried', 'wird geprüft'],
  data: ['Data folder', 'Datenordner'],
  names: ['Answers to', 'Antwortet auf'],
  namesWords: ['and to each of its addresses', 'und auf jede seiner Adressen'],
  refused: ['The configuration file has mistakes', 'Die Konfigurationsdatei enthält Fehler'],
  refusedWords: [
    'So what it said before stays in effect. Mend it: the server reads it again by itself.',
    'Deshalb gilt weiter, was vorher darin stand. Korrigieren Sie sie: Der Server liest sie von selbst neu ein.',
  ],
  refusedAt: (ago: string): Text => [`Read ${ago}`, `Eingelesen ${ago}`],
  waiting: ['Changes wait for a restart', 'Änderungen warten auf einen Neustart'],
  waitingWords: ['These keys have been given other values; they are in effect once the server has been restarted.', 'Diese Schlüssel haben andere Werte bekommen; sie gelten, sobald der Server neu gestartet wurde.'],
  firstPassword: ['A password is still the one of the first start', 'Ein Passwort ist noch das vom ersten Start'],
  firstPasswordWords: (names: string): Text => [
    `It was printed then, so others may know it. Set another one for: ${names}`,
    `Es wurde damals ausgegeben, andere kennen es also vielleicht. Setzen Sie ein anderes für: ${names}`,
  ],
  notified: ['Told what happens', 'Wird benachrichtigt'],
  notifiedLast: (ago: string): Text => [`the last ${ago}`, `zuletzt ${ago}`],
  notifiedLost: (n: number): Text => [`${n} were lost`, `${n} gingen verloren`],
  diagnostics: ['Diagnostics', 'Diagnose'],
  diagnosticsWords: [
    'One file for a report of a mistake: the server and its process, all settings, the cameras and how they are, who sends and who watches, the limits and the newest of the log.',
    'Eine Datei für eine Fehlermeldung: der Server und sein Prozess, alle Einstellungen, die Kameras und ihr Zustand, wer sendet und wer zusieht, die Grenzwerte und das Neueste aus dem Protokoll.',
  ],
  diagnosticsCare: [
    'It has no passwords, tokens or links, but addresses of cameras and clients, and names. Look through it before you give it to others.',
    'Sie enthält keine Passwörter, Tokens oder Links, aber Adressen von Kameras und Geräten sowie Namen. Sehen Sie sie durch, bevor Sie sie weitergeben.',
  ],
  download: ['Download the file', 'Datei herunterladen'],

  // Its certificates.
  mode: ['TLS', 'TLS'],
  off: ['off', 'aus'],
  selfSigned: ['certificates of an authority of its own', 'Zertifikate einer eigenen Zertifizierungsstelle'],
  files: ['certificate from files', 'Zertifikat aus Dateien'],
  acme: ['certificates that it gets by itself (ACME)', 'Zertifikate, die er selbst bezieht (ACME)'],
  proxied: ['You came by HTTPS: a proxy in front of the server encrypts.', 'Sie kommen über HTTPS: Ein Proxy vor dem Server verschlüsselt.'],
  open: ['Nothing is encrypted', 'Nichts ist verschlüsselt'],
  openWords: [
    'Whoever is on the network between can read passwords and see pictures, and browsers do not let pages use the camera of a phone. Write this into the configuration file, and restart the server:',
    'Wer im Netz dazwischen ist, kann Passwörter lesen und Bilder sehen, und Browser erlauben Seiten nicht, die Kamera eines Telefons zu benutzen. Schreiben Sie dies in die Konfigurationsdatei und starten Sie den Server neu:',
  ],
  certificates: ['Certificates', 'Zertifikate'],
  noCertificates: ['None yet: one is got for each name when somebody first comes by it.', 'Noch keine: Für jeden Namen wird eines bezogen, wenn jemand zum ersten Mal darüber kommt.'],
  certificateNames: ['For', 'Für'],
  issuer: ['Issued by', 'Ausgestellt von'],
  ends: ['Ends', 'Endet'],
  ended: ['Ended', 'Abgelaufen'],
  renewed: ['It is renewed by itself before that.', 'Es wird vorher von selbst erneuert.'],
  renew: ['Put a new one into its files before that; the server notices.', 'Legen Sie vorher ein neues in seine Dateien; der Server bemerkt es.'],
  authority: ['Have a device trust this server', 'Ein Gerät diesem Server vertrauen lassen'],
  authorityWords: [
    'The server has an authority of its own. Once a device trusts that, browsers on it no longer warn, and phones may use their cameras here. Load its certificate on the device, compare the fingerprint, and follow the steps.',
    'Der Server hat eine eigene Zertifizierungsstelle. Sobald ein Gerät ihr vertraut, warnen Browser darauf nicht mehr, und Telefone dürfen hier ihre Kamera benutzen. Laden Sie das Zertifikat auf das Gerät, vergleichen Sie den Fingerabdruck, und folgen Sie den Schritten.',
  ],
  downloadAuthority: ['Download the certificate', 'Zertifikat herunterladen'],
  authorityAddress: ['Its address, for other devices', 'Seine Adresse, für andere Geräte'],
  fingerprint: ['Fingerprint (SHA-256)', 'Fingerabdruck (SHA-256)'],

  // Limits.
  limitsWords: [
    'What is hit often is too small for what this server is used for, or keeps somebody off who means harm. Counted since the start.',
    'Was oft erreicht wird, ist zu klein für das, wozu dieser Server dient, oder hält jemanden fern, der Schaden will. Gezählt seit dem Start.',
  ],
  limit: ['What is bounded', 'Was begrenzt ist'],
  value: ['Limit', 'Grenze'],
  hits: ['Hits', 'Erreicht'],
  fixed: ['fixed', 'fest'],
  noneHit: ['None was hit.', 'Keiner wurde erreicht.'],
  someHit: (n: number): Text => [n === 1 ? 'One was hit.' : `${n} were hit.`, n === 1 ? 'Einer wurde erreicht.' : `${n} wurden erreicht.`],
  noLimits: ['There are no limits', 'Es gibt keine Grenzwerte'],
  refresh: ['Count anew', 'Neu zählen'],

  // The log.
  logWords: ['The newest thousand lines since the start. The log itself, on the standard error, has all.', 'Die neuesten tausend Zeilen seit dem Start. Das Protokoll selbst, auf der Standardfehlerausgabe, hat alle.'],
  level: ['From level', 'Ab Stufe'],
  debug: ['Everything', 'Alles'],
  info: ['Information', 'Information'],
  warn: ['Warnings', 'Warnungen'],
  error: ['Errors', 'Fehler'],
  search: ['Containing', 'Enthält'],
  searchHint: ['such as the name of a camera', 'etwa der Name einer Kamera'],
  noLog: ['No lines', 'Keine Zeilen'],
  noLogWords: ['Nothing was logged since the start that is worth this level.', 'Seit dem Start wurde nichts von dieser Stufe gemeldet.'],
  noneMatch: ['Nothing matches', 'Nichts passt'],
  noneMatchWords: ['Try other words, or fewer of them.', 'Versuchen Sie es mit anderen oder weniger Wörtern.'],
  lines: (n: string): Text => [`${n} lines`, `${n} Zeilen`],
  newest: ['To the newest', 'Zum Neuesten'],
  copyShown: ['Copy what is shown', 'Gezeigtes kopieren'],
  notCopied: ['The browser does not let this page copy. The lines are selected: copy them with the keyboard.', 'Der Browser lässt diese Seite nicht kopieren. Die Zeilen sind markiert: Kopieren Sie sie mit der Tastatur.'],

  // All settings.
  allWords: [
    'What the configuration file or the environment gives is changed there, all else here.',
    'Was die Konfigurationsdatei oder die Umgebung vorgibt, wird dort geändert, alles andere hier.',
  ],
  byDefault: ['default', 'Vorgabe'],
  byApp: ['set here', 'hier gesetzt'],
  byFile: ['file', 'Datei'],
  byEnvironment: ['environment', 'Umgebung'],
  byFlag: ['command line', 'Kommandozeile'],
  fileOnly: ['only in the file', 'nur in der Datei'],
  restart: ['takes a restart', 'erst nach Neustart'],
  waits: (value: string): Text => [`${value} after a restart`, `${value} nach einem Neustart`],
  left: (why: string): Text => [`What was set here is left out: it ${why}`, `Was hier gesetzt war, gilt nicht: ${why}`],
  nothing: ['nothing', 'nichts'],
  onlyConfigured: ['Only what is configured', 'Nur, was konfiguriert ist'],
  change: ['Change', 'Ändern'],
  changeWhat: (what: string): Text => [`Change: ${what}`, `Ändern: ${what}`],
  usually: (value: string): Text => [`Default: ${value}.`, `Vorgabe: ${value}.`],
  onePerLine: ['One in each line.', 'Eins je Zeile.'],
  toDefault: ['Back to the default', 'Zurück zur Vorgabe'],
  needsRestart: ['It is in effect once the server has been restarted.', 'Es gilt, sobald der Server neu gestartet wurde.'],
  atOnce: ['It is in effect at once.', 'Es gilt sofort.'],
} as const satisfies Record<string, Text | ((...args: never[]) => Text)>;
