import { expect, it } from 'vitest';

import { programs, snippets } from './snippets';
import { adviceFor } from './trouble';

const at = (form: string) => `https://cams.example/live/front${form}?exp=1&sig=a'b`;
const addresses = { mjpeg: at('.mjpeg'), jpeg: at('.jpg'), mp4: at('.mp4'), socket: at(''), script: 'https://cams.example/assets/framegate-player.js' };

it('writes addresses as each place has them', () => {
  const of = (program: (typeof programs)[number]) => snippets(program, 'front', 'Front "door" & <more>', addresses).join('\n');
  expect(of('img')).toBe(`<img src="https://cams.example/live/front.mjpeg?exp=1&amp;sig=a'b" alt="Front &quot;door&quot; &amp; &lt;more>">`);
  expect(of('vlc')).toBe(`vlc --network-caching=200 'https://cams.example/live/front.mp4?exp=1&sig=a'\\''b'`);
  expect(of('player')).toContain(`<framegate-player src="https://cams.example/live/front?exp=1&amp;sig=a'b"`);
  expect(of('frigate')).toContain(`- path: "https://cams.example/live/front.mjpeg?exp=1&sig=a'b"`);
  expect(of('octoPrint')).toBe(`${addresses.mjpeg}\n${addresses.jpeg}`);
});

it('has advice for what cameras suffer from', () => {
  for (const [text, advice] of [
    ['connecting: dial tcp 127.0.0.1:9: connect: connection refused', 'refused'],
    ['connecting: dial tcp: lookup cam.lan: no such host', 'name'],
    ['the camera answers 401 Unauthorized', 'login'],
    ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'certificate'],
    ['connecting: dial tcp 192.0.2.1:554: i/o timeout', 'away'],
    ['the camera answers 404 Not Found', 'path'],
    ['something else', 'other'],
  ] as const) expect(adviceFor(text, true), text).toBe(advice);
  expect(adviceFor('unreachable', false)).toBe('ask');
});
