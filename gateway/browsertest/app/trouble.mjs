// What goes wrong with the server and its disk while somebody looks, and how it is told.

import { check } from '../chromium.mjs';

const lost = (page) => page.locator('.banners').getByText('The server cannot be reached');
const tile = (page, camera) => page.locator(`[data-camera="${camera}"].live`);

// A server that is restarted is told on each page, and all goes on without a new one: also where a
// computer slept meanwhile.
export async function restarted({ as, gateway, expect, axe, shot }) {
  expect(/ERR_|Failed to load|WebSocket/);
  const playing = (page) => page.waitForFunction(() => document.querySelector('framegate-player')?.state === 'live');
  const wall = await as('admin', { path: '/' });
  const camera = await as('admin', { path: '/camera/gate' });
  const asleep = await as('admin', { path: '/camera/yard' });
  await tile(wall, 'yard').waitFor();
  for (const page of [camera, asleep]) await playing(page);
  for (const page of [wall, camera, asleep]) await page.evaluate(() => (window.stays = true));
  const computer = await asleep.context().newCDPSession(asleep);
  await computer.send('Page.setWebLifecycleState', { state: 'frozen' });

  await gateway('stop the server');
  for (const page of [wall, camera]) await lost(page).waitFor();
  await wall.locator('[data-camera="yard"]:not(.live)').waitFor();
  await axe(camera);
  await shot('wall', wall);
  await shot('camera', camera);
  await gateway('start the server');
  const again = Date.now();

  await computer.send('Page.setWebLifecycleState', { state: 'active' });
  await tile(wall, 'yard').waitFor();
  for (const page of [camera, asleep]) {
    await playing(page);
    await page.waitForFunction((again) => document.querySelector('framegate-player')?.time > again, again);
  }
  for (const page of [wall, camera, asleep]) {
    await lost(page).waitFor({ state: 'detached' });
    check(await page.evaluate(() => window.stays), 'the page began anew');
  }
}
restarted.windows = ['wide'];

// A disk that is not there, does not answer, or is full is told on every page, until it is well again.
export async function disks({ as, api, gateway, expect, axe, shot }) {
  expect(/ (404|500|503) /); // of what cannot be looked up meanwhile
  const source = (fps) => `test:?width=160&height=120&fps=${fps}`;
  const page = await as('admin', { path: '/' });
  await api('POST', 'cameras', { id: 'attic', name: 'Attic', source: source(5), record: { mode: 'continuous' } });
  await page.locator('[data-camera="attic"]').getByRole('img', { name: 'Is being recorded' }).waitFor();
  const anotherFile = (fps) => api('PATCH', 'cameras/attic', { source: source(fps) });

  const missing = page.getByText('Nothing is recorded: ');
  await gateway('take the disk away');
  await missing.filter({ hasText: 'mount its disk' }).waitFor();
  await axe();
  await shot('missing');
  for (const path of ['/camera/gate', '/recordings', '/recordings/storage', '/settings', '/']) {
    await page.goto(new URL(path, page.url()).href);
    await missing.waitFor();
  }
  await gateway('give the disk back');
  await missing.waitFor({ state: 'detached' });

  const slow = page.getByText('The disk is too slow for Attic');
  await gateway('hold the index');
  await anotherFile(6);
  await slow.waitFor();
  await shot('slow');
  await gateway('let the index go');
  await slow.waitFor({ state: 'detached' });

  // What is wrong around the server is told in the language of the page, with what the server says beside it.
  const german = await as('admin', { path: '/', locale: 'de-DE' });
  const trouble = german.getByText('Ein anderes Programm hält die Datenbank');
  await gateway('lock the database');
  await trouble.waitFor();
  await german.getByText('Einzelheiten').click();
  await german.getByText('see what else has the data folder open').waitFor();
  await axe(german);
  await shot('locked', german);
  await gateway('let it go');
  await trouble.waitFor({ state: 'detached' });
  await german.close();

  // keptFree waits until the server knows how much of the disk is to be free.
  const keptFree = async (so) => {
    while (!so((await api('GET', 'status')).recordings.min_free));
  };
  const full = page.getByText(/There is no room to record .*Attic/);
  await gateway('fill the disk');
  await keptFree((bytes) => bytes);
  await anotherFile(7);
  await full.waitFor();
  await shot('full', page);
  await gateway('make room');
  await keptFree((bytes) => !bytes);
  await full.waitFor({ state: 'detached' });
  await page.locator('[data-camera="attic"]').getByRole('img', { name: 'Is being recorded' }).waitFor();
}
disks.windows = ['phone'];
