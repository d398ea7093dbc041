// Who makes a camera of their device. drive.mjs has more of what networks and
// devices do to that.

import { check } from '../chromium.mjs';

const status = (page, text) => page.locator('#status', { hasText: text }).waitFor();
const live = (page) => page.locator('#status[data-state=live]').waitFor();
const heading = (page, name) => page.getByText(name, { exact: true }).waitFor();

// lean gives on which side of the picture's middle the fake camera's clock is,
// as the server has it: below 0 is left.
function lean(page) {
  return page.evaluate(async () => {
    const answer = await fetch('/live/phone.jpg');
    const image = await createImageBitmap(await answer.blob());
    const [width, height] = [image.width, Math.round(image.height * 0.2)];
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let [sum, count] = [0, 0];
    for (let y = Math.round(height * 0.5); y < height * 0.85; y++) {
      for (let x = Math.round(width * 0.12); x < width * 0.88; x++) { // without the corners, which blink
        if (data[(y * width + x) * 4 + 1] < 190) continue;
        sum += x / width - 0.5;
        count++;
      }
    }
    return count > 0 ? sum / count : 0;
  });
}

// A device is looked at before it is sent, mirrored, given light, and left alone
// again.
export async function sends({ as, origin, axe, shot }) {
  const page = await as('admin');
  await page.addInitScript(() => {
    window.light = [];
    window.awake = 0; // locks of the screen that are held
    navigator.wakeLock.request = async () => {
      window.awake++;
      return { release: async () => void window.awake-- };
    };
    MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
    MediaStreamTrack.prototype.applyConstraints = async ({ advanced }) => window.light.push(advanced[0].torch);
  });
  await page.goto(`${origin}/broadcast/phone`);
  await page.getByRole('button', { name: 'End preview' }).waitFor(); // it was allowed before
  await page.getByRole('button', { name: 'End preview' }).click();
  await page.getByRole('button', { name: 'Preview', exact: true }).waitFor();
  await axe();
  await shot('before');

  await page.getByRole('button', { name: 'Start broadcasting' }).click();
  await live(page);
  const light = page.getByRole('button', { name: 'Light' });
  const awake = (wanted) => page.waitForFunction((wanted) => window.awake === wanted, wanted);
  await awake(1);
  await light.click();
  await page.locator('button[aria-pressed=true]', { hasText: 'Light' }).waitFor();
  check((await page.evaluate(() => window.light.join())) === 'true', 'the light is not on');
  while ((await lean(page)) >= 0); // the clock is left of the middle
  const settings = page.locator('details', { hasText: 'Settings' });
  if ((await settings.getAttribute('open')) === null) await settings.locator('summary').click();
  await page.getByLabel('Mirror the picture').check();
  while ((await lean(page)) <= 0);
  await page.getByLabel('Mirror the picture').uncheck();
  while ((await lean(page)) >= 0);
  await axe();
  await shot('live');

  for (const stays of [true, false]) {
    page.once('dialog', (asked) => (stays ? asked.dismiss() : asked.accept()));
    await page.getByRole('link', { name: 'Settings' }).click();
    if (stays) await live(page);
  }
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Start broadcasting' }).click();
  await live(page);

  await page.getByRole('button', { name: 'Stop' }).click();
  await status(page, 'Not broadcasting');
  await awake(0);
  check(await page.evaluate(() => document.getElementById('preview').srcObject === null), 'the camera is still open');
  check(await light.isHidden(), 'there is light without a camera');
}

