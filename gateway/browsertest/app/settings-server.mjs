// Who runs the server looks at what it is, and what it says.

import { check } from '../chromium.mjs';

// open goes to a part of the settings, and waits until it is there.
async function open({ as, axe, shot }, part, heading, there) {
  const page = await as('admin', { path: `/settings/${part}` });
  await page.getByRole('heading', { name: heading, exact: true }).waitFor();
  await there(page).first().waitFor();
  await axe();
  await shot(part);
  return page;
}

// Each part is there, and says what the API says.
export async function parts(traveller) {
  const page = await open(traveller, 'server', 'About', (page) => page.getByText('Data folder'));
  const { system } = await traveller.api('GET', 'server');
  await page.getByText(system.data, { exact: true }).waitFor();
  await page.getByText(system.notified[0].address, { exact: true }).waitFor();
  await page.getByText('takes what is told').waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download the file' }).click()]);
  check(/^framegate-diagnostics-.*\.json$/.test(file.suggestedFilename()), `the file is ${file.suggestedFilename()}`);

  await open(traveller, 'tls', 'Encryption', (page) => page.getByText('tls: {mode: self-signed}'));

  const limits = await open(traveller, 'limits', 'Limits', (page) => page.getByRole('table'));
  const { limits: all } = await traveller.api('GET', 'limits');
  const rows = await limits.getByRole('row').count();
  check(rows === all.length + 1, `${rows} rows for ${all.length} limits`);
}

// A line comes while the log is looked at, and goes with a filter.
export async function log(traveller) {
  const page = await open(traveller, 'log', 'Log', (page) => page.getByRole('region', { name: 'Log' }).getByRole('listitem'));
  const lines = page.getByRole('region', { name: 'Log' }).getByRole('listitem');
  const added = lines.filter({ hasText: 'camera added' }).filter({ hasText: `camera=${traveller.window}-logged` });
  const removed = lines.filter({ hasText: 'camera removed' }).filter({ hasText: `camera=${traveller.window}-logged` });
  await traveller.api('POST', 'cameras', { id: `${traveller.window}-logged`, name: 'Logged', source: 'upload:' });
  await added.waitFor();
  await traveller.api('DELETE', `cameras/${traveller.window}-logged`);
  await removed.waitFor();
  await page.getByLabel('Containing').fill(`removed ${traveller.window}-logged`);
  await added.waitFor({ state: 'detached' });
  check((await lines.count()) === 1 && (await removed.count()) === 1, 'the filter lets others through, or not this one');
  await page.getByLabel('Containing').fill('nothing of this kind');
  await page.getByText('Nothing matches').waitFor();
}

// All keys are listed by groups, and found; what the file gives it says, and is not changed here.
export async function all(traveller) {
  const page = await open(traveller, 'all', 'All settings', (page) => page.getByRole('listitem').filter({ hasText: 'limits.viewers_per_camera' }));
  const keys = page.locator('.item');
  await page.getByLabel('Containing').fill('viewers per_c');
  await keys.filter({ hasText: 'recordings.dir' }).waitFor({ state: 'detached' });
  check((await keys.count()) === 1, `${await keys.count()} keys are found`);
  await page.getByLabel('Containing').fill('recordings.dir');
  await page.getByLabel('Only what is configured').check();
  await keys.filter({ hasText: /file.*\.yaml:\d+.*only in the file/ }).waitFor();
  check((await keys.count()) === 1 && (await page.getByRole('button', { name: /^Change:/ }).count()) === 0, 'what the file gives is changed here');
  await page.getByLabel('Containing').fill('nothing of this kind');
  await page.getByText('Nothing matches').waitFor();
}

// One is changed, with what is wrong said while it is typed, and is as it was again; one waits for a restart.
export async function change(traveller) {
  traveller.expect(/ 422 .*\/api\/v1\/settings\/forecast$/);
  const page = await open(traveller, 'all', 'All settings', (page) => page.getByRole('button', { name: 'Change: Viewers', exact: true }));
  const dialog = page.getByRole('dialog');
  const item = (key) => page.locator('.item').filter({ has: page.getByText(key, { exact: true }) });
  const to = async (name, field, value) => {
    await page.getByRole('button', { name: `Change: ${name}`, exact: true }).click();
    await dialog.getByLabel(field, { exact: true }).fill(value);
  };
  const save = async () => {
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
  };
  await to('Viewers', 'Viewers', '0');
  await dialog.getByText('whole number from 1').waitFor();
  check(await dialog.getByRole('button', { name: 'Save' }).isDisabled(), 'what is wrong can be saved');
  await dialog.getByLabel('Viewers', { exact: true }).fill('77');
  await dialog.getByText('whole number from 1').waitFor({ state: 'detached' });
  await traveller.axe();
  await traveller.shot('setting');
  await save();
  await item('limits.viewers').filter({ hasText: /77.*set here/ }).waitFor();
  check((await traveller.api('GET', 'limits')).limits.find(({ key }) => key === 'limits.viewers').value === 77, 'it is not in effect');

  await to('Size of a JPEG', 'Size of a JPEG', '3');
  await dialog.getByText('once the server has been restarted').waitFor();
  await dialog.getByLabel('Size of a JPEG: Unit').selectOption('MiB');
  await save();
  await item('limits.frame_bytes').filter({ hasText: '3.1 MB after a restart' }).waitFor();
  await to('Further names of the server', 'Further names of the server', 'cams.example\nwww.cams.example');
  await save();
  await item('hosts').filter({ hasText: 'cams.example, www.cams.example' }).waitFor();
  await page.getByRole('button', { name: 'Change: Answer like these programs' }).click();
  await dialog.getByLabel('mjpg-streamer').check();
  await traveller.axe();
  await traveller.shot('setting-words');
  await save();
  await item('compat').filter({ hasText: 'mjpg-streamer' }).waitFor();
  await traveller.axe();
  await traveller.shot('changed');

  for (const [name, key] of [['Viewers', 'limits.viewers'], ['Size of a JPEG', 'limits.frame_bytes'], ['Further names of the server', 'hosts'], ['Answer like these programs', 'compat']]) {
    await page.getByRole('button', { name: `Change: ${name}`, exact: true }).click();
    await dialog.getByRole('button', { name: 'Back to the default' }).click();
    await dialog.waitFor({ state: 'detached' });
    await item(key).filter({ hasText: 'set here' }).waitFor({ state: 'detached' });
  }
}

