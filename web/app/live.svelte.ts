// What the app knows of the server, kept true by one stream of events: who is
// logged in, which cameras there are, what they do. Nothing is asked for over
// and over; after a gap in the stream all of it is asked for anew.

import { ahead } from './api/ahead';
import { call, onUnauthorized, Problem, type Schemas } from './api/client';
import { address } from './root';

export type Camera = Schemas['Camera'];
export type CameraStatus = Schemas['CameraStatus'];
export type Me = Schemas['Me'];
export type Overview = Schemas['Overview'];
export type ServerEvent = Schemas['Event'];

/** How it stands with the server. */
export type Connection = 'connecting' | 'open' | 'lost';

const STATUS_EVERY = '2s';
const CALM_MS = 200; // several changes often come together
const AGAIN_MS = 2000;
const LATE_MS = 2000; // more than two statuses in a row are late by
const SILENCE_MS = 10_000; // after which the stream is dead, though nobody said so, as on a network that is gone

// Kinds of events after which something is asked for anew.
const OF_CAMERAS = ['camera_added', 'camera_changed', 'camera_removed', 'settings_changed'];
const OF_STATUS = ['camera_online', 'camera_offline', 'camera_idle', 'publisher_came', 'publisher_went', 'recording_changed', 'trouble_began', 'trouble_ended'];
const OTHERS = [
  'recordings_added', 'recordings_deleted', 'recording_gap', 'recording_mark_added', 'recording_mark_changed', 'recording_mark_deleted',
  'export_changed', 'export_removed', 'settings_refused', 'preferences_changed',
];

let me = $state.raw<Me | null | undefined>(undefined);
let cameras = $state.raw<readonly Camera[] | undefined>(undefined);
let overview = $state.raw<Overview | undefined>(undefined);
let statuses = $state.raw<ReadonlyMap<string, CameraStatus>>(new Map());
let connection = $state<Connection>('connecting');
let problem = $state.raw<Problem | null>(null);
let ended = $state(false);
let updated = $state(false);
let version: string | undefined; // of the server when this page began
let before: string | undefined; // the name of who was logged in last
let offsetMs = 0; // of the server's clock before ours
let lateMs = Infinity; // the same by the last status, which may be late

/** All of it, to read. Reactive. */
export const live = {
  /** Who is logged in; null: nobody, undefined: not known yet. */
  get me() {
    return me;
  },
  /** Whether somebody was logged in whose login ended, other than by logging out here. */
  get ended() {
    return ended;
  },
  /** Which cameras there are, of those that one may know; undefined: not known yet. */
  get cameras() {
    return cameras;
  },
  /** What the server as a whole does; of two seconds ago at most. */
  get overview() {
    return overview;
  },
  /** Whether the server is another version than when this page began, so that its scripts do not go with those that are here. */
  get updated() {
    return updated;
  },
  get connection() {
    return connection;
  },
  /** Why nothing could be learned; null where that went well. */
  get problem() {
    return problem;
  },
  /** What a camera does. */
  status(id: string): CameraStatus | undefined {
    return statuses.get(id);
  },
  camera(id: string): Camera | undefined {
    return cameras?.find((camera) => camera.id === id);
  },
  /** The server's present, in ms since 1970. Not reactive. */
  nowMs(): number {
    return Date.now() + offsetMs;
  },
};

/** Says whether who is logged in may do something with a camera. */
export function may(camera: Camera | undefined, action: Camera['may'][number]): boolean {
  return camera?.may.includes(action) ?? false;
}

type Heard = (event: ServerEvent) => void;
const hearers = new Map<string, Set<Heard>>();

/** Calls heard at each event of the kinds, and with 'ready' whenever some may have been missed. The result ends it. */
export function onEvent(kinds: readonly (ServerEvent['kind'] | 'preferences_changed')[], heard: Heard): () => void {
  for (const kind of kinds) hearers.set(kind, (hearers.get(kind) ?? new Set()).add(heard));
  return () => {
    for (const kind of kinds) hearers.get(kind)?.delete(heard);
  };
}

let source: EventSource | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
let silence: ReturnType<typeof setTimeout> | undefined;
const asking = new Map<string, ReturnType<typeof setTimeout>>();

/** Begins: takes what the page came with, or asks who is logged in, and listens. It waits for nothing else. */
export async function begin(): Promise<void> {
  clearTimeout(again);
  const was = me;
  try {
    const who = ahead('/api/v1/me') ?? (await call('get', '/api/v1/me'));
    if (me !== was) return; // somebody logged in or out meanwhile
    takeOver(who);
    problem = null;
    cameras = ahead('/api/v1/cameras')?.cameras ?? cameras;
    const now = ahead('/api/v1/status');
    if (now) {
      offsetMs = +new Date(now.at) - Date.now(); // until the stream says it at once
      take(now);
    }
    listen();
  } catch (error) {
    if (me !== was) return;
    if (error instanceof Problem && error.status === 401) takeOver(null);
    else {
      problem = error instanceof Problem ? error : new Problem(0, String(error));
      connection = 'lost';
      again = setTimeout(() => void begin(), AGAIN_MS);
    }
  }
}

