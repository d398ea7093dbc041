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
  expect(/401/); // of the wrong password
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
  await page.waitForTimeout(1100); // a wrong password costs a second
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
  expect(/401/); // of the stream of events
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
ended.windows = ['phone'];

// What has caps lock on says so.
export async function capsLock({ as }) {
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

// A link logs in once, leads to where it says, and leaves nothing behind.
export async function byLink({ as, api, expect }) {
  expect(/401/); // of the link that is used up
  await as('viewer', { path: '/settings' });
  const { url, link } = await api('POST', 'me/login-link', { next: '/settings/account' });
  const page = await as(null, { path: url });
  await page.getByRole('banner').getByText('viewer').waitFor();
  check(new URL(page.url()).pathname === '/settings/account', `it is at ${page.url()}`);
  check(!(await page.evaluate(() => JSON.stringify([history.length, location.href, document.referrer]))).includes(link), 'the link is still there');
  const again = await as(null, { path: url });
  await again.getByRole('alert').getByText('was used already').waitFor();
  await form(again);
}
byLink.windows = ['wide'];

// What is no view of the app is gone to as a page, and nowhere else.
export async function onwards({ as, origin, password, expect }) {
  expect(/404/); // of what is not there
  for (const [next, at] of [['/api/docs', '/api/docs'], ['//evil.example/', '/evil.example/']]) {
    const page = await as(null, { path: `/login?next=${encodeURIComponent(next)}` });
    await fill(page, 'nobody', password);
    await page.waitForURL(origin + at);
  }
}
onwards.windows = ['wide'];
