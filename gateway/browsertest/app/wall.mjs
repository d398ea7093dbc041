// All cameras at once.

import { check } from '../chromium.mjs';
import { Fingers, pixelMs } from '../fingers.mjs';

const ids = (page, ...want) => page.waitForFunction((want) => [...document.querySelectorAll('[data-camera]')].map((tile) => tile.dataset.camera).join() === want, want.join());
const live = (page, camera) => page.locator(`[data-camera="${camera}"].live`).waitFor();

// Whoever looks sees what is permitted, alive, and of the rest why there is nothing.
export async function tiles({ as, axe, shot }) {
  const page = await as('admin', { path: '/' });
  await ids(page, 'phone', 'away', 'film', 'gate', 'yard');
  await live(page, 'yard');
  await live(page, 'gate');
  await page.locator('[data-camera="gate"]').getByRole('img', { name: 'Is being recorded' }).waitFor();
  await page.locator('[data-camera="away"].trouble.offline').waitFor();
  await page.locator('[data-camera="phone"].trouble').waitFor();
  await page.waitForFunction(() => /^\s*\d{1,5} ms/.test(document.querySelector('[data-camera="yard"] .marks')?.textContent)); // by the server's clock
  const asked = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname));
  check(!asked.some((path) => path.endsWith('/me')), 'the page asked who looks, though it had been told');
  check((await page.locator('script[data-answer]').count()) === 0, 'the page did not take all that it came with');
  check(!asked.some((path) => path.endsWith('/TimeBar.js')), 'the bar of time was loaded before anybody looked back');
  await axe();
  await shot('tiles');
}

// The wall learns of cameras that come, change and go, and leaves the others alone; one that
// fills the page when it goes is told to be gone.
export async function changes({ as, api, axe, expect, shot, window: name }) {
  expect(/\/live\/a-/); // of which nothing is there for a moment, when it is gone
  const page = await as('admin', { path: '/' });
  await live(page, 'yard');
  await page.evaluate(() => (document.querySelector('[data-camera="yard"] framegate-player').stays = true));
  await api('POST', 'cameras', { id: `a-${name}`, name: 'An attic', source: 'test:?width=160&height=120&fps=5' });
  await ids(page, 'phone', `a-${name}`, 'away', 'film', 'gate', 'yard');
  await api('PATCH', `cameras/a-${name}`, { name: 'Zoo' });
  await ids(page, 'phone', 'away', 'film', 'gate', 'yard', `a-${name}`);
  await page.getByRole('heading', { name: 'Zoo' }).waitFor();
  await page.keyboard.press('6');
  await page.waitForURL(/camera=a-/);
  await live(page, `a-${name}`);
  await api('DELETE', `cameras/a-${name}`);
  await page.getByText('This camera is not there any more').waitFor();
  await axe();
  await shot('gone');
  await page.getByRole('button', { name: 'Back to all cameras' }).click();
  await page.getByText('This camera is not there any more').waitFor({ state: 'detached' });
  await ids(page, 'phone', 'away', 'film', 'gate', 'yard');
  check(await page.evaluate(() => document.querySelector('[data-camera="yard"] framegate-player').stays), 'the tile of a camera that stayed was made anew');
}

// Cameras are put into an order, hidden and grouped, which is kept for who did it.
export async function arranged({ as, api, shot }) {
  const page = await as('admin', { path: '/' });
  await ids(page, 'phone', 'away', 'film', 'gate', 'yard');
  await live(page, 'yard');
  await page.evaluate(() => {
    const player = document.querySelector('[data-camera="yard"] framegate-player');
    player.was = player.surface;
  });
  await page.getByRole('button', { name: 'Arrange' }).click();
  await page.locator('[data-slot="yard"]').focus();
  await page.keyboard.press('ArrowLeft');
  await ids(page, 'phone', 'away', 'film', 'yard', 'gate');
  check(await page.evaluate(() => document.activeElement.dataset.slot === 'yard'), 'what was moved has lost the focus');
  const [from, to] = [await page.locator('[data-slot="gate"]').boundingBox(), await page.locator('[data-slot="phone"]').boundingBox()];
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 4 });
  await page.mouse.up();
  await ids(page, 'gate', 'phone', 'away', 'film', 'yard');
  const goesOn = await page.evaluate(() => {
    const player = document.querySelector('[data-camera="yard"] framegate-player');
    return player.surface !== null && player.surface === player.was;
  });
  check(goesOn, 'a player that was moved began anew');
  await page.getByRole('button', { name: 'Hide: Away' }).click();
  await ids(page, 'gate', 'phone', 'film', 'yard');
  await shot('arranging');
  await page.getByRole('button', { name: 'New group' }).click();
  await page.getByRole('dialog').getByLabel('Name of the group').fill('Outside');
  await page.getByRole('dialog').getByLabel('The yard').check();
  await page.getByRole('dialog').getByLabel('Away').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(/group=Outside/);
  await ids(page, 'away', 'yard');
  await page.getByRole('button', { name: 'Done' }).click();
  await page.goto(page.url()); // at once: what was chosen is not lost
  await ids(page, 'away', 'yard');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await ids(page, 'gate', 'phone', 'film', 'yard');
  await api('PUT', 'me/preferences', {});
  await ids(page, 'phone', 'away', 'film', 'gate', 'yard'); // as another page of the user hears
}

