// Who sets things: cameras, users and what they may do, tokens, links, sessions, and oneself.

import { ceiling, check } from '../chromium.mjs';

const pattern = 'test:?width=160&height=120&fps=5';

// A camera is tried, added, changed by two at a time, and removed.
export async function camera({ as, api, axe, shot, expect }) {
  expect(/412/, /422/, /404/); // somebody was quicker; a fault; nothing was recorded
  const page = await as('admin', { path: '/settings/cameras?add' });
  const address = page.getByLabel('Address', { exact: true });
  await found(page, address, axe, shot);
  await address.fill('http://u:p%40ss@192.0.2.1/mjpeg');
  await address.blur();
  check((await address.inputValue()) === 'http://192.0.2.1/mjpeg', 'the address has the login still');
  check((await page.getByLabel('User name').inputValue()) === 'u', 'no name was taken out of the address');
  check((await page.locator('[name=camera-password]').inputValue()) === 'p@ss', 'no password was taken out of the address');
  await address.fill('http://192.0.2.1:81/other');
  const login = async () => (await page.getByLabel('User name').inputValue()) + (await page.locator('[name=camera-password]').inputValue());
  check((await login()) === 'up@ss', 'the login is gone at the host that it came with');
  await address.fill('http://192.0.2.2/mjpeg');
  check((await login()) === '', 'another host gets the login');
  await address.fill(pattern);
  await page.getByRole('button', { name: 'Try it' }).click();
  const picture = page.getByAltText('What the camera shows');
  await picture.waitFor();
  check(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth === 160)), 'the picture is none');
  await page.getByLabel('Name', { exact: true }).fill('Haus & Hof');
  await page.getByText('At certain hours').click();
  await page.getByRole('button', { name: 'Add hours' }).click();
  await axe();
  await shot('add');
  await page.getByRole('button', { name: 'Add', exact: true }).click();

  await page.getByRole('link', { name: /Haus & Hof/ }).click();
  await page.getByRole('heading', { name: 'Haus & Hof' }).waitFor();
  const added = await api('GET', 'cameras/haus-hof');
  check(added.record.schedule.hours === 'mon-fri 08:00-18:00' && added.source.startsWith('test:'), `added as ${JSON.stringify(added)}`);
  await axe();
  await shot('change');

  await page.getByLabel('Name', { exact: true }).fill('Mine');
  const asked = page.waitForEvent('dialog');
  await page.evaluate(() => history.back());
  await (await asked).dismiss();
  await page.waitForURL(/camera=haus-hof/);
  check((await page.getByLabel('Name', { exact: true }).inputValue()) === 'Mine', 'what was changed is lost by going back');
  await api('PATCH', 'cameras/haus-hof', { name: 'Theirs' });
  await page.getByRole('button', { name: 'Show what it is now' }).click();
  await page.getByRole('heading', { name: 'Theirs' }).waitFor();
  await page.getByRole('combobox', { name: 'Connected' }).selectOption('always');
  const age = page.getByRole('spinbutton', { name: 'Keep it for' });
  await age.fill('0');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('must be from 1m').waitFor();
  check((await age.getAttribute('aria-invalid')) === 'true', 'the fault is not at its field');
  await age.fill('2');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The camera was changed.').waitFor();
  const changed = await api('GET', 'cameras/haus-hof');
  check(changed.keep === 'always' && changed.record.keep.max_age === '2d' && changed.name === 'Theirs', `changed to ${JSON.stringify(changed)}`);

  await page.getByRole('button', { name: 'Remove this camera' }).click();
  await page.getByRole('checkbox', { name: 'Delete what was recorded' }).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Theirs was removed.').waitFor();
  check(!(await api('GET', 'cameras')).cameras.some(({ id }) => id === 'haus-hof'), 'the camera is still there');
}

// A picture of one pixel.
const PICTURE = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==';

