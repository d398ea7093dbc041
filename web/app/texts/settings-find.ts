// Texts of finding cameras in the network.

import type { Text } from '../text.svelte';

export const find = {
  search: ['Find cameras', 'Kameras suchen'],
  asking: ['Asking…', 'Fragt…'],
  none: ['None answered. Switch on ONVIF in the camera, or paste its address.', 'Keine hat geantwortet. Schalten Sie in der Kamera ONVIF ein, oder fügen Sie die Adresse ein.'],
  show: ['Show their pictures', 'Bilder zeigen'],
  showWords: ['Some want a login. The one below can be tried with all of them: it is sent to each.', 'Manche verlangen eine Anmeldung. Die unten eingetragene kann bei allen versucht werden: Sie wird an jede gesendet.'],
  there: ['already here', 'schon da'],
  certificate: ['Its certificate is not trusted, as that of most cameras.', 'Ihrem Zertifikat wird nicht vertraut, wie bei den meisten Kameras.'],
  login: ['It wants a user name and a password. Fill them in below.', 'Sie will Benutzername und Passwort. Tragen Sie beides unten ein.'],
} as const satisfies Record<string, Text>;
