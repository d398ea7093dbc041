import { expect, test } from 'vitest';

import { body, changed, draftOf, emptyDraft, fresh, KEYS, suits } from './draft';
import golden from './suits.golden.json';

const camera = {
  id: 'front', name: 'Front', source: 'rtsp://cam/1', keep: 'on_demand', transport: 'udp', may: ['view'],
  record: { mode: 'scheduled', schedule: { zone: 'UTC', hours: 'daily 00:00-24:00' }, keep: { max_age: '30d' } },
};

test('a camera is drafted, and what is usual is nothing', () => {
  const draft = draftOf(camera);
  expect(draft['record.keep.max_age']).toBe('30d');
  expect(draft.keep).toBe('');
  expect(draft.transport).toBe('udp');
  expect(draftOf({ tls_insecure: true, record: { mode: 'off' } })).toEqual({ ...emptyDraft(), tls_insecure: 'true' });
});

test('only what differs is sent, and what has no use any more is taken away', () => {
  const before = draftOf(camera);
  expect(changed(before, before)).toEqual({});
  expect(changed(before, { ...before, source: 'http://cam/x', 'record.mode': 'pictures' })).toEqual({
    source: 'http://cam/x', transport: '', 'record.mode': 'pictures', 'record.schedule.zone': '', 'record.schedule.hours': '',
  });
});

test('what is set of recording stays while it is off', () => {
  const before = draftOf(camera);
  expect(changed(before, { ...before, 'record.mode': '' })).toEqual({ 'record.mode': '' });
});

test('bodies are objects within objects', () => {
  expect(body({ name: 'x', 'record.keep.max_age': '1d', 'record.keep.marked.max_age': '2d', tls_insecure: 'true' })).toEqual({
    name: 'x', tls_insecure: true, record: { keep: { max_age: '1d', marked: { max_age: '2d' } } },
  });
  expect(fresh({ ...emptyDraft(), source: 'upload:', keep: 'always', name: 'Phone' })).toEqual({ source: 'upload:', name: 'Phone' });
});

test('keys suit addresses', () => {
  const draft = { ...emptyDraft(), source: 'RTSPS://x' };
  expect(suits('transport', draft) && suits('tls_insecure', draft)).toBe(true);
  expect(suits('interval', draft)).toBe(false);
  expect(suits('keep', { ...draft, source: 'upload:' })).toBe(false);
});

test.each(['rtmp://cam/app/key', 'rtmps://cam/app/key', 'http://cam/flv?port=1935', 'https://cam/live/x.FLV?a=b'])('what %s sends has sound, and no JPEGs', (source) => {
  const before = { ...emptyDraft(), source, sound: 'off' };
  expect(changed(before, { ...before, name: 'Yard' })).toEqual({ name: 'Yard' });
  expect(suits('normalize', before) || suits('interval', before)).toBe(false);
  expect(suits('tls_insecure', before)).toBe(/^(rtmp|http)s:/.test(source));
  expect(suits('username', before)).toBe(source.startsWith('http'));
});

// The gateway writes the file, of what it has a use for.
test.each(Object.entries(golden))('keys suit %s as the gateway says', (camera, keys) => {
  const [source = '', mode = ''] = camera.split(' ');
  const draft = { ...emptyDraft(), source, 'record.mode': mode };
  expect(KEYS.filter((key) => suits(key, draft)).sort()).toEqual(keys.split(' ').sort());
});

test('a camera turns at the host that its pictures come from', () => {
  const found = { ...emptyDraft(), source: 'rtsp://10.0.0.2:554/1', onvif: 'http://10.0.0.2/onvif/device_service' };
  expect(changed(emptyDraft(), found).onvif).toBe(found.onvif);
  expect(changed(emptyDraft(), { ...found, source: 'rtsp://10.0.0.3/1' }).onvif).toBeUndefined();
  expect(changed(found, { ...found, source: 'rtsp://cam.lan/1' }).onvif).toBe('http://cam.lan/onvif/device_service');
  expect(changed(found, { ...found, name: 'x' }).onvif).toBeUndefined();
  expect(changed(found, { ...found, source: 'test:' }).onvif).toBe('');
  expect(changed({ ...found, onvif: '' }, { ...found, onvif: 'http://other/' }).onvif).toBe('http://other/'); // which the server refuses
  const secure = { ...found, onvif: 'https://10.0.0.2/', tls_insecure: 'true' };
  expect(changed(emptyDraft(), secure).tls_insecure).toBe('true');
  expect(changed(emptyDraft(), { ...secure, source: 'rtsp://10.0.0.3/1' })).toEqual({ source: 'rtsp://10.0.0.3/1' });
  expect(changed(emptyDraft(), { ...secure, source: 'test:' })).toEqual({ source: 'test:' });
  expect(changed(secure, { ...secure, source: 'rtsp://cam/1' })).toEqual({ source: 'rtsp://cam/1', onvif: 'https://cam/' });
});

test('a sub-stream moves with its camera, and may be encrypted alone', () => {
  const found = { ...emptyDraft(), source: 'rtsp://10.0.0.2:554/1', sub: 'rtsps://10.0.0.2:322/2', tls_insecure: 'true' };
  expect(changed(emptyDraft(), found)).toEqual({ source: found.source, sub: found.sub, tls_insecure: 'true' });
  expect(changed(found, { ...found, source: 'rtsp://cam.lan/1' })).toEqual({ source: 'rtsp://cam.lan/1', sub: 'rtsps://cam.lan:322/2' });
  expect(changed(found, { ...found, source: 'upload:' })).toEqual({ source: 'upload:', sub: '', tls_insecure: '' });
  expect(changed(found, { ...found, sub: '' })).toEqual({ sub: '', tls_insecure: '' });
});
