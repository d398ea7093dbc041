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

// All keys are listed, and found.
export async function all(traveller) {
  const page = await open(traveller, 'all', 'All settings', (page) => page.getByRole('listitem').filter({ hasText: 'limits.viewers_per_camera' }));
  const keys = page.getByRole('list', { name: 'All settings' }).getByRole('listitem');
  await page.getByLabel('Containing').fill('viewers per_c');
  await keys.filter({ hasText: 'listen' }).waitFor({ state: 'detached' });
  check((await keys.count()) === 1, `${await keys.count()} keys are found`);
  await page.getByLabel('Only what is configured').check();
  await page.getByText('Nothing matches').waitFor();
}
