// What the server says in English where words tell more than a code, in German. {} stands for what is put in, which
// stays as it is where nothing knows it, and … for the rest. A test in gateway/ compares each with what the server's source says.
// Who reads German loads it, when the server says something.

import type { Schemas } from '../api/client';

/** The words of the server and those of the page, by what they are about. */
const sentences: Record<string, string> = {
  // What cannot be taken in a form.
  'must be a whole number from {} to {}, not {}': 'muss eine ganze Zahl von {} bis {} sein, nicht {}',
  'must be a whole number with a unit…, not {}': 'muss eine ganze Zahl mit Einheit sein, etwa 512KiB, 8MiB oder 200GiB, nicht {}',
  'must be a duration…, not {}': 'muss eine Dauer sein, etwa 500ms, 10s, 1m30s oder 30d, nicht {}',
  'must be from {} to {}, not {}': 'muss zwischen {} und {} liegen, nicht {}',
  'must not be longer than {} bytes': 'darf höchstens {} Byte lang sein',
  'must be one line, without…': 'muss eine Zeile sein, ohne Steuerzeichen',
  'must not be empty': 'darf nicht leer sein',
  'is missing; write {}': 'fehlt; schreiben Sie {}',
  'is not a camera id; use 1 to 63 of…': 'ist kein Kurzname; nehmen Sie 1 bis 63 Zeichen aus a-z, 0-9 und -, das nicht vorn steht, und anderes für den Namen',
  'must not contain a colon…': 'darf keinen Doppelpunkt enthalten; das Passwort hat ein eigenes Feld',
  'must not be less than the {}…': 'darf nicht kürzer sein als die {}, die das Übrige aufbewahrt wird',
  'means that the rest goes…': 'heißt, dass das Übrige früher gelöscht wird, und dafür fehlt das Alter: Geben Sie eines an, oder nehmen Sie dieses weg',
  'must be a time zone…, not {}': 'muss eine Zeitzone sein, etwa Europe/Berlin oder UTC, genau so geschrieben, nicht {}',
  'holds U+{}, which shows nothing…': 'enthält U+{}, das man nicht sieht und das ändert, wie der Rest aussieht; schreiben Sie es ohne',
  'is empty; write a name, or…': 'ist leer; geben Sie einen Namen an',
  'an upload camera is connected…': 'eine Kamera, an die gesendet wird, ist verbunden, solange jemand sendet; lassen Sie es weg',
  'does not go with standby…': 'verträgt sich nicht mit standby, einer zweiten Verbindung; lassen Sie eines weg',
  'does not go with sub,…': 'verträgt sich nicht mit sub, einer zweiten Verbindung; lassen Sie eines weg',
  'an upload camera is where…': 'eine Kamera, an die gesendet wird, ist dort, wo gesendet wird; lassen Sie es weg',
  'scheduled needs a schedule…': 'dafür fehlen die Zeiten: Geben Sie welche an, oder nehmen Sie immer auf',
  'is for mode: {}, not for {}; remove it': 'gilt für {}, nicht für {}; lassen Sie es weg',
  'is for video, and mode: pictures…': 'gilt für Video; einzelne Bilder sind JPEGs',
  'must be days and hours…, not {}': 'muss aus Tagen und Zeiten bestehen, etwa mon-fri 08:00-18:00, nicht {}',
  'must have days…, not {}': 'braucht vor den Zeiten Tage, etwa mon, sat oder mon-fri, oder daily, nicht {}',
  'must have hours…, not {}': 'braucht hinter den Tagen Zeiten wie 08:00-18:00, nicht {}',
  'has {} and {}, which overlap…': 'enthält {} und {}, die sich überschneiden; nennen Sie jede Stunde einmal',
  'has hours that begin at 24:00…': 'hat eine Zeit, die um 24:00 beginnt; nehmen Sie 00:00 des nächsten Tages',
  'has hours that end when they begin, {}…': 'hat eine Zeit, die endet, wenn sie beginnt, {}; der ganze Tag ist 00:00-24:00',
  'must have times of day…, not {}': 'braucht Uhrzeiten wie 8:00, 18:30 oder 24:00, nicht {}',
  'is {}:, and not what a camera…; {}': 'ist {}: und keine Adresse einer Kamera im Netz; {}',
  'is the source itself; write…': 'ist die Quelle selbst; nennen Sie die Adresse der kleineren Bilder, oder lassen Sie es weg',
  'is for {} cameras, not for {}:; remove it': 'gilt für Kameras mit {}, nicht mit {}:; lassen Sie es weg',
  'is at another host than the…': 'liegt auf einem anderen Rechner als die Quelle, und die Anmeldung geht nur an den eigenen; schreiben Sie beide gleich',
  'holds a name and a password…': 'enthält Name und Passwort, für die RTMP keinen Platz hat; schreiben Sie sie, wie die Kamera sie will, oft am Ende: ?user=…&password=…',
  'has no path; {}': 'hat keinen Pfad; {}',
  'is not a source; write one such as {}': 'ist keine Quelle; schreiben Sie eine wie {}',
  'is not a URL; {}, and special…': 'ist keine Adresse; {}, und Sonderzeichen in Name oder Passwort als %XX (/ ist %2F, # ist %23)',
  '{}: is for the configuration file alone; write {}': '{}: gibt es nur in der Konfigurationsdatei; schreiben Sie {}',
  '{}; ranges besides the usual…': '{}; weitere Bereiche erlaubt die Konfiguration unter network',
  '{}: no camera may be there: {}': '{}: dort darf keine Kamera sein: {}',
  '{}: no webhook or broker of the app may be there: {}': '{}: dort darf kein Webhook oder Broker der App sein: {}',
  'is not a name of a webhook; use up to 32 of…': 'muss bis zu 32 Zeichen aus a-z, 0-9 und - haben',
  'must be an address such as https://example.org/hook or…': 'muss eine Adresse wie https://example.org/hook sein',
  'must be an address such as mqtt://192.168.1.5 or…': 'muss eine Adresse wie mqtt://192.168.1.5 sein',
  'must be whsec_ and 24 to 64 bytes in base64…': 'muss whsec_ und 24 bis 64 Bytes in Base64 sein',
  'needs a username beside it': 'braucht einen Benutzernamen daneben',
  'it is this server itself': 'es ist dieser Server selbst',
  'this machine': 'dieser Rechner',
  'a metadata service': 'ein Metadatendienst',
  'reserved': 'reserviert',
  'names no host; {}': 'nennt keinen Rechner; {}',
  'has a port that is not from 1 to 65535; {}': 'hat einen Port, der nicht zwischen 1 und 65535 liegt; {}',
  'contains a #, which is never…': 'enthält ein #, das nie an eine Kamera geht; schreiben Sie %23, wo es zum Namen oder Pfad gehört',
  'has a name or password that…': 'hat einen Namen oder ein Passwort, das zu lang ist oder Steuerzeichen enthält',
  'is not an address alone; {}': 'ist nicht nur eine Adresse; {}',
  'has no port, or an IPv6 address without brackets; {}': 'hat keinen Port, oder eine IPv6-Adresse ohne Klammern; {}',
  'has a host that is neither a name nor an address; {}': 'nennt einen Rechner, der weder Name noch Adresse ist; {}',
  'is not the address of a device…': 'ist keine ONVIF-Adresse; schreiben Sie http://host/onvif/device_service oder https://, und den Port, wenn er ein anderer ist',
  'holds a name or password…': 'enthält Name oder Passwort; genommen werden die der Kamera',
  'contains a ? or a #, which…': 'enthält ein ? oder #, das keine ONVIF-Adresse hat; lassen Sie es weg',
  'has a query that cannot be read; {}': 'hat Angaben hinter dem ?, die nicht lesbar sind; {}',
  '{} is not one of width, height and fps, each once; {}': '{} ist nicht width, height oder fps, je einmal; {}',
  'has a width or a height alone; {}': 'hat nur eine Breite oder nur eine Höhe; {}',

  // What cannot be taken of other settings.
  'there is no camera {}; {}': 'eine Kamera {} gibt es nicht; {}',
  'known here: {}': 'es gibt: {}',
  'did you mean {}?': 'meinten Sie {}?',
  'takes a whole number': 'nimmt eine ganze Zahl',
  'must be host:port…, not {}': 'muss rechner:port sein, etwa 127.0.0.1:8080 oder :8554, nicht {}',
  'must begin with an address or a host name, not {}': 'muss mit einer Adresse oder einem Namen beginnen, nicht mit {}',
  'must end in a port…, not {}': 'muss mit einem Port von 0 bis 65535 enden, nicht mit {}',
  'must end in an even port…, not {}': 'muss mit einem geraden Port enden, etwa 8000, denn der nächste wird auch benutzt, nicht mit {}',
  'must be a name or address without…, not {}': 'muss ein Name oder eine Adresse ohne Schema, Port und Pfad sein, etwa cams.example.org, nicht {}',
  'must be an origin such as…, not {}': 'muss wie https://example.org oder http://192.168.1.5:8123 sein, klein geschrieben und ohne Pfad, nicht {}',
  'must be an address such as https://cams…, not {}': 'muss eine Adresse wie https://cams.example.org oder http://192.168.1.5:8080 sein, nicht {}',
  'needs a certificate; set tls.mode': 'braucht ein Zertifikat; setzen Sie tls.mode in der Datei',
  'is for who asks at rtsp.listen…': 'gilt für RTSP; setzen Sie zuerst rtsp.listen',
  'needs a broker: write…': 'braucht einen Broker: Schreiben Sie notify.mqtt.url in die Datei',
  'must be the id of a camera that takes uploads': 'muss eine Kamera sein, an die gesendet wird',
  'lacks {}, by which you came…': 'enthält {} nicht, worüber Sie gekommen sind; kommen Sie dafür über eine Adresse oder einen anderen Namen',

  // How a recording is.
  'the camera has sent no picture yet': 'die Kamera hat noch kein Bild gesendet',
  'the disk is behind, and memory…': 'der Datenträger kommt nicht nach; der Speicher hält, was kommt',
  'the disk does not answer…': 'der Datenträger antwortet nicht; der Speicher hält, was kommt',
  'the size or kind of the camera\'s…': 'Größe oder Art der Bilder ändert sich immer wieder, und jedes Mal beginnt eine neue Datei',
  'the disk is slow: what is recorded is brought to it every {}': 'der Datenträger ist langsam: Aufnahmen kommen nur alle {} darauf an',
  'marks protect more than half…': 'Markierungen schützen mehr als die Hälfte des Platzes der Kamera',
  'marks protect so much that no more fits into {}…': 'Markierungen schützen so viel, dass nichts mehr in {} passt: Geben Sie etwas davon frei, oder erlauben Sie mehr',
  'the disk is full': 'der Datenträger ist voll',
  'the disk is full, and nothing may…: {} are short…': 'der Datenträger ist voll, und nichts darf gelöscht werden: {} fehlen; löschen Sie Markierungen, oder schaffen Sie Platz',
  'the disk cannot be written: {}': 'der Datenträger ist nicht beschreibbar: {}',
  'the folder of recordings is not there: {}': 'der Ordner der Aufnahmen ist nicht da: {}',
  'the disk fails: {}': 'der Datenträger hat Fehler: {}',
  '{} is not there: mount its…': '{} ist nicht da: Hängen Sie den Datenträger ein, oder stellen Sie den Ordner wieder her',
  '{} may not be used: give…': '{} darf nicht benutzt werden: Geben Sie den Ordner dem Benutzer, unter dem Framegate läuft',
  '{} is read-only: mount its…': '{} ist schreibgeschützt: Hängen Sie den Datenträger zum Schreiben ein',
  'another Framegate records…': 'ein anderes Framegate nimmt dort auf; beenden Sie es, oder nehmen Sie einen anderen Ordner',
  'the index of recordings is…': 'das Verzeichnis der Aufnahmen ist beschädigt und wird neu erstellt',
  'the recordings are not there…': 'die Aufnahmen sind gerade nicht da',

  // Why a file was not made.
  'the pictures could not be…': 'die Bilder waren nicht lesbar; den Grund nennt vielleicht das Protokoll des Servers',
  'the disk with the data folder…': 'der Datenträger des Datenordners ist voll; schaffen Sie Platz, oder wählen Sie einen kürzeren Zeitraum',
  'there is no room for a file…': 'für eine so große Datei ist kein Platz; wählen Sie einen kürzeren Zeitraum, oder löschen Sie andere Dateien',
  'what was recorded then was deleted': 'was damals aufgenommen wurde, ist gelöscht',

  // Who is told of what happens, and does not take it.
  'does not answer within {}': 'antwortet nicht in {}',
  'answers {} {}': 'antwortet mit {} {}',
  'closes the connection': 'beendet die Verbindung',

  // Of other things that have a code for much.
  '{} is permitted, but there is no camera {} at the moment': '{} ist erlaubt, eine Kamera {} gibt es nicht',
  'the mark was made by {}…': 'die Markierung ist von {}; bitten Sie die Administration, sie zu ändern',
  'only an admin may protect…': 'mehr als einen Tag oder ohne Ende darf nur die Administration schützen; die Markierung darf mit Vor- und Nachlauf höchstens 24 Stunden reichen',
  'what was sent cannot be accepted': 'was gesendet wurde, passt nicht',
  'the camera cannot be taken': 'die Kamera passt so nicht',
  'something went wrong inside…': 'das Protokoll sagt, was',

  // What others above say more of.
  'must be {} or {}, not {}': 'muss {} oder {} sein, nicht {}',
};

