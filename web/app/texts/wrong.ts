// What is wrong, in words, with what to do. It is loaded when something is (parts/wrong.svelte.ts): troubles around
// the server, and why a camera gives no pictures.

import type { Schemas } from '../api/client';
import type { Text } from '../text.svelte';

/** What is wrong around a server, and what to do. */
export const troubles: Record<Schemas['Trouble']['code'], Text> = {
  ffmpeg_missing: ['There is no ffmpeg, so nothing can be encoded. Install it, or set ffmpeg.path.', 'ffmpeg fehlt, daher kann nichts umgerechnet werden. Installieren Sie es, oder setzen Sie ffmpeg.path.'],
  ffmpeg_broken: ['ffmpeg does not work, so nothing can be encoded. Install another one, or set ffmpeg.path.', 'ffmpeg funktioniert nicht, daher kann nichts umgerechnet werden. Installieren Sie ein anderes, oder setzen Sie ffmpeg.path.'],
  ffmpeg_hangs: ['ffmpeg does not answer. See whether the server has too much to do.', 'ffmpeg antwortet nicht. Prüfen Sie, ob der Server überlastet ist.'],
  database_locked: ['Another program holds the database: logins and changes wait. See what else has the data folder open.', 'Ein anderes Programm hält die Datenbank: Anmeldungen und Änderungen warten. Prüfen Sie, was den Datenordner noch geöffnet hat.'],
  database_full: ['The database cannot grow: nothing can be changed. Free some space.', 'Die Datenbank kann nicht wachsen: Nichts lässt sich ändern. Schaffen Sie Platz.'],
  database_read_only: ['The database cannot be written: nothing can be changed. See who may write to the data folder.', 'Die Datenbank ist nicht beschreibbar: Nichts lässt sich ändern. Prüfen Sie, wer in den Datenordner schreiben darf.'],
  database_hangs: ['The database does not answer. See whether the disk of the data folder does.', 'Die Datenbank antwortet nicht. Prüfen Sie den Datenträger des Datenordners.'],
  database_broken: ['The database cannot be used. Nobody can log in; restore a backup.', 'Die Datenbank ist nicht benutzbar. Niemand kann sich anmelden; stellen Sie eine Sicherung wieder her.'],
  disk_full: ['The disk of the data folder is full: nothing can be changed. Free some space.', 'Der Datenträger des Datenordners ist voll: Nichts lässt sich ändern. Schaffen Sie Platz.'],
  disk_missing: ['The data folder is gone. See whether its disk is mounted.', 'Der Datenordner ist weg. Prüfen Sie, ob sein Datenträger eingehängt ist.'],
  disk_hangs: ['The disk of the data folder does not answer. See whether it is connected.', 'Der Datenträger des Datenordners antwortet nicht. Prüfen Sie, ob er angeschlossen ist.'],
  disk_broken: ['The data folder cannot be read. See whether its disk is well.', 'Der Datenordner ist nicht lesbar. Prüfen Sie seinen Datenträger.'],
  clock_wrong: ['The clock of the server is wrong: recordings get wrong times. Set it, and have it kept right (NTP).', 'Die Uhr des Servers geht falsch: Aufnahmen bekommen falsche Zeiten. Stellen Sie sie, und lassen Sie sie nachführen (NTP).'],
  clock_stepped: ['The clock of the server was set by a step. Have it kept right (NTP).', 'Die Uhr des Servers wurde sprunghaft verstellt. Lassen Sie sie nachführen (NTP).'],
  cluster_nats: ['The NATS of the cluster is not reached: users, cameras and settings cannot be changed. See that it runs.', 'Das NATS des Clusters ist nicht erreichbar: Benutzer, Kameras und Einstellungen lassen sich nicht ändern. Prüfen Sie, ob es läuft.'],
  cluster_stuck: ['A node takes nothing of what this one says. Look at the line to it, under Settings, Nodes.', 'Ein Knoten nimmt nichts von diesem an. Prüfen Sie die Leitung zu ihm, unter Einstellungen, Knoten.'],
  cluster_direct: ['A node is not heard by the bus. See that port 7421 is open between the nodes.', 'Ein Knoten ist über den Bus nicht zu hören. Prüfen Sie, ob Port 7421 zwischen den Knoten offen ist.'],
  cluster_hangs: ['This node does not say how the cluster is. See whether the server has too much to do.', 'Dieser Knoten sagt nicht, wie es dem Cluster geht. Prüfen Sie, ob der Server überlastet ist.'],
  notify_broken: ['A webhook, or the broker, has taken nothing for long. The settings, under About, say why.', 'Ein Webhook oder der Broker nimmt seit Längerem nichts an. Die Einstellungen sagen unter Über den Server, warum.'],
};

