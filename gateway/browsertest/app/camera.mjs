// A camera that is looked at: the present, what was recorded of it, and what there is to know.

import { check } from '../chromium.mjs';

// playing waits for pictures, and gives when one of them was taken.
async function playing(page, state) {
  await page.waitForFunction((state) => {
    const player = document.querySelector('framegate-player');
    return player?.state === state && player.time;
  }, state);
  return taken(page);
}

const taken = (page) => page.evaluate(() => document.querySelector('framegate-player').time.getTime());
const later = (page, ms) => page.waitForFunction((ms) => document.querySelector('framegate-player').time?.getTime() > ms, ms);
const back = (page, ms) => page.waitForFunction((ms) => document.querySelector('framegate-player').time?.getTime() === ms, ms);

// film gives the stretch in which the film was recorded.
async function film(traveller) {
  const { spans } = await traveller.api('GET', 'cameras/film/timeline?from=-6h&to=now');
  return { from: Date.parse(spans[0].from), to: Date.parse(spans[0].to) };
}

// Somebody looks at a camera, saves what is shown, and reads every panel.
export async function present(traveller) {
  const { as, axe, shot, touch } = traveller;
  const page = await as('admin', { path: '/camera/gate' });
  await playing(page, 'live');
  await page.getByRole('heading', { name: 'Gate', level: 1 }).waitFor();
  await page.getByText('Recording', { exact: true }).first().waitFor();
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save this picture' }).click();
  check(/^gate_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.jpg$/.test((await saved).suggestedFilename()), (await saved).suggestedFilename());
  await axe();
  await shot('present');

  await page.getByRole('tab', { name: 'State' }).click();
  await page.getByText(/JPEG · 160 × 120/).waitFor();
  await page.getByText(/^user:/).first().waitFor(); // who watches
  await axe();
  await page.getByRole('button', { name: /^End: user:/ }).last().click();
  await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
  await page.getByText('an administrator ended this').first().waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await playing(page, 'live');
  await page.getByRole('tab', { name: 'Statistics' }).click();
  await page.locator('.plot canvas').first().waitFor();
  await axe();
  await shot('statistics');
  await page.getByRole('tab', { name: 'Addresses' }).click();
  await page.getByLabel('Program').selectOption({ label: 'VLC' });
  await page.getByText(/^vlc .*\/live\/gate\.mp4'$/).waitFor();
  await page.getByRole('button', { name: 'Sign the addresses' }).click();
  const address = await page.getByText(/\/live\/gate\.jpg\?exp=/).textContent();
  const alone = await (await fetch(address)).arrayBuffer();
  check(alone.byteLength > 100, 'a signed address gives no picture to who is not logged in');
  await axe();
  await shot('addresses');

  await page.getByRole('button', { name: 'How it is shown' }).click();
  await page.getByLabel(/^Way of showing/).selectOption('jpeg');
  await page.getByLabel('Largest size').selectOption('320');
  await page.waitForFunction(() => document.querySelector('framegate-player').activeMode === 'jpeg');
  check(new URL(page.url()).search.includes('mode=jpeg') && new URL(page.url()).search.includes('width=320'), page.url());
  await page.keyboard.press('Escape');
  if (touch) return;
  await page.keyboard.press('?');
  await page.getByText('Begin of a selection').waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement !== null);
  await page.keyboard.press('f');
  await page.waitForFunction(() => document.fullscreenElement === null);
}

// Somebody opens a link to a moment, goes back and forth, and marks, downloads and shares what is there.
export async function past(traveller) {
  const { as, axe, shot, touch, origin } = traveller;
  const page = await as('viewer', { path: '/' });
  const { from, to } = await film(traveller);
  const at = new Date(from + 2000).toISOString();
  await page.goto(`${origin}/camera/film?at=${encodeURIComponent(at)}`);
  const first = await playing(page, 'playback');
  check(first >= from + 1900 && first < to, `${new Date(first).toISOString()} is shown, ${at} was wanted`);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.locator('.over').getByText('Recorded, paused').waitFor();
  await page.waitForFunction(() => document.querySelector('framegate-player').past?.paused);
  await axe();
  await shot('past');

  // A picture on and back again is the same.
  const shown = await taken(page);
  await page.getByRole('button', { name: 'One picture on' }).click();
  await later(page, shown);
  await page.getByRole('button', { name: 'One picture back' }).click();
  await back(page, shown);
  await page.waitForFunction((iso) => new URL(location.href).searchParams.get('at') === iso, new Date(shown).toISOString());

  // A selection is downloaded, marked and shared.
  await page.getByRole('button', { name: 'Begin here' }).first().click();
  await page.getByRole('button', { name: '10 seconds on' }).click(); // which is in a gap, so that the next film comes
  await later(page, shown + 500);
  await page.getByRole('button', { name: 'End here' }).first().click();
  const link = await page.getByRole('link', { name: 'Download' }).getAttribute('href');
  const clip = await (await traveller.context.request.get(link)).body();
  check(clip.subarray(4, 8).toString() === 'ftyp', 'the clip is no MP4');
  await page.getByRole('button', { name: 'Share…' }).click();
  await page.getByRole('button', { name: 'Make the link' }).click();
  const shared = await page.getByText(/recording\.mp4\?.*sig=/).textContent();
  check((await fetch(shared)).ok, 'what is shared is not for everybody');
  await axe();
  await page.keyboard.press('Escape');
  if (touch) await page.getByRole('button', { name: 'Mark', exact: true }).first().click();
  else await page.keyboard.press('m');
  await page.getByRole('button', { name: 'Edit', exact: true }).click(); // of what is said
  await page.getByLabel('Note').fill('the parcel');
  await page.getByLabel('Protect from deletion').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('the parcel').waitFor();
  const { marks } = await traveller.api('GET', 'cameras/film/events?from=-6h');
  check(marks.length === 1 && marks[0].keep && Date.parse(marks[0].start) === shown, JSON.stringify(marks));
  await page.getByRole('button', { name: /^Edit: mark/ }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('There are none near.').waitFor();
}

// Who may not, and what is not there, is told so; and a camera that goes while somebody looks.
export async function honest(traveller) {
  const { as, axe, shot, origin } = traveller;
  traveller.expect(/404/, /502/); // of what may not be known, and of what is not there
  let page = await as('viewer', { path: '/camera/yard' });
  await playing(page, 'live');
  check((await page.getByRole('button', { name: 'Pause', exact: true }).count()) === 0, 'who may see the present alone can look back');
  check((await page.getByRole('link', { name: 'Settings of this camera' }).count()) === 0, 'who is no admin is led to the settings');
  await page.goto(`${origin}/camera/gate`);
  await page.getByText('There is no such camera').waitFor();
  await axe();
  page = await as('publisher', { path: '/camera/phone' });
  await page.getByText('You may send pictures to this camera').waitFor();
  await axe();
  page = await as('admin', { path: '/camera/away?panel=now' });
  await page.getByText('Check the port').waitFor(); // of nothing that answers
  await shot('away');
  await traveller.api('POST', 'cameras', { id: 'passing', source: 'upload:' });
  await page.goto(`${origin}/camera/passing`);
  await page.getByRole('heading', { name: 'passing' }).waitFor();
  await traveller.api('DELETE', 'cameras/passing');
  await page.getByText('This camera has been removed').waitFor();
  await page.getByRole('link', { name: 'To the cameras' }).click();
  await page.waitForURL(`${origin}/`);
}