// yard gives what the server answers now that is node a of three, of which b is off and c dead.
const yard = () => ({
  name: 'yard', node: 'a', seed: '192.168.1.10:7421', makes_tokens: true, relays: 1, relayed_bytes: 1, moves: 3,
  refused: [{ reason: 'epoch', count: 2 }], common: { version: 3, state: 'apart', writes: 0, lost: 0, refused: [] },
  nodes: ['a', 'b', 'c'].map((name, i) => ({
    name, alive: i < 2, left: false, since: new Date(Date.now() - 120_000).toISOString(), heard_ms: 100, relay: `192.168.1.1${i}:7422`, version: `1.${i}`,
    roles: ['camera', 'edge'], labels: i === 1 ? ['site=barn'] : [], cameras: 2 - i, viewers: 3, load: 0.25, clock_ms: -3000 * i, agrees: true, ...(i > 0 && { way: 'called_back' }),
  })),
  cameras: [
    { camera: 'yard', node: 'a', why: 'shared', epoch: 1 },
    { camera: 'gate', node: 'b', why: 'label', epoch: 4 },
    { camera: 'phone', node: '', why: 'unsent', epoch: 0 },
  ],
});

// A server that is a node shows the others, and how one is added; one that is alone shows nothing of it.
export async function nodes(traveller) {
  const alone = await traveller.as('admin', { path: '/settings/log' });
  await alone.getByRole('heading', { name: 'Log', exact: true }).waitFor();
  if (traveller.window === 'wide') check((await alone.getByRole('link', { name: 'Nodes' }).count()) === 0, 'a server alone has nodes');
  const page = await traveller.as('admin');
  const cluster = yard();
  let bytes = 0;
  const relay = () => ({ camera: 'gate', rendition: '', from: 'b', to: 'a', since: cluster.nodes[0].since, bytes: (bytes += 1_000_000) });
  await page.route('**/settings/nodes', async (route) => { // the page tells who looks, and at which node that is
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace('data-answer="/api/v1/me">{', '$&"node":"a",') });
  });
  await page.route('**/api/v1/cluster', (route) => route.fulfill({ json: cluster }));
  await page.route('**/api/v1/cluster/relays', (route) => route.fulfill({ json: { relays: [relay()], silent: ['b'] } }));
  await page.route('**/api/v1/cluster/tokens', (route) => route.fulfill({ status: 201, json: { node: route.request().postDataJSON().node, token: 'fgnode1_x' } }));
  await page.goto(`${traveller.origin}/settings/nodes`);
  await page.getByRole('status').filter({ hasText: '2 nodes need a look' }).waitFor();
  const cards = page.getByRole('list', { name: 'Nodes' });
  await cards.getByText('Its clock is 3 s behind').waitFor();
  await cards.getByText('It runs version 1.1, and this one 1.0.').waitFor();
  await cards.getByText(/Nothing was heard of it for [2-9] min/).waitFor();
  await cards.getByText('it connects to us, since we cannot').waitFor(); // of b alone: c is dead
  await page.getByText('that claim a camera as nobody can (2)').waitFor();
  await page.getByText('This node does not reach those that keep').waitFor();
  await page.getByRole('row', { name: /^Gate.* b / }).first().waitFor();
  await page.getByRole('row', { name: /A phone.* none/ }).waitFor();
  await page.getByText('Not known of: b').waitFor();
  await page.getByRole('row', { name: /^Gate b a [0-9.]+ .?B$/ }).waitFor(); // the rate is there from the second look on
  await traveller.axe();
  await traveller.shot('nodes');
  await page.getByRole('button', { name: 'Add a node' }).click();
  await page.getByText('seeds: ["192.168.1.10:7421"]').waitFor();
  await page.getByLabel('Name of the node').fill('d');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByText('framegate cluster join fgnode1_x --config framegate.yaml').waitFor();
  await traveller.axe();
  // One that is shut out says that, and nothing of others, which it does not hear.
  await page.route('**/api/v1/cluster', (route) => route.fulfill({ json: { ...cluster, nodes: cluster.nodes.map((node) => ({ ...node, alive: node.name === 'a', shut_out: node.name === 'a' })) } }));
  await page.reload();
  await page.getByRole('status').filter({ hasText: 'This node is shut out of the cluster' }).waitFor();
  check((await page.getByText('Nothing was heard').count()) === 0, 'it says what is wrong with others');
  await traveller.axe();
}
