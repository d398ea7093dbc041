// The addresses at which cameras of some makers are found, as their manuals have them.

/** One maker's. */
export interface Maker {
  readonly name: string;
  /** With HOST in place of the camera's own. */
  readonly address: string;
}

export const makers: readonly Maker[] = [
  { name: 'Amcrest, Dahua', address: 'rtsp://HOST:554/cam/realmonitor?channel=1&subtype=0' },
  { name: 'Axis', address: 'rtsp://HOST/axis-media/media.amp' },
  { name: 'Foscam', address: 'rtsp://HOST:554/videoMain' },
  { name: 'Hikvision', address: 'rtsp://HOST:554/Streaming/Channels/101' },
  { name: 'Reolink', address: 'rtsp://HOST:554/h264Preview_01_main' },
  { name: 'TP-Link Tapo', address: 'rtsp://HOST:554/stream1' },
  { name: 'UniFi Protect', address: 'rtsps://HOST:7441/KEY' },
  { name: 'ESP32-CAM', address: 'http://HOST:81/stream' },
  { name: 'OctoPrint, mjpg-streamer', address: 'http://HOST:8080/?action=stream' },
];
