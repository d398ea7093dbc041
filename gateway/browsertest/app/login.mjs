// Who comes, says who they are, and goes.

import { check } from '../chromium.mjs';

const form = (page) => page.getByRole('heading', { name: 'Log in' }).waitFor();

// fill logs in by the page.
async function fill(page, name, password) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

// Somebody goes to a view, mistypes the password, logs in there, and out again.
export async function inAndOut({ as, admin, password, expect, axe, shot }) {
  expect(/401/); // of who asks who it is
  const page = await as(null, { path: '/settings' });
  await form(page);
  check(await page.getByLabel('Name').evaluate((field) => field === document.activeElement), 'one has to go to the field first');
  await fill(page, admin, `${password}!`);
  await page.getByRole('alert').getByText('Wrong name or password').waitFor();
  check((await page.getByLabel('Name').inputValue()) === admin, 'the name has to be typed again');
  await page.getByRole('button', { name: 'Show the password' }).click();
  check((await page.getByLabel('Password', { exact: true }).getAttribute('type')) === 'text', 'the password is not shown');
  await axe();
  await shot('wrong');
  await fill(page, admin, password);
  await page.getByRole('heading', { name: 'Settings' }).first().waitFor();
  check(/Settings\b.*Framegate/.test(await page.title()), `the title is ${await page.title()}`);
  check((await page.evaluate(() => document.cookie)) === '', 'scripts can read the cookie');
  await page.getByRole('button', { name: 'Log out' }).click();
  await form(page);
  check((await page.getByText('You are not logged in any more').count()) === 0, 'who logged out is told so as if it were news');
  await page.reload();
  await form(page);
}

// After too many attempts one waits, and sees how long.
export async function tooMany({ as, expect, axe, shot }) {
  expect(/401|429/);
  const page = await as(null, { path: '/settings' });
  await form(page);
  await page.route('**/api/v1/login', (route) => route.fulfill({ status: 429, headers: { 'Retry-After': '3' }, contentType: 'application/problem+json', body: '{"title":"Too many"}' }));
  await fill(page, 'somebody', 'whatever it is');
  await page.getByRole('alert').getByText(/Try again in [123] s/).waitFor();
  check(await page.getByRole('button', { name: 'Log in' }).isDisabled(), 'one can try all the same');
  await axe();
  await shot('wait');
  await page.getByRole('alert').getByText('You can try again now').waitFor();
  check(await page.getByRole('button', { name: 'Log in' }).isEnabled(), 'one cannot try again');
}
tooMany.windows = ['phone'];

// A login that ends elsewhere is told where one is, and there it goes on; somebody
// else gets a page of their own.
export async function ended({ as, api, admin, password, expect, shot, axe }) {
  expect(/401/);
  const page = await as('admin', { fresh: true, path: '/settings' });
  const settings = page.getByRole('heading', { name: 'Settings' }).first();
  await settings.waitFor();
  await page.evaluate(() => (window.stays = true));
  await api('POST', 'logout');
  await page.getByText('You are not logged in any more').waitFor();
  await axe();
  await shot('ended');
  await fill(page, admin, password);
  await settings.waitFor();
  check(await page.evaluate(() => window.stays), 'the page began anew for the same user');
  await api('POST', 'logout');
  await form(page);
  await fill(page, 'viewer', password);
  await page.getByRole('banner').getByText('viewer').waitFor({ state: 'attached' });
  await page.waitForFunction(() => !window.stays);
  await settings.waitFor();
}

// What has caps lock on says so.
export async function capsLock({ as, expect }) {
  expect(/401/);
  const page = await as(null, { path: '/settings' });
  const press = (on) => page.getByLabel('Password', { exact: true }).evaluate((field, on) => {
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'A', modifierCapsLock: on, bubbles: true }));
  }, on);
  await press(true);
  await page.getByText('Caps Lock is on').waitFor();
  await press(false);
  await page.getByText('Caps Lock is on').waitFor({ state: 'detached' });
}
capsLock.windows = ['wide'];
