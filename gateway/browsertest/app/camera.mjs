// A camera that is looked at: the present, what was recorded of it, and what there is to know.

import { fileURLToPath } from 'node:url';

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
const later = (page, ms) => page.waitForFunction((ms) => document.querySelector('framegate-player')?.time?.getTime() > ms, ms);
const back = (page, ms) => page.waitForFunction((ms) => document.querySelector('framegate-player')?.time?.getTime() === ms, ms);

// film gives the stretch in which the film was recorded.
async function film(traveller) {
  const { spans } = await traveller.api('GET', 'cameras/film/timeline?from=-6h&to=now');
  return { from: Date.parse(spans[0].from), to: Date.parse(spans[0].to) };
}

// turned has a camera turn while something is held, and go to a position that it keeps.
async function turned(page, { axe, shot, gateway, touch }) {
  const pad = page.getByRole('group', { name: 'Turn the camera' });
  await pad.getByRole('button', { name: 'Left' }).hover();
  await page.mouse.down();
  await page.waitForResponse((response) => response.url().endsWith('/ptz') && response.request().method() === 'POST');
  await page.mouse.up();
  await gateway('see it turn left');
  if (!touch) {
    await page.getByRole('heading', { level: 1 }).click();
    await page.keyboard.down('Shift');
    await page.keyboard.down('ArrowUp');
    await page.keyboard.up('ArrowUp');
    await page.keyboard.up('Shift');
    await gateway('see it turn up');
    await pad.getByRole('button', { name: 'Zoom in' }).focus();
    await page.keyboard.press('Enter');
    await gateway('see it zoom');
  }
  await pad.getByRole('button', { name: 'Home position' }).click();
  await pad.getByRole('button', { name: 'Positions' }).click();
  await pad.getByLabel('Name of this position').fill('Gate');
  await pad.getByRole('button', { name: 'Keep' }).click();
  await pad.getByRole('button', { name: 'Gate', exact: true }).click();
  await axe();
  await shot('pad');
  await pad.getByRole('button', { name: 'Forget Gate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await pad.getByRole('button', { name: 'Gate', exact: true }).waitFor({ state: 'detached' });
  await gateway('see it go and forget');
}

// Somebody looks at a camera, saves what is shown, and reads every panel.
export async function present(traveller) {
  const { as, axe, shot, touch } = traveller;
  const page = await as('admin', { path: '/camera/gate' });
  const shown = await playing(page, 'live');
  await page.waitForFunction(() => document.querySelector('[role="slider"]')?.ariaValueText?.startsWith('Live'));
  const now = await page.getByRole('slider').getAttribute('aria-valuenow');
  for (const [what, ms] of Object.entries({ picture: shown, 'bar of time': now * 1000 })) { // the clock of a device that is wrong says nothing
    check(Math.abs(ms - Date.now()) < 1_800_000, `the ${what} is of ${new Date(ms).toISOString()}`);
  }
  const delay = page.locator('.over').getByText(/^\d{1,5} ms$/);
  await delay.waitFor();
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
  await page.waitForFunction(() => document.querySelector('framegate-player')?.activeMode === 'jpeg');
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
  await page.waitForFunction(() => document.querySelector('framegate-player')?.past?.paused);
  await axe();
  await shot('past');

  // A picture on and back again is the same. The last before a pause may come late, and so it begins before that.
  const field = page.getByRole('textbox', { name: 'Go to a time' });
  await field.fill(new Date(from + 1500).toISOString());
  await field.press('Enter');
  await back(page, from + 1500);
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
  page = await as('admin', { path: '/camera/away?panel=now' });
  await page.getByText('Check the port').waitFor(); // of nothing that answers
  await shot('away');
  await turned(page, traveller);
  await traveller.api('POST', 'cameras', { id: 'passing', source: 'test:?width=160&height=120&fps=5', record: { mode: 'continuous' } });
  await page.goto(`${origin}/camera/passing`);
  await playing(page, 'live');
  await page.locator('header').getByText('Recording', { exact: true }).waitFor();
  await traveller.api('DELETE', 'cameras/passing'); // while it plays
  await page.getByText('This camera has been removed').waitFor();
  await axe();
  await shot('removed');
  await page.getByRole('button', { name: 'See what was recorded' }).click();
  await page.getByText('This is what was recorded of it').waitFor();
  await playing(page, 'playback');
  await shot('remains');
  await page.getByRole('link', { name: 'To the cameras' }).click();
  await page.waitForURL(`${origin}/`);
}

// Somebody who knows the keys: speeds both ways, a stretch, a picture, sound, and windows of its own.
export async function operated(traveller) {
  const { as, shot, touch } = traveller;
  const page = await as('viewer', { path: '/' });
  await page.addInitScript({ path: fileURLToPath(import.meta.resolve('../hear.js')) });
  const { from } = await film(traveller);
  const third = from + 132_000; // of the stretches of the film
  await page.goto(`${traveller.origin}/camera/film?at=${encodeURIComponent(new Date(from + 1000).toISOString())}`);
  await playing(page, 'playback');
  const speed = page.getByRole('combobox', { name: 'Speed' });
  const rate = (wanted) => page.waitForFunction((wanted) => {
    const { past } = document.querySelector('framegate-player');
    return document.querySelector('select[aria-label="Speed"]').value === String(wanted) && (Math.abs(wanted) > 16 ? past.paused : !past.paused && past.rate === wanted);
  }, wanted);

  const goTo = async (ms) => {
    await page.getByLabel('Go to a time').blur(); // or what plays goes on in it
    await page.getByLabel('Go to a time').fill(new Date(ms).toISOString());
    await page.getByLabel('Go to a time').press('Enter');
  };

  // Each speed is one of the player, or leaps that it is led to.
  const start = third + 3000;
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  for (const wanted of (await speed.locator('option').evaluateAll((options) => options.map(({ value }) => Number(value)))).filter((wanted) => touch === Math.abs(wanted) < 1)) {
    await goTo(start);
    await page.waitForFunction((start) => Math.abs(document.querySelector('framegate-player')?.time?.getTime() - start) < 100, start);
    await speed.selectOption(String(wanted));
    await rate(wanted);
    await page.waitForFunction(([start, way]) => (document.querySelector('framegate-player')?.time?.getTime() - start) * way > 200, [start, Math.sign(wanted)]);
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
  }

  // Its sound is heard as soon as somebody wants that.
  await speed.selectOption('1');
  await goTo(from);
  await page.getByRole('button', { name: 'Turn the sound on' }).click();
  await page.waitForFunction(() => window.beeps.length > 0);
  await page.getByRole('slider', { name: 'Volume' }).fill('0.5');
  await shot('operated');
  await page.getByRole('button', { name: 'Turn the sound off' }).click();
  await page.waitForFunction(() => document.querySelector('framegate-player')?.muted && document.querySelector('framegate-player')?.volume === 0.5);

  const float = page.getByRole('button', { name: 'Picture in picture' });
  await float.click();
  await page.waitForFunction(() => document.pictureInPictureElement !== null);
  await float.click();
  await page.waitForFunction(() => document.pictureInPictureElement === null);
  if (touch) {
    await page.getByRole('button', { name: 'Full screen' }).click();
    await page.waitForFunction(() => document.fullscreenElement !== null);
    await shot('full');
    await page.getByRole('button', { name: 'Leave full screen' }).click();
    await page.waitForFunction(() => document.fullscreenElement === null);
    return;
  }

  await page.getByRole('heading', { level: 1 }).click(); // or the space bar presses the button that was clicked
  await page.keyboard.press('a');
  await page.waitForFunction(() => document.querySelector('framegate-player')?.muted === false);
  for (const [key, wanted] of [['l', 2], ['l', 4], ['j', -1], ['j', -2], ['l', 1]]) {
    await page.keyboard.press(key);
    await rate(wanted);
  }
  const paused = (so) => page.waitForFunction((so) => document.querySelector('framegate-player')?.past?.paused === so, so);
  await page.keyboard.press('k');
  await paused(true);
  await page.keyboard.press(' ');
  await paused(false);
  await page.keyboard.press('k');
  await paused(true);
  await goTo(start); // or what was on its way as it was paused is shown a moment later
  await page.waitForFunction((start) => Math.abs(document.querySelector('framegate-player')?.time?.getTime() - start) < 100, start);
  await page.getByRole('heading', { level: 1 }).click();
  const at = await taken(page);
  await page.keyboard.press('.');
  await later(page, at);
  await page.keyboard.press(',');
  await back(page, at);
  await page.keyboard.press('i');
  await page.keyboard.press('.');
  await later(page, at);
  await page.keyboard.press('o');
  await page.getByText(/^Selected: /).waitFor();
  const saved = page.waitForEvent('download');
  await page.keyboard.press('s');
  check(/^film_.*\.jpg$/.test((await saved).suggestedFilename()), (await saved).suggestedFilename());
}
