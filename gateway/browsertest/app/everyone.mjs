// Everybody at every view: each is shown what is for them, or is told why not and where to go.

import { check, follow } from '../chromium.mjs';

// What stands on a view that is for somebody, and what is said to others.
const button = (name) => (page) => page.getByRole('button', { name, exact: true });
const heading = (name) => (page) => page.getByRole('heading', { name, exact: true });
const link = (name) => (page) => page.getByRole('link', { name, exact: true });
const words = (text) => (page) => page.getByText(text);
const tiles = (...ids) => (page) => page.locator(ids.map((id) => `.tiles:has([data-camera="${id}"])`).join('')).filter({ has: page.locator(`[data-slot]:nth-child(${ids.length}):last-child`) });
const plays = (page) => page.locator('framegate-player');
const refused = (text) => [words(text), link('To the cameras')];
const noCamera = refused('There is no such camera');
const noPart = [words('There is no such part of the settings'), link('Settings')];
const noRecordings = [words('You may not see recordings'), words('An administrator can give it to you')];

const everybody = ['admin', 'viewer', 'publisher', 'nobody'];
const all = (there) => Object.fromEntries(everybody.map((name) => [name, there]));
const admins = (...there) => ({ ...all(noPart), admin: there });

const wall = {
  admin: [tiles('phone', 'away', 'film', 'gate', 'yard'), button('Arrange')],
  viewer: [tiles('film', 'yard')],
  publisher: [tiles('phone'), words('You may send pictures to this camera, but not see them'), link('Broadcast')],
  nobody: [words('There is no camera that you may see or send to'), words('can permit it')],
};

// Each view, and what there is of it for whom.
const views = {
  '/': wall,
  '/camera/yard': { admin: [plays, link('Settings of this camera')], viewer: [plays, button('Save this picture')], publisher: noCamera, nobody: noCamera },
  '/camera/film': { admin: [plays, button('Mark')], viewer: [plays, button('Mark')], publisher: noCamera, nobody: noCamera },
  '/camera/phone': { admin: [plays], viewer: noCamera, publisher: [...refused('You may send pictures to this camera'), link('Send pictures')], nobody: noCamera },
  '/recordings': { ...all(noRecordings), admin: [words('Protected only')], viewer: [words('Protected only')] },
  '/recordings/exports': { ...all(noRecordings), admin: [button('Make a file…')], viewer: [button('Make a file…')] },
  '/recordings/storage': { ...all(noRecordings), admin: [heading('Disk'), button('Limits of Film')], viewer: [link('Film')] },
  '/broadcast/phone': { admin: [button('Start broadcasting')], viewer: noCamera, publisher: [button('Start broadcasting')], nobody: noCamera },
  '/broadcast/yard': { admin: refused('This camera has a source of its own'), viewer: refused('You may not send to this camera'), publisher: noCamera, nobody: noCamera },
  '/welcome': { ...wall, admin: [link(/^A camera in the network/)] }, // others have nothing to set up
  '/settings': all([link(/^Account/), link(/^Sessions/)]),
  '/settings/cameras': admins(link('Add a camera')),
  '/settings/users': admins(button('Add a user')),
  '/settings/tokens': admins(button('Make a token')),
  '/settings/links': admins(button('Make a link')),
  '/settings/sessions': all([words('this one')]),
  '/settings/server': admins(heading('About')),
  '/settings/tls': admins(heading('Encryption')),
  '/settings/limits': admins(heading('Limits')),
  '/settings/log': admins(heading('Log')),
  '/settings/all': admins(heading('All settings')),
  '/settings/account': all([heading('Account and display')]),
  '/settings/nowhere': all(noPart),
};

// What stands in the header, and for whom.
const offered = { admin: 'Cameras,Recordings,Settings', viewer: 'Cameras,Recordings,Settings', publisher: 'Cameras,Settings', nobody: 'Cameras,Settings' };

// round has one of them go through all views.
async function round({ as, axe, shot }, name) {
  const page = await as(name, { path: '/settings/account' });
  await heading('Account and display')(page).first().waitFor();
  const offers = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
  await offers.nth(offered[name].split(',').length - 1).waitFor(); // recordings once it is known which cameras there are
  const links = await offers.allInnerTexts();
  check(links.map((text) => text.trim()).join() === offered[name], `${name} is offered ${links}`);
  const judged = new Set(name === 'admin' ? Object.values(views).map(({ admin }) => admin) : []); // an admin's views have journeys of their own
  for (const [path, there] of Object.entries(views)) {
    await follow(page, path);
    try {
      for (const part of there[name]) await part(page).first().waitFor();
      if (judged.has(there[name])) continue; // or it is the same page again
      judged.add(there[name]);
      await axe(page);
    } catch (error) {
      throw new Error(`${name} at ${path}: ${error.message}`);
    }
    await shot(`${name}${path.replaceAll('/', '-')}`, page);
  }
  await page.close();
}

// All of them go at once, as they would.
export async function goesRound(traveller) {
  traveller.expect(/ 404 .*\/api\/v1\/cameras\//); // of what was recorded of cameras that are not there for all
  await Promise.all(everybody.map((name) => round(traveller, name)));
}
goesRound.windows = ['phone']; // what one may do is the same in a wide window
