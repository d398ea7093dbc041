import { expect, test } from 'vitest';

import { hostOf, loginOf, schemeOf, slug, splitSource, suggestId, withScheme, subOf } from './source';

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

test('a login goes with the host that it came with, and with no other', () => {
  for (const [host, source, whose] of [
    ['10.0.0.5', 'rtsp://10.0.0.5:8554/other', '10.0.0.5'],
    ['10.0.0.5', 'rtsp://10.0.0.51/1', ''],
    ['10.0.0.5', 'rtsp://admin:new@10.0.0.6/1', ''],
    ['10.0.0.5', '', ''],
    ['10.0.0.5', 'upload:', ''],
    ['[fd00::1]', 'http://[fd00::1]:80/x', '[fd00::1]'],
    ['[fd00::1]', 'http://[fd00::2]/x', ''],
  ] as const) {
    const draft = { source, username: 'admin', password: 'secret' };
    expect(loginOf(host, draft)).toBe(whose);
    expect([draft.username, draft.password]).toEqual(whose ? ['admin', 'secret'] : ['', '']);
  }
  const typed = { source: 'rtsp://10.0.0.6/', username: 'admin', password: 'typed' };
  expect([loginOf('', typed), typed.password]).toEqual(['', 'typed']);
  expect([hostOf('http://cam.lan:81/a'), hostOf('cam')]).toEqual(['cam.lan', '']);
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

test('the sub-stream of a camera is smaller, and large enough for a tile', () => {
  const profile = (source: string, width: number, codec = 'h264') => ({ source, width, codec });
  const all = [profile('main', 2560), profile('tiny', 320), profile('mid', 1280), profile('sub', 640), profile('new', 500, 'h265'), { source: 'odd', width: 600 }];
  expect(subOf(all, 'main')).toBe('sub');
  expect(subOf(all, 'sub')).toBe('tiny');
  expect(subOf(all, 'tiny')).toBe('');
  expect(subOf([profile('main', 1920), profile('a', 160), profile('b', 352), profile('c', 640, 'jpeg')], 'main')).toBe('b');
  expect(subOf([{ source: 'main' }, profile('sub', 640)], 'main')).toBe('');
});
