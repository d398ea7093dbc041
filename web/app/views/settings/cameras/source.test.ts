import { expect, test } from 'vitest';

import { schemeOf, slug, splitSource, suggestId, withScheme } from './source';

test('name and password are taken out of an address', () => {
  expect(splitSource('rtsp://admin:secret@10.0.0.5:554/stream1')).toEqual({ address: 'rtsp://10.0.0.5:554/stream1', username: 'admin', password: 'secret' });
  expect(splitSource(' http://a%40b:p%3Aq@cam/x?y=1 ')).toEqual({ address: 'http://cam/x?y=1', username: 'a@b', password: 'p:q' });
  expect(splitSource('rtsp://admin@cam/')).toEqual({ address: 'rtsp://cam/', username: 'admin', password: '' });
});

test('a password with an @ or a bare % is taken as it is', () => {
  expect(splitSource('rtsp://admin:p@ss%@cam/1')).toEqual({ address: 'rtsp://cam/1', username: 'admin', password: 'p@ss%' });
});

test('an @ behind the host is no login', () => {
  expect(splitSource('http://cam/x?mail=a@b')).toBeNull();
  expect(splitSource('upload:')).toBeNull();
});

test('a login before a path with an @ is found all the same', () => {
  expect(splitSource('http://u:p@cam/x@y')).toEqual({ address: 'http://cam/x@y', username: 'u', password: 'p' });
});

test('schemes', () => {
  expect(schemeOf('RTSPS://x')).toBe('rtsps');
  expect(schemeOf('10.0.0.5')).toBe('');
  expect(withScheme('10.0.0.5/stream1')).toBe('rtsp://10.0.0.5/stream1');
  expect(withScheme('cam.lan:8554/a')).toBe('rtsp://cam.lan:8554/a');
  expect(withScheme('http://cam')).toBe('http://cam');
  expect(withScheme('upload:')).toBe('upload:');
});

test('ids are suggested of names, hosts and paths', () => {
  expect(slug('Haustür – Süd!')).toBe('haustuer-sued');
  expect(suggestId('Front door', 'rtsp://10.0.0.5/1', [])).toBe('front-door');
  expect(suggestId('', 'rtsp://garage.lan:554/stream1', ['garage'])).toBe('garage-2');
  expect(suggestId('', 'http://192.168.1.4/garden.mjpeg', [])).toBe('garden');
  expect(suggestId('', 'rtsp://192.168.1.4/Streaming/Channels/101', [])).toBe('camera');
  expect(suggestId('', 'upload:', ['camera'])).toBe('camera-2');
});
