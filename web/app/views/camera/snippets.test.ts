import { expect, it } from 'vitest';

import { programs, snippets } from './snippets';

const at = (form: string) => `https://cams.example/live/front${form}?exp=1&sig=a'b`;
const addresses = { mjpeg: at('.mjpeg'), jpeg: at('.jpg'), mp4: at('.mp4'), socket: at(''), webrtc: at('/whep'), script: 'https://cams.example/assets/framegate-player.js' };

it('writes addresses as each place has them', () => {
  const of = (program: (typeof programs)[number]) => snippets(program, 'front', 'Front "door" & <more>', addresses).join('\n');
  expect(of('img')).toBe(`<img src="https://cams.example/live/front.mjpeg?exp=1&amp;sig=a'b" alt="Front &quot;door&quot; &amp; &lt;more>">`);
  expect(of('vlc')).toBe(`vlc --network-caching=200 'https://cams.example/live/front.mp4?exp=1&sig=a'\\''b'`);
  expect(of('player')).toContain(`<framegate-player src="https://cams.example/live/front?exp=1&amp;sig=a'b"`);
  expect(of('frigate')).toContain(`- path: "https://cams.example/live/front.mjpeg?exp=1&sig=a'b&words=off"`);
  expect(of('mainsail')).toBe(addresses.webrtc);
  expect(of('octoPrint')).toBe(`${addresses.mjpeg}\n${addresses.jpeg}`);
});