// A phone scans a code, is logged in by it, and is the camera; the code is good
// no more.
export async function handsOver({ as, origin, expect, axe, shot }) {
  expect(/401/); // of a phone that asks who it is
  const page = await as('admin', { path: '/broadcast/phone' });
  await page.getByRole('button', { name: 'Use a phone' }).click();
  const address = page.getByLabel('Address that the device reaches'); // since this one is of this machine
  await address.fill('nowhere at all');
  await page.getByText('This is no address').waitFor();
  await address.fill('https://cam.lan:8443');
  await page.getByRole('img', { name: 'QR code' }).waitFor();
  await axe();
  await shot('code');
  const secret = new URL(await page.locator('dialog .copy code').textContent());
  check(secret.origin === 'https://cam.lan:8443', `the phone is led to ${secret.origin}`);

  const phone = await as(null, { path: secret.href.slice(secret.origin.length) });
  await phone.waitForURL(`${origin}/broadcast/phone`);
  await phone.getByRole('button', { name: 'Start broadcasting' }).click();
  await live(phone);
  await phone.close();

  await page.getByText('This link was used.').waitFor();
  await page.getByRole('button', { name: 'Make a new one' }).click();
  const another = new URL(await page.locator('dialog .copy code').textContent());
  check(another.hash !== secret.hash && another.hash.length > 10, 'it is the same link');
}
handsOver.windows = ['wide']; // a phone needs none

// Who cannot send is told why, in words.
export async function isTold({ as, api, gateway, origin, expect, axe, shot, window }) {
  const publisher = await as('publisher', { path: '/broadcast/phone' }); // who may see none of it
  await publisher.getByRole('button', { name: 'Start broadcasting' }).waitFor();
  check((await publisher.getByRole('link', { name: 'Watch in another tab' }).count()) === 0, 'who may not see it is led to it');

  const page = await as('admin');
  await page.addInitScript(() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      if (window.refusal) throw new DOMException('', window.refusal);
      return ask(wish);
    };
  });
  await page.goto(`${origin}/broadcast/phone`);
  await page.getByRole('button', { name: 'End preview' }).click();
  for (const [refusal, words] of [['NotAllowedError', 'is not allowed for this page'], ['NotFoundError', 'has no camera'], ['NotReadableError', 'Another program']]) {
    await page.evaluate((refusal) => (window.refusal = refusal), refusal);
    await page.getByRole('button', { name: 'Start broadcasting' }).click();
    await status(page, words);
    await page.getByRole('button', { name: 'Start broadcasting' }).waitFor(); // it can be tried again
  }
  await page.evaluate(() => (window.refusal = ''));

  expect(/409/, /WebSocket/); // of a camera that is taken
  await gateway('publish');
  await page.getByRole('button', { name: 'Start broadcasting' }).click();
  await status(page, 'already has a publisher');
  await gateway('hang up');
  await live(page);

  const id = `brief-${window}`;
  await api('POST', 'cameras', { id, source: 'upload:' });
  await page.goto(`${origin}/broadcast/${id}?autostart=1`);
  await live(page);
  await api('DELETE', `cameras/${id}`);
  await heading(page, 'This camera was removed');
}
isTold.windows = ['phone'];

// It can be installed, and speaks German.
export async function isInstalled({ as, axe, shot }) {
  const page = await as('admin', { path: '/broadcast/phone', locale: 'de-DE' });
  await page.getByRole('button', { name: 'Senden', exact: true }).waitFor();
  await axe();
  await shot('german');
  const wrong = await page.evaluate(async () => {
    const { href } = document.querySelector('link[rel=manifest]');
    const answer = await fetch(href);
    const { start_url, icons } = await answer.json();
    const wrong = [];
    if (answer.headers.get('Content-Type') !== 'application/manifest+json') wrong.push(answer.headers.get('Content-Type'));
    if (new URL(start_url, href).pathname !== '/') wrong.push(start_url);
    for (const { src, sizes } of icons.filter(({ type }) => type === 'image/png')) {
      const image = await createImageBitmap(await (await fetch(new URL(src, href))).blob());
      if (`${image.width}x${image.height}` !== sizes) wrong.push(`${src} ${image.width}`);
    }
    if (!icons.some(({ purpose }) => purpose === 'maskable')) wrong.push('none is maskable');
    return wrong;
  });
  check(wrong.length === 0, wrong.join());
}