// A text of which the braces are left, for what is put in.
const escaped = (text: string): string => text.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll('{}', '(.+?)').replace('…', '.*');

const known = Object.entries(sentences).map(([english, german]) => [new RegExp(`^${escaped(english)}$`), german] as const);

// What is put in may be what the server says too, what to write, or a choice. What somebody wrote is in quotes, and
// behind it is at times what would do besides.
function putIn(put: string): string {
  const [, wrote, besides = ''] = /^("(?:[^"\\]|\\.)*")(.*)$/.exec(put) ?? [];
  if (wrote) return wrote + besides.replace('or 0 for none', 'oder 0 für keine').replace('or auto for port 8555 at the address of listen', 'oder auto für Port 8555 auf der Adresse von listen').replace(/ or (?=\w+$)/, ' oder ');
  return saidInGerman(put.replace(/^write (?=\S+$)/, 'schreiben Sie ').replace(/ or (?=\S+$)/, ' oder '));
}

/** Gives in German what the server says; what is not known stays as it is. */
export function saidInGerman(said: string): string {
  for (const [pattern, german] of known) {
    const found = pattern.exec(said);
    if (!found) continue;
    const put = found.slice(1);
    return german.replaceAll('{}', () => putIn(put.shift() ?? ''));
  }
  return said;
}

