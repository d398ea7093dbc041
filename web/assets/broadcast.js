// The broadcaster page: this device's camera, sent up picture by picture, and its
// microphone if that is wanted.
//
// One picture is in flight at a time. The next is taken when the one before
// is acknowledged and its time has come, so it is always the newest there is,
// and a slow network means fewer pictures, never late ones.

import { Camera, whyNoCamera } from './camera.js';
import { Ended, PostLink, SocketLink } from './links.js';
import { Microphone, whyNoMicrophone } from './microphone.js';

const UNWATCHED_FPS = 1; // while nobody looks
const SOCKET_TRIES = 2; // before pictures go by POST
const PAUSE = 500; // ms, before the second attempt; doubles
const LONGEST_PAUSE = 10_000; // ms
const BUSY_PAUSE = 4000; // ms
const STEADY = 10_000; // ms after which a link that ends counts as no failure
const SOUND_BEHIND = 16_000; // bytes besides a picture that are not on their way, behind which no sound is sent
const LATE = 3000; // ms without an answer, after which the page does not say live

const $ = (id) => document.getElementById(id);
const settings = $('settings');
const id = document.body.dataset.camera;
const camera = new Camera($('preview'));
const microphone = new Microphone();
const ticker = new Worker(new URL('ticker.js', import.meta.url));

let running = null; // AbortController of the broadcast, or null
let link = null;
let opening = Promise.resolve(true); // the camera, if it is being opened
let wishes = 0; // how often it was to be
let viewers = 0;
let busy = false; // a picture is being taken or is in flight
let sentAt = null; // when the picture in flight left, or null
let due = false; // its time has come
let lastSize = 0; // bytes of the last picture
let trip = NaN; // ms from its sending to its ack
let wakeLock = null;
const count = { sent: 0, skipped: 0, bytes: 0 };

// publisher names this page to the server, over reloads, so that it takes over
// from itself instead of being told that the camera is taken.
function publisher() {
  let token = sessionStorage.getItem('publisher');
  if (!token) {
    token = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
    sessionStorage.setItem('publisher', token);
  }
  return token;
}

function wanted() {
  const [width, height] = settings.size.value.split('×').map(Number);
  return { camera: settings.camera.value, width, height, fps: Number(settings.fps.value), quality: Number(settings.quality.value) };
}

function say(state, text) {
  $('status').dataset.state = state;
  $('status').textContent = text;
}

function pace() {
  if (!running) return 0;
  return viewers > 0 ? wanted().fps : Math.min(UNWATCHED_FPS, wanted().fps);
}

function setPace() {
  ticker.postMessage(pace() > 0 ? 1000 / pace() : 0);
  if ($('status').dataset.state === 'live') sayLive();
}

function sayLive() {
  const watching = viewers === 1 ? '1 viewer.' : `${viewers} viewers.`;
  say('live', viewers > 0 ? `Live, ${watching}` : 'Live. Nobody is watching, so one picture a second is sent.');
}

// The pictures.

ticker.onmessage = () => {
  if (busy && due) count.skipped++;
  due = true;
  takeDue();
};

function takeDue() {
  if (!due || busy || !link || !camera.ready) return;
  if (link.buffered > lastSize) return; // a tick later, perhaps
  due = false;
  busy = true;
  sendOne(link).finally(() => {
    busy = false;
    takeDue();
  });
}

async function sendOne(through) {
  const takenAt = performance.now();
  const blob = await camera.take(wanted().quality);
  if (!blob) return;
  lastSize = blob.size;
  const began = (sentAt = performance.now());
  try {
    const ack = await through.send(blob, takenAt);
    trip = performance.now() - began;
    if (ack.dropped) {
      count.skipped++;
      return;
    }
    count.sent++;
    count.bytes += blob.size;
    if (link && $('status').dataset.state !== 'live') sayLive();
  } catch (error) {
    if (!(error instanceof Ended)) throw error;
    count.skipped++;
    if (error.kind === 'refused') say('bad', `The server refuses a picture: ${error.message}`);
  } finally {
    sentAt = null;
  }
}

// sayLate tells that a picture is not acknowledged for long: until the link is
// given up nobody knows whether anything arrives.
function sayLate() {
  const seconds = sentAt === null ? 0 : (performance.now() - sentAt) / 1000;
  if (running && link && seconds * 1000 > LATE) say('wait', `The server has not answered for ${Math.round(seconds)} seconds.`);
}

// The sound.

function saySound(text) {
  $('sound').textContent = text;
  $('sound').hidden = text === '';
}

async function turnSound() {
  if (!$('microphone').checked) {
    endSound('');
    return;
  }
  saySound('Opening the microphone.');
  try {
    await microphone.start();
  } catch (error) {
    endSound(whyNoMicrophone(error));
    return;
  }
  if (microphone.open) askSound();
}