/** Why there are no pictures, and what to do; without words it is what the server says. */
export interface Failure {
  readonly what?: Text;
  readonly step: Text;
}

// Failures by what the server, or a player, says of them; the first that fits counts.
const failures: readonly (readonly [said: RegExp, failure: Failure])[] = [
  [/administrator ended/, { what: ['An administrator ended this.', 'Die Administration hat dies beendet.'], step: ['Try again.', 'Versuchen Sie es erneut.'] }],
  [/too many viewers/, { what: ['Too many are watching.', 'Zu viele schauen zu.'], step: ['Try again later.', 'Versuchen Sie es später erneut.'] }],
  [/^The server cannot be reached/, { what: ['The server cannot be reached. Trying again…', 'Der Server ist nicht erreichbar. Neuer Versuch…'], step: ['Check your network.', 'Prüfen Sie Ihr Netz.'] }],
  [/^node [\w-]+(:| says)/, {
    what: ['The node that has this camera was not reached.', 'Der Knoten, der diese Kamera hat, war nicht erreichbar.'],
    step: ['If it is gone, another takes the camera over. Settings, Nodes, show how it is.', 'Ist er weg, übernimmt ein anderer die Kamera. Einstellungen, Knoten zeigen, wie es ihm geht.'],
  }],
  [/\b401\b|\b403\b|unauthori[sz]ed|forbidden|password|log ?in|credential/i, {
    what: ['The camera refuses the login.', 'Die Kamera lehnt die Anmeldung ab.'],
    step: ['Check the name and the password of the camera in its settings.', 'Prüfen Sie Name und Passwort der Kamera in ihren Einstellungen.'],
  }],
  [/certificate|x509|tls/i, {
    what: ['The certificate of the camera is not trusted.', 'Dem Zertifikat der Kamera wird nicht vertraut.'],
    step: ['If it is your own, its settings can allow any certificate.', 'Ist es Ihr eigenes, können die Einstellungen jedes Zertifikat zulassen.'],
  }],
  [/no such host|server misbehaving|lookup/i, {
    what: ['No host of that name can be found.', 'Der Rechnername ist nicht bekannt.'],
    step: ['Check how it is written, or use its address.', 'Prüfen Sie die Schreibweise, oder verwenden Sie die IP-Adresse.'],
  }],
  [/connection refused/i, {
    what: ['Nothing answers at this port.', 'Unter diesem Port antwortet nichts.'],
    step: ['The host is there: check the port, and whether the service of the camera is on.', 'Der Rechner ist da: Prüfen Sie den Port und ob der Dienst der Kamera eingeschaltet ist.'],
  }],
  [/\b404\b|not found/i, {
    what: ['The camera does not know this path.', 'Die Kamera kennt diesen Pfad nicht.'],
    step: ['Look up the address of its stream in its manual.', 'Die Adresse des Streams steht in ihrer Anleitung.'],
  }],
  [/time ?out|timed out|deadline|no route|unreachable host|network is unreachable|host is down|reset|EOF|no picture|ended/i, {
    what: ['The camera does not answer.', 'Die Kamera antwortet nicht.'],
    step: ['Check whether it has power and network, and whether its address is still the same.', 'Prüfen Sie, ob sie Strom und Netz hat und ob ihre Adresse noch stimmt.'],
  }],
  [/^unreachable$/, { what: ['The camera cannot be reached.', 'Die Kamera ist nicht erreichbar.'], step: ['An administrator sees why.', 'Die Administration sieht den Grund.'] }], // which is all that others hear
  [/(?:)/, { step: ['Try the source in the settings of the camera: they say at which step it fails.', 'Testen Sie die Quelle in den Einstellungen der Kamera: dort sehen Sie, woran es scheitert.'] }],
];

/** Puts into words what the server says of a camera, or a player of itself. */
export function failureOf(said: string): Failure {
  return (failures.find(([pattern]) => pattern.test(said)) as (typeof failures)[number])[1];
}