// A key enlarges a camera, with the player that it has; without a header it is a kiosk.
export async function enlarged({ as, shot, touch }) {
  const page = await as('admin', { path: '/' });
  await ids(page, 'phone', 'away', 'film', 'gate', 'yard');
  await live(page, 'yard');
  await page.evaluate(() => (document.querySelector('[data-camera="yard"] framegate-player').stays = true));
  await page.keyboard.press('5');
  await page.waitForURL(/camera=yard/);
  await page.waitForFunction(() => {
    const tile = document.querySelector('[data-camera="yard"]').getBoundingClientRect();
    return tile.width >= document.documentElement.clientWidth && tile.top === 0;
  });
  await shot('enlarged');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !location.search.includes('camera'));
  check(await page.evaluate(() => document.querySelector('[data-camera="yard"] framegate-player').stays), 'the player was made anew');
  await fullScreen(page, touch);
  await page.goto(`${new URL(page.url()).origin}/?kiosk`);
  await live(page, 'yard');
  check((await page.locator('header').count()) === 0 && (await page.getByRole('button', { name: 'Arrange' }).count()) === 0, 'a kiosk has more than cameras');
  await shot('kiosk');
}

// fullScreen has all cameras fill the screen, and one alone, whose picture goes on. On a telephone that has no button:
// a tap enlarges it.
async function fullScreen(page, touch) {
  const fills = (what) => page.waitForFunction((what) => (what ? document.fullscreenElement?.matches(what) : !document.fullscreenElement), what);
  const wall = async () => (touch ? page.getByRole('button', { name: 'Full screen', exact: true }).click() : page.keyboard.press('f'));
  await wall();
  await fills('section:has([data-camera="gate"]):has([data-camera="yard"])');
  if (!touch) {
    await page.locator('[data-camera="yard"]').hover();
    const button = page.getByRole('button', { name: 'Full screen: The yard' });
    await button.click();
    await fills('[data-camera="yard"]');
    await live(page, 'yard');
    await button.click();
    await fills('section'); // as before
  }
  await wall();
  await fills(null);
  check(await page.evaluate(() => document.querySelector('[data-camera="yard"] framegate-player').stays), 'the player was made anew by filling the screen');
}

// A network that goes and is another one when it comes back is told, and costs no patience: neither
// the stream of events nor the connections of players say that they are dead.
export async function network({ as, origin, expect, shot }) {
  expect(/ERR_|Failed to load|WebSocket/);
  const page = await as('admin', { fresh: true });
  let dead = false;
  await page.routeWebSocket(/\/live\/yard/, (near) => {
    const far = near.connectToServer();
    const old = !dead;
    far.onMessage((message) => old && dead || near.send(message));
  });
  await page.addInitScript(() => {
    const add = EventSource.prototype.addEventListener;
    EventSource.prototype.addEventListener = function (kind, heard) {
      add.call(this, kind, (event) => window.deaf || heard(event));
    };
  });
  await page.goto(`${origin}/`);
  await live(page, 'yard');
  dead = true;
  await page.evaluate(() => (window.deaf = true));
  await page.context().setOffline(true);
  const banner = page.locator('.banners').getByText('The server cannot be reached');
  await banner.waitFor();
  await page.locator('[data-camera="yard"]:not(.live)').waitFor();
  await shot('offline');
  await page.evaluate(() => (window.deaf = false));
  await page.context().setOffline(false);
  await live(page, 'yard');
  await banner.waitFor({ state: 'detached' });
}
network.windows = ['phone'];

// All cameras go back to a time that is typed, and forth again.
export async function back({ as, api, axe, shot }) {
  const page = await as('admin', { path: '/' });
  const { segments: [first] } = await api('GET', 'cameras/film/segments?from=-3h&to=now');
  await live(page, 'gate');
  await page.getByRole('button', { name: 'Look back' }).click();
  const field = page.getByRole('textbox', { name: 'Go to a time' });
  await field.fill(first.start);
  await field.press('Enter');
  await page.waitForURL(/at=/);
  await page.locator('[data-camera="film"].playback').waitFor();
  await page.locator('[data-camera="gate"]').getByText('Nothing was recorded here').waitFor(); // which goes on much later
  check((await page.locator('[data-camera="film"]').getByText('Nothing was recorded here').count()) === 0, 'the film is said not to be there');
  await axe();
  await shot('past');
  await page.reload();
  await page.locator('[data-camera="film"].playback').waitFor();
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await live(page, 'gate');
  await page.waitForFunction(() => !location.search.includes('at='));
}

// A finger drags the time of all cameras back, sees of each a small picture, and lets go.
export async function dragged({ as, api, expect, shot }) {
  expect(/ 404 .*\/live\/(film|gate)\/thumbnail/); // of moments of which there is none
  const page = await as('admin', { path: '/' });
  const { segments: [first] } = await api('GET', 'cameras/film/segments?from=-3h&to=now');
  await live(page, 'gate');
  await page.getByRole('button', { name: 'Look back' }).click();
  const slider = page.getByRole('slider', { name: 'Time bar' });
  await slider.scrollIntoViewIfNeeded();
  const finger = await Fingers.on(page, slider);
  const backMs = Date.now() - Date.parse(first.start) - 3000;
  const picture = page.locator('[data-camera="film"] canvas.thumb');
  await finger.drag(0.3, backMs / pixelMs, async () => {
    await picture.waitFor();
    await page.locator('[data-camera="gate"]').getByText('Nothing was recorded here').waitFor();
    await shot('dragged');
  });
  await page.waitForURL(/at=/);
  await page.locator('[data-camera="film"].playback').waitFor();
  await picture.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Live', exact: true }).click();
  await live(page, 'gate');
}
dragged.windows = ['phone'];
