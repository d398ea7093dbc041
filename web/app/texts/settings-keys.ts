// What the keys of the configuration are called in words, and the groups in which they are shown.

import type { Text } from '../text.svelte';

/** The groups, in order, by the beginnings of the keys that are in them; the last has all others. */
export const groups: readonly (readonly [title: Text, beginnings: readonly string[]])[] = [
  [['Viewers and limits', 'Zuschauer und Grenzen'], ['limits.']],
  [['Recordings', 'Aufnahmen'], ['recordings.']],
  [['Ways in and out', 'Wege hinein und hinaus'], ['rtsp.', 'rtmp.', 'webrtc.', 'compat', 'default_camera', 'ffmpeg.']],
  [['Pages and names', 'Seiten und Namen'], ['hosts', 'cors.', 'frame_ancestors', 'base_path']],
  [['Telling others', 'Benachrichtigungen'], ['notify.']],
  [['Of the file', 'Aus der Datei'], ['']],
];

/** What a key is called. */
export const keys: Readonly<Record<string, Text>> = {
  listen: ['Address and port', 'Adresse und Port'],
  data: ['Data folder', 'Datenordner'],
  auth: ['Login', 'Anmeldung'],
  base_path: ['Path behind a proxy', 'Pfad hinter einem Proxy'],
  frame_ancestors: ['Sites that may embed the pages', 'Seiten, die einbetten dürfen'],
  hosts: ['Further names of the server', 'Weitere Namen des Servers'],
  'tls.mode': ['Encryption', 'Verschlüsselung'],
  'rtsp.listen': ['RTSP at', 'RTSP auf'],
  'rtsp.tls_listen': ['RTSP over TLS at', 'RTSP über TLS auf'],
  'rtsp.udp': ['RTSP over UDP from', 'RTSP über UDP ab'],
  compat: ['Answer like these programs', 'Wie diese Programme antworten'],
  'rtmp.listen': ['RTMP at', 'RTMP auf'],
  'rtmp.tls_listen': ['RTMP over TLS at', 'RTMP über TLS auf'],
  'webrtc.listen': ['WebRTC at', 'WebRTC auf'],
  'webrtc.hosts': ['WebRTC: further addresses', 'WebRTC: weitere Adressen'],
  'cors.origins': ['Sites that may ask the server', 'Seiten, die den Server fragen dürfen'],
  'network.allow': ['Where else cameras may be', 'Wo Kameras sonst noch sein dürfen'],
  trusted_proxies: ['Proxies that are believed', 'Proxys, denen geglaubt wird'],
  default_camera: ['Camera of /upload and /stream', 'Kamera von /upload und /stream'],
  'ffmpeg.path': ['ffmpeg', 'ffmpeg'],
  'ffmpeg.hwaccel': ['Video hardware', 'Video-Hardware'],
  'limits.viewers': ['Viewers', 'Zuschauer'],
  'limits.viewers_per_camera': ['Viewers of a camera', 'Zuschauer je Kamera'],
  'limits.viewers_per_principal': ['Viewers of a user, token or link', 'Zuschauer je Benutzer, Token oder Link'],
  'limits.viewers_per_address': ['Viewers from an address', 'Zuschauer je Adresse'],
  'limits.viewer_patience': ['A viewer may take nothing for', 'Ein Zuschauer darf nichts abnehmen'],
  'limits.frame_bytes': ['Size of a JPEG', 'Größe eines JPEGs'],
  'limits.publisher_fps': ['Pictures a second of a sender', 'Bilder je Sekunde eines Senders'],
  'limits.publisher_bytes': ['Bytes a second of a sender', 'Bytes je Sekunde eines Senders'],
  'limits.post_time': ['A picture by POST may take', 'Ein Bild per POST darf dauern'],
  'limits.post_bytes': ['A POST brings a second at least', 'Ein POST bringt je Sekunde mindestens'],
  'limits.posts_per_address': ['Pictures by POST from an address', 'Bilder per POST je Adresse'],
  'limits.connections': ['Connections', 'Verbindungen'],
  'limits.connections_per_address': ['Connections from an address', 'Verbindungen je Adresse'],
  'limits.header_bytes': ['Head of a request', 'Kopf einer Anfrage'],
  'limits.header_timeout': ['Its head may take', 'Ihr Kopf darf dauern'],
  'limits.idle_timeout': ['A connection may rest', 'Eine Verbindung darf ruhen'],
  'limits.api_body_bytes': ['What the API is sent', 'Was die API bekommt'],
  'limits.encoders': ['Encoders at a time', 'Encoder zugleich'],
  'limits.encoder_starts': ['Encoders that start in a second', 'Encoder-Starts je Sekunde'],
  'limits.camera_connect': ['A camera is reached within', 'Eine Kamera ist erreicht in'],
  'limits.camera_first_byte': ['It answers within', 'Sie antwortet in'],
  'limits.camera_silence': ['It may send nothing for', 'Sie darf nichts senden'],
  'recordings.dir': ['Folder', 'Ordner'],
  'recordings.max_bytes': ['All recordings together', 'Alle Aufnahmen zusammen'],
  'recordings.min_free': ['What the disk keeps free', 'Was auf dem Laufwerk frei bleibt'],
  'recordings.sync': ['Brought to the disk every', 'Aufs Laufwerk gebracht alle'],
  'recordings.segment': ['Length of a file', 'Länge einer Datei'],
  'recordings.buffer': ['Memory for a slow disk, per camera', 'Speicher bei langsamem Laufwerk, je Kamera'],
  'notify.address': ['Address of these pages', 'Adresse dieser Seiten'],
  'notify.webhooks': ['Webhooks', 'Webhooks'],
  'notify.mqtt.url': ['MQTT broker', 'MQTT-Broker'],
  'notify.mqtt.prefix': ['MQTT: topics begin with', 'MQTT: Topics beginnen mit'],
  'notify.mqtt.discovery': ['MQTT: prefix of Home Assistant', 'MQTT: Präfix von Home Assistant'],
  'notify.mqtt.pictures': ['MQTT: a picture every', 'MQTT: ein Bild alle'],
};

/** What saving recordings' limits would delete. */
export const deletes = {
  would: (size: string, from: string, to: string): Text => [`${size} of recordings would be deleted at once, from ${from} to ${to}.`, `${size} an Aufnahmen würden sofort gelöscht, von ${from} bis ${to}.`],
  title: ['Delete older recordings?', 'Ältere Aufnahmen löschen?'] as Text,
  words: (size: string): Text => [`This deletes ${size} of recordings at once. They cannot be had again.`, `Das löscht sofort ${size} an Aufnahmen. Sie lassen sich nicht wiederherstellen.`],
};
