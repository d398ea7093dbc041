// A camera's settings while they are changed: texts by the keys of the API, with dots where
// those stand in objects within objects, as record.keep.max_age. '' is what is so anyway.

import type { Schemas } from '../../../api/client';
import { wireOf } from './source';

/** All keys of a camera that can be set, in the order of the form. */
export const KEYS = [
  'name', 'source', 'username', 'password', 'keep', 'transport', 'interval', 'sound', 'normalize', 'standby', 'exclusive', 'tls_insecure', 'sub', 'onvif',
  'record.mode', 'record.every', 'record.codec', 'record.sound', 'record.schedule.zone', 'record.schedule.hours',
  'record.keep.max_age', 'record.keep.max_bytes', 'record.keep.marked.max_age',
] as const;
export type Key = (typeof KEYS)[number];

/** What is filled in, by key. */
export type Draft = Record<Key, string>;

// What is so without the key, where the server says it nevertheless.
const USUAL: Partial<Draft> = { keep: 'on_demand', 'record.mode': 'off' };

/** A draft in which nothing is said. */
export function emptyDraft(): Draft {
  return Object.fromEntries(KEYS.map((key) => [key, ''])) as Draft;
}

/** The draft of a camera as the server tells of it, or of what a form begins with. */
export function draftOf(camera: object): Draft {
  const draft = emptyDraft();
  for (const key of KEYS) {
    const value = key.split('.').reduce<unknown>((object, name) => (object as Record<string, unknown> | undefined)?.[name], camera);
    const text = value === true ? 'true' : typeof value === 'string' ? value : '';
    draft[key] = text === USUAL[key] ? '' : text;
  }
  return draft;
}

// For which addresses a key is, by wireOf; all where nothing is said. The same is in gateway/config.
const FOR: Partial<Record<Key, RegExp>> = {
  username: /^(http|rtsp|flv)s?$/,
  password: /^(http|rtsp|flv)s?$/,
  interval: /^https?$/,
  transport: /^rtsps?$/,
  sound: /^((rtsp|rtmp|flv)s?|tcp(-listen)?|file|upload)$/,
  normalize: /^(http|rtsp)s?$/,
  standby: /^((http|rtsp|rtmp|flv)s?|tcp)$/,
  exclusive: /^((http|rtsp|rtmp|flv)s?|tcp)$/,
  tls_insecure: /^(http|rtsp|rtmp|flv)s$/,
  onvif: /^(http|rtsp|flv)s?$/,
  sub: /^(http|rtsp|rtmp|flv)s?$/,
};

/** Says whether a key has a use for the camera that is drafted. */
export function suits(key: Key, draft: Draft): boolean {
  const wire = wireOf(draft.source);
  if (key === 'keep') return wire !== 'upload';
  const mode = draft['record.mode'];
  switch (key) {
    case 'tls_insecure':
      if (suits('onvif', draft) && draft.onvif.startsWith('https:')) return true;
      if (suits('sub', draft) && FOR.tls_insecure!.test(wireOf(draft.sub))) return true;
      break;
    case 'record.every':
      return mode === 'pictures';
    case 'record.codec':
    case 'record.sound':
      return mode !== '' && mode !== 'pictures';
    case 'record.schedule.zone':
    case 'record.schedule.hours':
      return mode === 'scheduled';
  }
  return FOR[key]?.test(wire) ?? true;
}

// What may stay while recording is off, so that it can be switched on again.
function kept(key: Key, draft: Draft): boolean {
  return draft['record.mode'] === '' && key.startsWith('record.');
}

const HOST = /(?<=^[a-z]+:\/\/)(?:\[[^\]]*\]|[^/:?#]+)/i;

// beside gives where a camera turns, or has its sub-stream. A camera that moved to another host has that there too; what was found at another one is no use.
function beside(key: 'onvif' | 'sub', before: Draft, after: Draft): string {
  const host = HOST.exec(after.source)?.[0] ?? '';
  const [was, is] = [before[key], after[key]];
  if (is !== was && was === '') return HOST.exec(is)?.[0].toLowerCase() === host.toLowerCase() || before.source !== '' ? is : '';
  return is === was && after.source !== before.source ? is.replace(HOST, host) : is;
}

/** What of a draft differs from what was there: texts by key, '' for what is taken away. What has no use is taken away. */
export function changed(before: Draft, wanted: Draft): Partial<Draft> {
  const after = { ...wanted, onvif: beside('onvif', before, wanted), sub: beside('sub', before, wanted) };
  const changes: Partial<Draft> = {};
  for (const key of KEYS) {
    const text = suits(key, after) || kept(key, after) ? after[key] : '';
    if (text !== before[key]) changes[key] = text;
  }
  return changes;
}

/** Makes the body of a request of texts by key. */
export function body(texts: Partial<Draft>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(texts)) {
    const names = key.split('.');
    const last = names.pop() as string;
    const section = names.reduce((above, name) => (above[name] ??= {}) as Record<string, unknown>, object);
    section[last] = key === 'tls_insecure' || key === 'exclusive' ? text === 'true' : text;
  }
  return object;
}

/** The body of a new camera: what is said, and suits. */
export function fresh(draft: Draft): Schemas['Trial'] {
  return { source: draft.source, ...body(changed(emptyDraft(), draft)) };
}