// found has a network of two cameras asked, of which one wants a login. What they would answer is the test's: a network
// with cameras is no part of it.
async function found(page, address, axe, shot) {
  const camera = { address: 'https://192.0.2.7/onvif/device_service', name: 'Garage', hardware: 'Eye 3000' };
  const profiles = [
    { name: 'main', codec: 'h264', width: 2560, height: 1440, source: 'rtsp://192.0.2.7:554/main' },
    { name: 'sub', codec: 'h264', width: 640, height: 360, source: 'rtsp://192.0.2.7:554/sub', snapshot: 'http://192.0.2.7/snap.jpg' },
  ];
  const sent = []; // passwords, before the button that sends them
  await page.route('**/api/v1/cameras/probe', (route) => {
    const { source, password } = route.request().postDataJSON();
    return route.fulfill({ json: { ok: true, frames: 1, bytes: 1, picture: source === 'http://192.0.2.7/snap.jpg' && password === 'pw' ? PICTURE : undefined } });
  });
  await page.route('**/api/v1/cameras/discover', (route) => {
    const asked = route.request().postDataJSON();
    sent.push(asked.password);
    const knows = asked.username === 'viewer' && asked.password === 'pw';
    if (asked.address && asked.tls_insecure === false) return route.fulfill({ json: { cameras: [{ ...camera, certificate: true, problem: 'no' }] } });
    const cameras = asked.address ? [knows ? { ...camera, profiles, turns: true } : { ...camera, login: true, problem: 'no' }] : [camera, { address: 'http://192.0.2.8:8000/x', camera: 'gate' }];
    return route.fulfill({ json: { cameras } });
  });
  await page.getByRole('button', { name: 'Find cameras' }).click();
  await page.getByRole('link', { name: 'already here' }).waitFor();
  check(sent.every((password) => !password), 'a password goes to whatever is in the network');
  await page.getByRole('listitem').filter({ hasText: 'Garage' }).getByRole('button', { name: 'Use' }).click();
  await page.getByText('Its certificate is not trusted').waitFor();
  await page.getByRole('status').getByRole('button', { name: 'Accept any certificate' }).click();
  await page.getByText('It wants a user name').waitFor();
  await page.getByLabel('User name').fill('viewer');
  await page.locator('[name=camera-password]').fill('pw');
  await page.getByRole('button', { name: 'Try it again' }).click();
  await page.getByRole('button', { name: '2560 × 1440 H.264', pressed: true }).waitFor();
  check((await address.inputValue()) === profiles[0].source, 'the address is not that of the first profile');
  check((await page.locator('[name=sub]').inputValue()) === profiles[1].source, 'the sub-stream is not the smaller profile');
  await page.locator('.found img').waitFor(); // of the one that was chosen
  await page.getByRole('button', { name: 'Show their pictures' }).click();
  await axe();
  await shot('find');
  await page.getByRole('button', { name: '640 × 360' }).click();
  check((await address.inputValue()) === profiles[1].source, 'the address is not that of the profile that was chosen');
  check((await page.locator('[name=sub]').inputValue()) === '', 'what was chosen has a sub-stream that is larger');
  check((await page.getByLabel('Name', { exact: true }).inputValue()) === 'Garage', 'the camera has not the name that it has');
  await page.unroute('**/api/v1/cameras/discover');
  await page.unroute('**/api/v1/cameras/probe');
}

// A camera that pictures are sent to says where, and whether any arrive.
export async function upload({ as, api, axe, shot }) {
  const page = await as('admin', { path: '/settings/cameras?add' });
  await page.locator('label', { has: page.locator('input[value=upload]') }).click();
  await page.getByLabel('Name', { exact: true }).fill('Sent');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByText('No picture has arrived yet').waitFor();
  await page.locator('.copy code', { hasText: /\.jpg$/ }).waitFor();
  await axe();
  await shot('upload');
  const status = await page.evaluate(async () => {
    const address = [...document.querySelectorAll('.copy code')].map((code) => code.textContent).find((text) => text.endsWith('.jpg'));
    const canvas = new OffscreenCanvas(64, 48);
    canvas.getContext('2d').fillRect(0, 0, 32, 24);
    const body = await canvas.convertToBlob({ type: 'image/jpeg' });
    return (await fetch(address, { method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body })).status;
  });
  check(status === 204, `the picture is answered with ${status}`);
  await page.getByText(/^(Pictures arrive|The last picture came)/).waitFor();
  await page.getByRole('link', { name: 'Make a token' }).waitFor();
  await api('DELETE', 'cameras/sent');
}

