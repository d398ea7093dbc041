// How other programs are told of a camera: what is to be copied into them.

/** Programs that there are snippets for. */
export const programs = ['img', 'player', 'vlc', 'homeAssistant', 'octoPrint', 'frigate', 'mainsail'] as const;
export type Program = (typeof programs)[number];

/** What programs are called. */
export const names: Record<Program, string> = {
  img: '<img>', player: '<framegate-player>', vlc: 'VLC', homeAssistant: 'Home Assistant', octoPrint: 'OctoPrint', frigate: 'Frigate', mainsail: 'Mainsail (WebRTC)',
};

/** The addresses of a camera, absolute. */
export interface Addresses {
  mjpeg: string;
  jpeg: string;
  mp4: string;
  socket: string;
  webrtc: string;
  /** Of the script of the player. */
  script: string;
}

/** The texts for a program, each to be copied by itself. */
export function snippets(program: Program, id: string, title: string, a: Addresses): string[] {
  switch (program) {
    case 'img':
      return [`<img src="${html(a.mjpeg)}" alt="${html(title)}">`];
    case 'player':
      return [`<script type="module" src="${html(a.script)}"></script>\n<framegate-player src="${html(a.socket)}" label="${html(title)}" delay></framegate-player>`];
    case 'vlc':
      return [`vlc --network-caching=200 ${shell(a.mp4)}`];
    case 'homeAssistant':
    case 'octoPrint':
      return [a.mjpeg, a.jpeg];
    case 'mainsail':
      return [a.webrtc];
    case 'frigate':
      return [frigate(id, a)];
  }
}

// frigate takes MJPEG by its own preset, without pictures that say that the camera is away: it would look for people in them, and take the camera for alive. An endless MP4 it would have to be told how to come back to.
function frigate(id: string, a: Addresses): string {
  return `cameras:
  ${id}:
    ffmpeg:
      inputs:
        - path: ${JSON.stringify(`${a.mjpeg}${a.mjpeg.includes('?') ? '&' : '?'}words=off`)}
          input_args: preset-http-mjpeg-generic
          roles: [detect]
`;
}

function html(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
}

function shell(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