// What ends in a colon is followed by what the server says.
const problems: Record<Schemas['Problem']['code'], string> = {
  bad_request: 'Der Server versteht die Anfrage nicht:',
  not_logged_in: 'Sie sind nicht mehr angemeldet.',
  wrong_login: 'Name, Passwort oder Link ist falsch oder abgelaufen.',
  not_allowed: 'Das dürfen Sie nicht:',
  not_there: 'Das gibt es hier nicht (mehr), oder Sie dürfen es nicht sehen.',
  nothing_recorded: 'Aus dieser Zeit gibt es keine Aufnahme.',
  wrong_method: 'Der Server kennt diese Anfrage nicht:',
  too_slow: 'Das hat zu lange gedauert. Versuchen Sie es erneut.',
  conflict: 'Das geht so nicht:',
  exists: 'Diesen Namen gibt es schon. Wählen Sie einen anderen.',
  too_many: 'Mehr davon sind nicht erlaubt. Löschen Sie zuerst welche.',
  last_admin: 'Dies ist der letzte Zugang, der den Server verwalten darf.',
  of_file: 'Das steht in der Konfigurationsdatei; ändern Sie es dort.',
  not_done: 'Das ist noch nicht fertig.',
  changed_meanwhile: 'Jemand anders hat es inzwischen geändert. Laden Sie neu.',
  too_large: 'Das ist zu groß:',
  wrong_type: 'Dieses Format nimmt der Server nicht:',
  wrong_host: 'Der Server hat einen anderen Namen:',
  invalid: 'Das kann der Server so nicht übernehmen:',
  weak_password: 'Dieses Passwort ist zu schwach. Nehmen Sie ein anderes, längeres.',
  wrong_password: 'Das ist nicht Ihr jetziges Passwort.',
  too_long: 'Das ist zu viel Zeit für eine Datei. Wählen Sie weniger.',
  too_often: 'Das war zu oft hintereinander. Warten Sie einen Moment.',
  too_many_attempts: 'Zu viele falsche Passwörter. Warten Sie einige Minuten.',
  internal: 'Im Server ging etwas schief:',
  busy: 'Das geht gerade nicht. Versuchen Sie es gleich wieder.',
  locked: 'Ein anderes Programm schreibt gerade. Versuchen Sie es gleich wieder.',
  read_only: 'Der Datenträger der Aufnahmen ist nicht beschreibbar.',
  apart: 'Dieser Server erreicht gerade nicht genug andere des Verbunds. Es wurde nichts geändert; versuchen Sie es gleich wieder.',
  ending: 'Der Server wird gerade beendet.',
  no_ptz: 'Diese Kamera lässt sich nicht schwenken, oder ihr fehlt die ONVIF-Adresse.',
  camera_failed: 'Die Kamera macht das nicht:',
  camera_login: 'Die Kamera verlangt einen anderen Benutzer oder ein anderes Passwort. Er muss ONVIF benutzen und sie schwenken dürfen.',
  camera_silent: 'Die Kamera antwortet nicht. Prüfen Sie, ob sie Strom und Netz hat und ob ihre ONVIF-Adresse stimmt.',
  disk_full: 'Der Datenträger ist voll, nichts wurde geändert. Schaffen Sie Platz.',
  not_written: 'Es gilt nur bis zum Neustart: Der Datenträger ist voll. Schaffen Sie Platz.',
};

/** Gives in German what the server says; a code that is not known leaves it as it is. */
export function inGerman(code: string, detail: string): string {
  const words = (problems as Partial<Record<string, string>>)[code];
  if (!words) return detail;
  return words.endsWith(':') ? `${words} ${saidInGerman(detail)}` : words;
}
