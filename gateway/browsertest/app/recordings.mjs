// Who looks for what happened, makes files of it, and says how long it is kept.

import { ceiling, check } from '../chromium.mjs';

// firstOf gives when a camera's first recording begins, in ms.
async function firstOf(api, camera) {
  const { segments } = await api('GET', `cameras/${camera}/segments?from=-3h&to=now&limit=1`);
  return Date.parse(segments[0].start);
}

const iso = (ms) => new Date(ms).toISOString();

// pictured waits until a card shows its picture, which a busy server refuses for a while.
async function pictured(card) {
  await card.scrollIntoViewIfNeeded();
  const end = Date.now() + ceiling;
  const shown = ([img]) => Boolean(img?.complete && img.naturalWidth > 0);
  while (!(await card.locator('img').evaluateAll(shown))) {
    check(Date.now() < end, 'a card has no picture');
    await new Promise((over) => setTimeout(over, 100));
  }
}

// Somebody finds what was marked, writes beside it what it was, keeps it, and deletes it.
export async function marks({ as, api, axe, shot, expect, window: size }) {
  expect(/ (404|503) .*\/thumbnail\.jpg/); // which is asked beside the mark, where it is not to be had there
  const page = await as('admin', { path: '/recordings' });
  const start = await firstOf(api, 'film');
  const kind = `person-${size}`;
  const add = (at, more) => api('POST', 'cameras/film/events', { start: iso(start + at), end: iso(start + at + 2000), ...more });
  await page.getByRole('heading', { name: 'Recordings' }).waitFor();
  let asked = 0; // of which the first are refused
  await page.route('**/thumbnail.jpg*', (route) => (asked++ < 2 ? route.fulfill({ status: 503 }) : route.continue()));
  const person = await add(1000, { kind, note: 'the postman' });
  const car = await add(67_000, { kind: 'car', data: { zone: 'driveway' } }); // after the page was there
  const card = (name) => page.getByRole('listitem').filter({ has: page.getByRole('link', { name: new RegExp(`^${name} .* Film`) }) });
  await card(kind).waitFor();
  await pictured(card(kind));
  await pictured(card('car'));
  await axe();
  await shot('marks');
  const [first, second] = await page.getByRole('link', { name: / Film/ }).all();
  check((await first.innerText()).startsWith('car'), 'the latest is not the first');
  check(new URL(await second.getAttribute('href'), page.url()).href.endsWith(`/camera/film?at=${encodeURIComponent(person.start)}`), 'the link leads elsewhere');

  await page.getByLabel('Kind').fill(kind);
  await page.getByLabel('Kind').press('Enter');
  await card('car').waitFor({ state: 'detached' });
  check(new URL(page.url()).searchParams.get('kind') === kind, 'the address does not say what is shown');
  await page.reload();
  await card(kind).waitFor();
  check((await card('car').count()) === 0, 'a new page shows more');

  await card(kind).getByRole('button', { name: 'Edit' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Note').fill('the postman, with a parcel');
  await form.getByLabel('Protect from deletion').check();
  await axe();
  await shot('mark');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('the postman, with a parcel').waitFor();
  await page.getByLabel('Protected only').check();
  await card(kind).waitFor();
  check((await api('GET', `cameras/film/events/${person.id}`)).keep, 'it is not protected');

  await card(kind).getByRole('button', { name: 'Edit' }).click();
  await form.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete this mark?' }).getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No mark is like that').waitFor();
  await api('DELETE', `cameras/film/events/${car.id}`);
}

// Who may see the recordings of one camera sees those alone, and changes nothing that others marked.
export async function others({ as, api }) {
  const start = await firstOfAs('admin', as, api);
  const marks = [];
  for (const camera of ['film', 'gate']) marks.push(await api('POST', `cameras/${camera}/events`, { kind: 'noise', start: iso(start + 1000), end: iso(start + 2000) }));
  const page = await as('viewer', { path: '/recordings?kind=noise' });
  await page.getByRole('link', { name: /^noise .* Film/ }).waitFor();
  check((await page.getByRole('listitem').count()) === 1, 'marks of other cameras are shown');
  check((await page.getByRole('button', { name: /^Edit/ }).count()) === 0, 'it may be edited');
  await page.goto(new URL('/recordings/storage', page.url()).href);
  await page.getByRole('link', { name: 'Film' }).waitFor();
  check((await page.getByRole('button', { name: /^Limits/ }).count()) === 0, 'limits are offered');
  await as('admin');
  for (const mark of marks) await api('DELETE', `cameras/${mark.camera}/events/${mark.id}`);
}
others.windows = ['wide'];

async function firstOfAs(name, as, api) {
  await as(name);
  return firstOf(api, 'film');
}

// Somebody has a file made, downloads it, and deletes it.
export async function files({ as, api, axe, shot }) {
  const page = await as('admin', { path: '/recordings/exports' });
  await page.getByText('No file is being made').waitFor();
  const start = await firstOf(api, 'film');
  await page.getByRole('button', { name: 'Make a file…' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Film').check();
  await form.getByLabel('From').fill('an hour ago');
  await form.getByText('That is no time.').waitFor();
  await form.getByLabel('From').fill(iso(start + 1000));
  await form.getByLabel('To', { exact: true }).fill(iso(start + 4000));
  await form.getByText('The video will last 3 s.').waitFor();
  await form.getByLabel('Begin and end exactly, which takes encoding').check();
  await axe();
  await shot('form');
  await form.getByRole('button', { name: 'Make it' }).click();
  const download = page.getByRole('link', { name: 'Download' });
  await download.waitFor();
  await axe();
  await shot('files');
  const [file] = await Promise.all([page.waitForEvent('download'), download.click()]);
  check(/^film_.*\.mp4$/.test(file.suggestedFilename()), `the file is called ${file.suggestedFilename()}`);
  check((await file.failure()) === null, 'the file does not come');
  await page.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('dialog', { name: 'Delete this file?' }).getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No file is being made').waitFor();
}

// Of a cluster every node's disk is shown, how much there is of a camera at which node, and what is wrong with a disk
// on every page. What the server says is that of one alone, with nodes besides.
export async function nodes({ as, origin, axe, shot }) {
  const page = await as('admin', { path: '/settings/log' });
  const own = await (await page.request.get(`${origin}/api/v1/status`)).json();
  const gate = own.cameras.find(({ id }) => id === 'gate');
  const part = (node, bytes) => ({ node, kept: { ...gate.recording.kept, segments: 1, oldest: own.started, bytes } });
  Object.assign(gate.recording, { kept: part('', 7_000_000_000).kept, kept_at: [part('a', 3_000_000_000), part('b', 4_000_000_000)] });
  const node = (name, more) => ({ node: name, own: name === 'a', away: false, viewers: 0, recordings: own.recordings, recorded: [], ...more });
  const missing = { camera: 'gate', mode: 'continuous', state: 'missing', kept: gate.recording.kept };
  own.nodes = [
    node('a'),
    node('b', {
      recordings: { ...own.recordings, volume: undefined, reason: 'the folder is not there: mount its disk' }, recorded: [missing],
      troubles: [{ name: 'clock', code: 'clock_wrong', text: 'the clock is an hour behind', since: own.started }],
    }),
    node('c', { away: true, recordings: undefined }),
    node('d', { recordings: { ...own.recordings, volume: undefined } }),
  ];
  own.cameras.find(({ id }) => id === 'film').away = true;
  const says = (kind, data) => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
  await page.route('**/api/v1/status', (route) => route.fulfill({ json: own }));
  await page.route('**/api/v1/events?*', (route) => {
    const body = `retry: 500\n\n${says('ready', { kind: 'ready', at: new Date().toISOString() })}${says('status', own)}`;
    return route.fulfill({ contentType: 'text/event-stream', body });
  });
  await page.goto(`${origin}/recordings/storage`);
  const room = (name) => page.locator('section.card').filter({ has: page.getByRole('heading', { name: `Node ${name}` }) });
  await room('a').getByText('Recordings may fill the disk.').waitFor();
  await room('b').getByText('The disk is not there.').waitFor();
  await room('c').getByText('It does not answer.').waitFor();
  await room('d').getByText('It has recorded nothing yet.').waitFor();
  const card = page.getByRole('listitem').filter({ hasText: 'Gate' });
  await card.getByText('Node a: 3 GB').waitFor();
  await card.getByText('Node b: 4 GB').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'Film' }).getByText('Its node does not answer').waitFor();
  await axe();
  await shot('nodes');
  const wrong = page.getByText('Node b: Nothing is recorded: the folder is not there: mount its disk');
  await page.getByText('Node b: The clock of the server is wrong').waitFor();
  for (const path of ['/', '/recordings', '/settings/log']) {
    await page.goto(origin + path);
    await wrong.waitFor();
  }
}

// An admin looks how much is kept, sees what other limits would do, saves them, and deletes what should not be there.
export async function storage({ as, api, axe, shot, window: size }) {
  const page = await as('admin', { path: '/recordings/storage' });
  await page.getByRole('heading', { name: 'Disk' }).waitFor();
  const id = `attic-${size}`;
  await api('POST', 'cameras', { id, name: 'Attic', source: 'test:?width=160&height=120&fps=5', record: { mode: 'continuous' } });
  const attic = page.getByRole('listitem').filter({ hasText: 'Attic' });
  await attic.getByText('Recording', { exact: true }).waitFor();
  await axe();
  await shot('storage');

  await page.getByRole('button', { name: 'Limits of Film' }).click();
  const form = page.getByRole('dialog');
  await form.getByRole('spinbutton', { name: 'Keep it for' }).fill('1');
  await form.getByRole('combobox', { name: 'Keep it for' }).selectOption('minutes');
  await form.getByText(/ would be deleted at once, from /).waitFor();
  await form.getByText('record: {keep: {max_age: 1m}}').waitFor(); // which is for the file alone to say
  await form.getByRole('button', { name: 'Close' }).first().click();

  await page.getByRole('button', { name: 'Limits of Attic' }).click();
  await form.getByRole('spinbutton', { name: 'Keep it for' }).fill('3');
  await form.getByRole('combobox', { name: 'Keep it for' }).selectOption('days');
  await form.getByText('Nothing would be deleted at once.').waitFor();
  await axe();
  await shot('limits');
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  check((await api('GET', `cameras/${id}`)).record.keep.max_age === '3d', 'the limit is not saved');

  await page.getByText('Delete recordings of a stretch of time').click();
  await page.getByLabel('Camera').selectOption({ label: 'Attic' });
  await page.getByLabel('From').fill('-1h');
  await page.getByLabel('To', { exact: true }).fill('now');
  await page.getByRole('button', { name: 'Delete recordings…' }).click();
  const question = page.getByRole('dialog', { name: 'Delete these recordings?' });
  await question.getByText('Attic').waitFor();
  await shot('erase');
  await question.getByRole('button', { name: 'Delete recordings' }).click();
  await page.getByText(/^One file .* was deleted\.$/).waitFor();
  // What is kept is told a minute late, so the second window asks.
  if (size === 'phone') await page.getByRole('listitem').filter({ hasText: 'Film' }).getByText('A day takes').waitFor({ timeout: 2 * ceiling });
  await api('DELETE', `cameras/${id}`);
}