// askSound asks the server to take sound, once there is some and a connection.
function askSound() {
  if (!microphone.open) return;
  if (!running) saySound('Sound will be sent with the pictures.');
  else if (link && !link.askSound) saySound('No sound is sent: it needs a WebSocket, and none comes through here.');
  else link?.askSound('opus');
}

function endSound(why) {
  microphone.stop();
  link?.askSound?.('');
  $('microphone').checked = false;
  saySound(why || Microphone.missing());
}

microphone.onended = endSound;
microphone.onpacket = (ms, packet) => {
  if (link?.sound && link.buffered <= lastSize + SOUND_BEHIND) link.sound(ms, packet);
};

// The connection.

// connect opens a socket, or takes to POST where there is none to be had. A
// page may not see why a socket is refused; a POST tells, so it also finds out
// when a taken camera is free.
async function connect(socketFailures, taken) {
  if (taken || socketFailures >= SOCKET_TRIES) return new PostLink(id, publisher(), taken);
  return SocketLink.open(id, publisher());
}

// publish keeps a link up until signal says to stop.
async function publish(signal) {
  let socketFailures = 0;
  let taken = false; // by another publisher
  for (let failures = 0; !signal.aborted; failures++) {
    let ended;
    try {
      const opened = await connect(socketFailures, taken);
      const began = performance.now();
      ended = await use(opened, signal);
      if (performance.now() - began > STEADY) failures = 0;
      socketFailures = opened.delivered || opened.name === 'POST' ? 0 : socketFailures + 1;
      taken = ended.kind === 'busy';
    } catch (error) {
      ended = error;
      socketFailures++;
    }
    if (signal.aborted) return;
    if (ended.kind === 'free') continue;
    if (ended.kind === 'replaced') {
      stop();
      say('bad', `Stopped. ${ended.message}`);
      return;
    }
    await pause(ended, failures, socketFailures, signal);
  }
}

// use sends pictures through a link until it is over, and says why it is.
async function use(opened, signal) {
  const close = () => opened.close();
  signal.addEventListener('abort', close);
  opened.onviewers = (n) => {
    if (n === viewers) return;
    viewers = n;
    setPace();
  };
  opened.onsound = (codec, message) => {
    if (microphone.open) saySound(codec ? 'Sound is sent.' : `No sound is sent. ${message}`);
  };
  link = opened;
  askSound();
  $('by').textContent = opened.name;
  due = true;
  takeDue();
  const ended = await opened.closed;
  signal.removeEventListener('abort', close);
  link = null;
  return ended;
}

// pause waits before the next attempt: longer each time, and never in step
// with others that lost the same server. The first failure of a socket is not
// worth a word, since the next attempt follows at once.
async function pause(ended, failures, socketFailures, signal) {
  const most = ended.kind === 'busy' ? BUSY_PAUSE : Math.min(LONGEST_PAUSE, PAUSE * 2 ** failures);
  if (ended.kind === 'busy') {
    say('wait', 'This camera already has a publisher: another device or tab broadcasts to it. Trying again.');
  } else if (socketFailures !== 1) {
    say('wait', `${ended.message} Trying again.`);
  }
  const ms = most * (0.5 + Math.random() / 2);
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

// Start and stop.

async function start() {
  const control = new AbortController();
  running = control;
  $('toggle').textContent = 'Stop';
  say('wait', 'Opening the camera.');
  if (!(await openCamera()) || control.signal.aborted) return;
  say('wait', 'Connecting.');
  keepAwake();
  setPace();
  await publish(control.signal);
}

function stop() {
  running?.abort();
  running = null;
  camera.close();
  endSound('');
  wakeLock?.release().catch(() => {});
  wakeLock = null;
  setPace();
  $('toggle').textContent = 'Start broadcasting';
  say('idle', 'Not broadcasting.');
}

// openCamera opens the camera as it is wanted by then, one opening after
// another: a device gives its camera once. An opening that another follows is
// left out. It resolves to whether the broadcast goes on.
function openCamera() {
  const wish = ++wishes;
  const broadcast = running;
  opening = opening.then(() => (wish === wishes ? openNow(broadcast) : running === broadcast));
  return opening;
}

async function openNow(broadcast) {
  if (running !== broadcast) return false;
  try {
    await camera.open(wanted());
  } catch (error) {
    if (running !== broadcast) return false;
    stop();
    say('bad', whyNoCamera(error));
    return false;
  }
  if (running !== broadcast) {
    camera.close(); // stopped while the browser asked
    return false;
  }
  await listDevices();
  return true;
}

camera.onended = () => {
  stop();
  say('bad', 'The camera was taken away.');
};

// listDevices adds the cameras by name, which browsers tell only once one of
// them may be used.
async function listDevices() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const known = new Map([...settings.camera.options].map((option) => [option.value, option]));
  for (const { kind, deviceId, label } of devices) {
    if (kind !== 'videoinput' || !label) continue;
    const option = known.get(`device:${deviceId}`);
    if (option) option.text = label;
    else settings.camera.add(new Option(label, `device:${deviceId}`));
  }
}