// A camera of the configuration file is only shown.
export async function fileCamera({ as, axe, shot }) {
  const page = await as('admin', { path: '/settings' });
  if ((await page.getByRole('link', { name: /Gate/ }).count()) === 0) await page.getByRole('main').getByRole('link', { name: 'Cameras' }).click();
  await axe();
  await shot('cameras');
  await page.getByRole('link', { name: /Gate/ }).click();
  await page.getByText('Set in the configuration file', { exact: true }).waitFor();
  check((await page.getByRole('button', { name: 'Save' }).count()) === 0, 'what cannot be changed can be saved');
}

// A user is added with a password that is made, may then do more, and is removed.
export async function users({ as, api, axe, shot, expect, origin, admin }) {
  expect(/409/);
  const page = await as('admin', { path: '/settings/users' });
  await page.getByRole('button', { name: 'Add a user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('gina');
  await dialog.getByRole('button', { name: 'Make one' }).click();
  await dialog.getByRole('checkbox', { name: 'Live: All cameras' }).check();
  await axe();
  await shot('user');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('heading', { name: 'The password of gina' }).waitFor();
  const password = await dialog.locator('code').textContent();
  await dialog.getByRole('button', { name: 'Done' }).click();
  check(await logsIn(origin, 'gina', password), 'nobody can log in with the password that was told');

  await page.getByRole('button', { name: 'What gina may do' }).click();
  await dialog.getByRole('checkbox', { name: 'Send: A phone' }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('sees live: all cameras · sends pictures: A phone').waitFor();
  await axe();
  await shot('users');
  await page.getByRole('button', { name: 'Remove: gina' }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('gina was removed.').waitFor();
  check((await api('GET', 'users')).users.every(({ name }) => name !== 'gina'), 'the user is still there');

  await page.getByRole('button', { name: `Remove: ${admin}` }).click();
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await page.getByText(/last/).waitFor(); // one admin stays
}

async function logsIn(origin, name, password) {
  const answer = await fetch(`${origin}/api/v1/login`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ name, password }) });
  return answer.ok;
}

// Tokens and links are shown once, and listed until they are revoked.
export async function tokensAndLinks({ as, api, axe, shot }) {
  const page = await as('admin', { path: '/settings/tokens' });
  await page.getByRole('button', { name: 'Make a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('What it is for').fill('a program');
  await dialog.getByRole('checkbox', { name: 'Recordings: Gate' }).check();
  await dialog.getByRole('checkbox', { name: /^For recorders that log in by Digest/ }).check();
  await dialog.getByRole('button', { name: 'Make', exact: true }).click();
  await dialog.getByText(/^fg_/).waitFor();
  await axe();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByText('sees recordings: Gate').waitFor();
  await page.getByText('· Digest').waitFor();
  check((await api('GET', 'tokens')).tokens.some(({ name, sealed }) => name === 'a program' && sealed), 'the token is not sealed');
  await axe();
  await shot('tokens');
  const { id } = await api('POST', 'tokens', { name: 'another', grants: ['view:yard'] });
  await page.goto(page.url());
  await page.getByRole('button', { name: 'Revoke: another' }).waitFor();
  await page.getByRole('button', { name: 'Revoke: a program' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('The token a program was revoked.').waitFor();
  await page.waitForFunction(() => document.activeElement.matches('main ul')); // what had the focus is gone
  await api('DELETE', `tokens/${id}`);
  check((await api('GET', 'tokens')).tokens.every(({ name }) => name !== 'a program'), 'the token is still there');

  await page.goto(new URL('/settings/links', page.url()).href);
  await page.getByRole('button', { name: 'Make a link' }).click();
  await dialog.getByRole('combobox', { name: 'Camera' }).selectOption('yard');
  await dialog.getByLabel('What it is for').fill('a dashboard');
  await dialog.getByRole('button', { name: 'Make', exact: true }).click();
  const link = await dialog.getByText(/\/live\/yard\.jpg\?link=/).textContent();
  await axe();
  await shot('link');
  let answer;
  const end = Date.now() + ceiling;
  do answer = await fetch(link);
  while (answer.status === 504 && Date.now() < end); // of a server without time for its camera
  check(answer.ok, 'the link leads nowhere');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Revoke: a dashboard' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('The link was revoked.').waitFor();
  check(!(await fetch(link)).ok, 'a link that was revoked leads somewhere');
}

// Who is no admin is shown what is theirs alone; language and colours hold after a reload.
export async function oneself({ as, touch, origin, expect, axe, shot }) {
  expect(/401/, /422/, /429/); // of a device that asks who it is, and of a wrong password
  const page = await as('viewer', { path: '/settings/account' });
  await page.getByRole('button', { name: 'Log in on another device' }).click();
  await page.getByLabel('Address that the device reaches').fill('https://cam.lan'); // since this one is of this machine
  await page.getByRole('img', { name: 'QR code' }).waitFor();
  await axe();
  await shot('device');
  const link = new URL(await page.locator('dialog .copy code').textContent());
  const device = await as(null, { path: link.href.slice(link.origin.length) });
  await device.waitForURL(`${origin}/`);
  check((await device.evaluate(() => fetch('api/v1/me').then((answer) => answer.json()))).name === 'viewer', 'somebody else is logged in');
  await device.close();
  await page.keyboard.press('Escape');
  let kept = isKept(page);
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
  await page.getByRole('radio', { name: 'Deutsch' }).check({ force: true });
  await page.getByRole('heading', { name: 'Konto und Anzeige' }).waitFor();
  await kept;
  await axe(page);
  await shot('account', page);
  await page.reload();
  await page.getByRole('heading', { name: 'Konto und Anzeige' }).waitFor();
  check((await page.evaluate(() => document.documentElement.dataset.theme)) === 'dark', 'the page is not dark any more');
  if (!touch) { // once, since wrong passwords make the server careful
    await page.getByLabel('Jetziges Passwort').fill('not this one, surely');
    await page.getByLabel('Neues Passwort').fill('another good password');
    await page.getByRole('button', { name: 'Passwort ändern' }).click();
    await page.getByText('Das ist nicht Ihr jetziges Passwort.').waitFor(); // which the server said in English
  }
  kept = isKept(page);
  await page.getByRole('radio', { name: 'Wie der Browser' }).check({ force: true });
  await page.getByRole('radio', { name: 'As the device' }).check({ force: true });
  await kept;
  await page.goto(new URL('/settings', page.url()).href);
  await page.getByRole('link', { name: /^Sessions/ }).click();
  await page.getByText('this one').waitFor();
  await axe(page);
  check((await page.getByRole('link', { name: /^Users/ }).count()) === 0, 'a viewer is shown the users');
  await page.goto(new URL('/settings/users', page.url()).href);
  await page.getByText('There is no such part').waitFor();
}

// isKept waits until what is chosen next is kept on the server.
function isKept(page) {
  return page.waitForResponse((answer) => answer.url().endsWith('/preferences') && answer.request().method() === 'PUT');
}

// Another password ends all other sessions, and goes on with this one.
export async function password({ as, api, password: good, expect }) {
  expect(/422/, /429/);
  await as('admin');
  await api('POST', 'users', { name: 'changer', password: good, grants: ['view:yard'] });
  const page = await as('changer', { fresh: true, path: '/settings/account' });
  await page.getByLabel('Present password').fill('not this one, surely');
  await page.getByLabel('New password').fill('another good password');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('is not your password').waitFor();
  await page.getByLabel('Present password').fill(good);
  for (let answer; !answer?.ok(); ) { // until passwords are looked at again
    [answer] = await Promise.all([
      page.waitForResponse(/me\/password/),
      page.getByRole('button', { name: 'Change the password' }).click(),
    ]);
  }
  await page.getByText('Your password was changed.').waitFor();
  check((await api('GET', 'me')).name === 'changer', 'who changed the password is logged out');
  await page.close(); // which would hear that its user is gone
  await as('admin');
  await api('DELETE', 'users/changer');
}
password.windows = ['wide'];
