// Texts of the code by which another device opens a page, logged in.

import type { Text } from '../text.svelte';

export const devicelink = {
  code: ['QR code of the address', 'QR-Code der Adresse'],
  address: ['Address that the device reaches', 'Adresse, die das Gerät erreicht'],
  local: [
    'The other device cannot use “localhost”, which is this machine alone. Choose or write an address by which it reaches Framegate; Framegate has to listen there (listen: 0.0.0.0:8080).',
    'Das andere Gerät kann mit „localhost“ nichts anfangen, das nur dieser Rechner ist. Wählen oder schreiben Sie eine Adresse, unter der es Framegate erreicht; dort muss Framegate hören (listen: 0.0.0.0:8080).',
  ],
  trust: (fingerprint: string): Text => [
    `The device warns of the certificate until it trusts Framegate’s authority, which is at /ca.crt; SHA-256 fingerprint ${fingerprint}`,
    `Das Gerät warnt vor dem Zertifikat, bis es der Zertifizierungsstelle von Framegate vertraut: /ca.crt, SHA-256-Fingerabdruck ${fingerprint}`,
  ],
  bad: ['This is no address such as https://cam.lan', 'Das ist keine Adresse wie https://cam.lan'],
  expires: (when: string): Text => [`Good once, until ${when}.`, `Einmal gültig, bis ${when}.`],
  expired: ['This link is too old.', 'Dieser Link ist zu alt.'],
  used: ['This link was used.', 'Dieser Link wurde benutzt.'],
  another: ['Make a new one', 'Neuen Link erzeugen'],
  failed: ['No link can be made', 'Es lässt sich kein Link erzeugen'],
} as const;