// keepAwake asks that the screen stays on; a page that was hidden has lost
// that and asks again.
async function keepAwake() {
  if (!running || document.hidden || !navigator.wakeLock) return;
  try {
    wakeLock = await navigator.wakeLock.request('screen');
  } catch {
    wakeLock = null; // low battery, or not allowed: the broadcast goes on without
  }
}

// The page.

let before = { at: performance.now(), sent: 0, bytes: 0 };

function showCounters() {
  sayLate();
  const now = performance.now();
  const seconds = (now - before.at) / 1000;
  const show = (name, value, digits, unit) => ($(name).textContent = Number.isFinite(value) && link ? `${value.toFixed(digits)}${unit}` : '–');
  show('rate', (count.sent - before.sent) / seconds, 1, ' fps');
  show('data', (count.bytes - before.bytes) / 1000 / seconds, 0, ' kB/s');
  show('trip', trip, 0, ' ms');
  show('viewers', viewers, 0, '');
  $('sent').textContent = count.sent;
  $('skipped').textContent = count.skipped;
  before = { at: now, sent: count.sent, bytes: count.bytes };
}

// choose sets a select to a value, which it need not offer.
function choose(select, value, text) {
  if (![...select.options].some((option) => option.value === value)) select.add(new Option(text ?? value, value));
  select.value = value;
}

// readQuery takes settings from the address, such as
// ?camera=user&width=640&height=480&fps=15&quality=0.7&autostart=1.
function readQuery(query) {
  const number = (name, least, most) => {
    const value = Number(query.get(name));
    return value >= least && value <= most ? value : 0;
  };
  const width = number('width', 16, 8192);
  const height = number('height', 16, 8192);
  if (width && height) choose(settings.size, `${width}×${height}`);
  if (number('fps', 0.1, 60)) choose(settings.fps, String(number('fps', 0.1, 60)));
  if (number('quality', 0.05, 1)) settings.quality.value = number('quality', 0.05, 1);
  if (['user', 'environment'].includes(query.get('camera'))) settings.camera.value = query.get('camera');
}

// Choices are kept for the next time, on this device.
const REMEMBERED = 'framegate-broadcast';

function remember() {
  const { camera, size, fps, quality } = settings;
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify({ camera: camera.value, size: size.value, fps: fps.value, quality: quality.value }));
  } catch {
    // Storage is full or forbidden: the choices hold for now.
  }
}

function recall() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
  } catch {
    return; // it is not ours
  }
  if (/^\d{2,4}×\d{2,4}$/.test(kept.size)) choose(settings.size, kept.size);
  if (Number(kept.fps) > 0) choose(settings.fps, String(Number(kept.fps)));
  if (Number(kept.quality) > 0) settings.quality.value = Number(kept.quality);
  if (typeof kept.camera === 'string' && kept.camera) choose(settings.camera, kept.camera, 'The camera of the last time');
}

function showQuality() {
  settings.shown.value = `${Math.round(wanted().quality * 100)} %`;
}

function explainInsecure() {
  const port = location.port || (location.protocol === 'https:' ? '443' : '80');
  $('authority').textContent = `https://${location.host}${new URL('../ca.crt', import.meta.url).pathname}`;
  $('secure').textContent = `https://${location.host}${location.pathname}`;
  $('local').textContent = `http://localhost:${port}${location.pathname}`;
  $('tunnel').textContent = `ssh -L ${port}:localhost:${port} ${location.hostname}`;
  $('adb').textContent = `adb reverse tcp:${port} tcp:${port}`;
  $('insecure').hidden = false;
  $('preview').parentElement.hidden = true;
  $('toggle').disabled = true;
  say('bad', 'This browser gives no camera to pages over plain HTTP.');
}

settings.addEventListener('submit', (event) => event.preventDefault());
settings.addEventListener('input', showQuality);
settings.addEventListener('change', async ({ target }) => {
  remember();
  if (!running) return;
  setPace();
  if (target.name !== 'quality') await openCamera();
});
$('toggle').addEventListener('click', () => (running ? stop() : start()));
$('microphone').addEventListener('change', turnSound);
document.addEventListener('visibilitychange', keepAwake);
addEventListener('pagehide', () => running && link?.close());
setInterval(showCounters, 1000);

const query = new URLSearchParams(location.search);
recall();
readQuery(query);
showQuality();
$('microphone').disabled = Microphone.missing() !== '';
saySound(Microphone.missing());
if (!navigator.mediaDevices?.getUserMedia) explainInsecure();
else if (query.has('autostart')) start();
