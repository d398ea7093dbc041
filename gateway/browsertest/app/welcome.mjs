// The first run of a new server.

import { check } from '../chromium.mjs';

const heading = (page) => page.getByRole('heading', { name: 'Welcome to Framegate' }).waitFor();

// Whoever puts it off sees the cameras, and is not asked again.
export async function aPutOff({ as, axe, shot }) {
  const page = await as('admin', { fresh: true, path: '/settings' });
  await page.getByRole('link', { name: 'Cameras' }).first().click();
  await heading(page);
  await axe();
  await shot('first');
  await page.getByRole('button', { name: 'Later' }).click();
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('link', { name: 'Cameras' }).first().click();
  check(new URL(page.url()).pathname === '/', `it is at ${page.url()}`);
}
aPutOff.windows = ['wide'];

// Whoever does it has another password, and a camera.
export async function bDone({ as, password, axe, shot, expect }) {
  expect(/422/); // of a password that is mistyped
  const page = await as('admin', { fresh: true, path: '/welcome', locale: 'de-DE' });
  await page.getByRole('heading', { name: 'Willkommen bei Framegate' }).waitFor();
  const change = async (old) => {
    await page.getByLabel('Das Passwort, das der Server ausgegeben hat').fill(old);
    await page.getByLabel('Neues Passwort').fill('another horse battery');
    await page.getByRole('button', { name: 'Passwort ändern' }).click();
  };
  await change(`${password}!`);
  await page.getByText('Das ist nicht das jetzige Passwort').waitFor();
  await axe();
  await shot('wrong');
  await page.waitForTimeout(1100); // a wrong password costs a second
  await change(password);
  await page.getByText('Ihr Passwort ist Ihr eigenes').waitFor();
  await page.getByRole('button', { name: 'Dieses Telefon' }).click();
  await page.waitForURL('**/broadcast/phone');
  await page.goBack();
  await page.getByText('Bisher: ').waitFor();
  await axe();
  await shot('done');
  await page.getByRole('button', { name: 'Kameras ansehen' }).click();
  check(new URL(page.url()).pathname === '/', `it is at ${page.url()}`);
}
bDone.windows = ['phone'];
