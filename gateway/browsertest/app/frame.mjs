// What stands around every view.

import { check } from '../chromium.mjs';

// "?" shows the keys, but not to who types it somewhere.
export async function keys({ as, axe, shot }) {
  const page = await as('admin', { path: '/settings' });
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.keyboard.press('Shift+?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await dialog.getByText('Show what the keys do').waitFor();
  await axe();
  await shot('keys');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.evaluate(() => document.body.append(document.createElement('textarea')));
  await page.locator('textarea').last().press('Shift+?');
  check((await dialog.count()) === 0, 'the keys are shown to who types a question mark');
}
keys.windows = ['wide'];

// A configuration that is refused is told on every page until it is mended.
export async function refused({ as, gateway, axe, shot }) {
  const page = await as('admin', { path: '/settings' });
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await gateway('spoil the configuration');
  const banner = page.getByText('The configuration file has mistakes');
  await banner.waitFor();
  await axe();
  await shot('refused');
  await gateway('mend the configuration');
  await banner.waitFor({ state: 'detached' });
}

// A network that dies without a word is told, and that it is back.
export async function lost({ as, origin, shot, axe, expect }) {
  expect(/ERR_|Failed to load/);
  const page = await as('admin', { fresh: true });
  await page.addInitScript(() => { // Chromium that is made to be offline goes on with streams that it has, and says so
    addEventListener('offline', (event) => event.stopImmediatePropagation());
    const add = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (kind, heard) {
      add.call(this, kind, (event) => window.deaf || heard(event));
    };
    const later = setTimeout;
    window.setTimeout = (told, ms, ...all) => later(told, ms === 10_000 ? 3000 : ms, ...all); // the silence that it bears, for nobody to wait for
  });
  await page.goto(`${origin}/settings`);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.evaluate(() => (window.deaf = true));
  await page.context().setOffline(true);
  const banner = page.getByText('The server cannot be reached');
  await banner.waitFor();
  await axe();
  await shot('lost');
  await page.evaluate(() => (window.deaf = false));
  await page.context().setOffline(false);
  await page.getByText('The connection is back').waitFor();
  await banner.waitFor({ state: 'detached' });
}
lost.windows = ['phone'];

// Another version of the server, and disks that take nothing, are told; what is only
// a warning can be put away.
export async function told({ as, origin, axe, shot }) {
  const page = await as('admin');
  await page.addInitScript(() => {
    const add = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (kind, heard) {
      add.call(this, kind, (event) => {
        if (kind !== 'status' || !window.changed) {
          heard(event);
          window.knows ||= kind === 'status';
          return;
        }
        const status = JSON.parse(event.data);
        Object.assign(status, { version: '99.1' }, { recordings: { ...status.recordings, slow_sync: true, sync_s: 7 } });
        for (const { id, recording } of status.cameras) if (id === 'gate') recording.state = 'full';
        heard(new MessageEvent(kind, { data: JSON.stringify(status) }));
      });
    };
  });
  await page.goto(`${origin}/settings`);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.waitForFunction(() => window.knows);
  await page.evaluate(() => (window.changed = true));
  await page.getByText('Framegate was updated to 99.1').waitFor();
  await page.getByText('There is no room to record Gate').waitFor();
  const slow = page.getByText('a power failure would cost the last 7 s');
  await slow.waitFor();
  await axe();
  await shot('told');
  await page.getByRole('paragraph').filter({ has: slow }).getByRole('button', { name: 'Close' }).click();
  await slow.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Reload' }).click();
  await page.getByText('Framegate was updated').waitFor({ state: 'detached' });
}
told.windows = ['phone'];
