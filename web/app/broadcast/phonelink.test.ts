import { describe, expect, it } from 'vitest';

import type { Schemas } from '../api/client';
import { isLocal, originOf, originsFor } from './phonelink';

it.each(['localhost', 'localhost:8080', 'cam.localhost', '127.0.0.1', '127.1.2.3:80', '[::1]:8080', '0.0.0.0'])('%s is this machine alone', (host) => {
  expect(isLocal(host)).toBe(true);
});

it.each(['192.168.1.2:8080', 'cam.lan', 'localhost.example', '[fd00::1]:8080'])('%s is not', (host) => {
  expect(isLocal(host)).toBe(false);
});

describe('what a phone is told', () => {
  const server = { system: { hosts: ['localhost', 'nas', 'nas.lan'], tls: { certificates: [{ names: ['nas', '127.0.0.1', '192.168.1.2', 'fe80::1', 'fd00::1', '::1', '*.lan'] }] } } };
  const about = server as unknown as Schemas['AboutServer'];

  it('is where the page is', () => {
    expect(originsFor(new URL('http://192.168.1.2:8080/broadcast/x'), about)).toEqual(['http://192.168.1.2:8080']);
  });

  it('is what the server calls itself, what phones find most likely first, where the page is of this machine', () => {
    expect(originsFor(new URL('https://localhost:8443/'), about)).toEqual(['192.168.1.2', 'nas.lan', '[fd00::1]', 'nas'].map((host) => `https://${host}:8443`));
    expect(originsFor(new URL('http://localhost/'), null)).toEqual([]);
  });
});

it.each([
  ['cam.lan:8080', 'http://cam.lan:8080'],
  ['https://cam.lan/x?y', 'https://cam.lan'],
  ['192.168.1.10', 'http://192.168.1.10'],
  ['', null],
  ['[fd00::1]:8080', 'http://[fd00::1]:8080'],
  ['not an address', null],
  ['not%20an%20address', null],
  ['http://', null],
])('%j is the origin %j', (text, origin) => {
  expect(originOf(text, 'http:')).toBe(origin);
});