/** Takes over who has just logged in; null: logged out. */
export function loggedIn(who: Me | null): void {
  if (takeOver(who) && who) listen();
  ended = false;
}

// takeOver forgets what the one before was told, and says whether this is another
// one. Where somebody else was here before, the page itself begins anew, so that
// nothing of theirs is left in it; and where the server was updated, since who logs
// in needs scripts of it.
function takeOver(who: Me | null): boolean {
  const same = who !== null && who.session === me?.session && who.name === me?.name;
  ended = who === null && (ended || (me ?? null) !== null);
  me = who;
  if (same) return false;
  deafen();
  cameras = overview = undefined;
  statuses = new Map();
  if (who ? who.name !== undefined && before !== undefined && before !== who.name : updated) location.reload();
  before = who?.name ?? before;
  return true;
}

function listen(): void {
  deafen();
  stillHearing();
  connection = 'connecting';
  if (!cameras) soon('cameras', askCameras, 0); // and again once no change can be missed
  let heard = false;
  source = new EventSource(address(`api/v1/events?status=${STATUS_EVERY}`));
  source.addEventListener('ready', (event) => {
    if (connection === 'lost') soon('me', askWho, 0); // it ends also when one may do something else
    connection = 'open';
    heard = true;
    hear(event);
    soon('cameras', askCameras, 0); // the status comes by itself
  });
  source.addEventListener('status', (event) => take(JSON.parse(event.data as string) as Overview));
  for (const kind of OF_CAMERAS) source.addEventListener(kind, (event) => (hear(event), soon('cameras', askCameras)));
  for (const kind of OF_STATUS) source.addEventListener(kind, (event) => (hear(event), soon('status', askStatus)));
  for (const kind of OTHERS) source.addEventListener(kind, hear);
  source.addEventListener('lost', () => {
    hearers.get('ready')?.forEach((heard) => heard({ kind: 'ready', at: new Date(live.nowMs()).toISOString() }));
    soon('cameras', askCameras);
    soon('status', askStatus);
  });
  source.onerror = () => {
    connection = 'lost';
    if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    deafen();
    clearTimeout(again);
    again = setTimeout(() => void begin(), heard ? 0 : AGAIN_MS); // at once where it worked before: somebody is logged in no more
  };
}

function deafen(): void {
  source?.close();
  source = null;
  clearTimeout(again);
  clearTimeout(silence);
}

// stillHearing begins anew where it is not called again for a while: the status
// comes every two seconds.
function stillHearing(): void {
  clearTimeout(silence);
  silence = setTimeout(() => {
    deafen();
    connection = 'lost';
    void begin();
  }, SILENCE_MS);
}

function hear(event: MessageEvent): void {
  const told = JSON.parse(event.data as string) as ServerEvent;
  if (told.kind === 'ready') offsetMs = +new Date(told.at) - Date.now();
  hearers.get(told.kind)?.forEach((heard) => heard(told));
}

function take(now: Overview): void {
  if (source) {
    stillHearing();
    if (source.readyState === EventSource.OPEN) connection = 'open';
  }
  overview = now;
  updated = now.version !== (version ??= now.version);
  const ms = +new Date(now.at) - Date.now();
  if (ms > offsetMs || (ms < offsetMs - LATE_MS && lateMs < offsetMs - LATE_MS)) offsetMs = ms; // this came faster than the last, or a clock was set
  lateMs = ms;
  statuses = new Map(now.cameras.map((status) => [status.id, status]));
}

// soon asks once for what several events call for.
function soon(what: string, ask: () => Promise<void>, withinMs = CALM_MS): void {
  clearTimeout(asking.get(what));
  asking.set(what, setTimeout(() => void ask().catch(() => undefined), withinMs)); // the next event, or 'ready', asks again
}

async function askWho(): Promise<void> {
  const was = me;
  const who = await call('get', '/api/v1/me');
  if (me === was) takeOver(who); // or somebody logged in or out meanwhile
}

let asks = 0;
async function askCameras(): Promise<void> {
  const mine = ++asks;
  const found = await call('get', '/api/v1/cameras');
  if (mine !== asks || JSON.stringify(found.cameras) === JSON.stringify(cameras)) return; // a newer answer is there, or on its way; or nothing is new
  ({ cameras } = found);
}

async function askStatus(): Promise<void> {
  take(await call('get', '/api/v1/status'));
}

// Whether somebody is still logged in is asked for: the answer may have been about
// a password that was wrong.
let doubted = false;
onUnauthorized(() => {
  if (!me || doubted) return;
  doubted = true;
  void begin().finally(() => (doubted = false));
});

// A page that slept, or a network that changed: browsers notice late.
addEventListener('online', () => void begin());
addEventListener('offline', () => {
  if (source) connection = 'lost'; // or the next status comes all the same, as of a server on this machine
});
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && connection === 'lost') void begin();
});
