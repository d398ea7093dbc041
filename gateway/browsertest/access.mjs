// Tells Chromium one story of who may see what:
//
//     node access.mjs STORY URL NAME PASSWORD EXTRA [FLAG...]
//
// Server.Story of e2e/rig calls it. Where SCREENSHOTS names a folder, pictures of the
// pages go there.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check, open as openPage, run, whole, within } from './chromium.mjs';

const [story, url, name, password, extra, ...flags] = process.argv.slice(2);

const open = (context, path) => openPage(context, url + path);

async function photograph(page, as) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${as}.png`) });
}

async function logIn(page, password) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

// form waits for the form of the login.
const form = (page) => page.getByRole('heading', { name: 'Log in' }).waitFor();

// moves waits until the player has shown several pictures.
function moves(page) {
  return within(page.evaluate(async () => {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    [canvas.width, canvas.height] = [80, 40];
    const seen = new Set();
    while (seen.size < 5) {
      await new Promise(requestAnimationFrame);
      const surface = [...document.querySelectorAll('framegate-player')].find((player) => player.state === 'live')?.surface;
      if (!(surface?.videoWidth || surface?.naturalWidth || surface?.width)) continue;
      context.drawImage(surface, 0, 0, 80, 40);
      const { data } = context.getImageData(0, 0, 80, 40);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) sum = (Math.imul(sum, 31) + data[i]) | 0;
      seen.add(sum);
    }
  }), 'pictures that move');
}

const stories = {
  // Somebody goes to a camera, has to log in, and is there.
  async login(context) {
    const page = await open(context, '/login?next=%2Fcamera%2Fphone');
    await form(page);
    await photograph(page, 'login');
    await logIn(page, 'wrong horse battery');
    await page.getByRole('alert').waitFor();
    await photograph(page, 'refused');
    check((await page.getByLabel('Name').inputValue()) === name, 'the name has to be typed again');
    check(!page.url().includes(name), 'the name is in the address');
    await page.waitForTimeout(1100); // a wrong password costs a second
    await logIn(page, password);
    await page.waitForURL(`${url}/camera/phone`);
    await moves(page);
    await photograph(page, 'camera');
    check((await page.evaluate(() => document.cookie)) === '', 'scripts can read the cookie');
    const [cookie] = await context.cookies();
    check(cookie.httpOnly && cookie.sameSite === 'Lax' && cookie.path === '/', JSON.stringify(cookie));
    check(page.complaints.every((text) => text.includes('401')), page.complaints.join('\n'));

    await page.getByRole('button', { name: 'Log out' }).click();
    await form(page);
    await page.goto(`${url}/camera/phone`);
    await form(page);
  },

  // Somebody logs in and out at each address that leads to the server, as people
  // reach it: by a name, over the network, behind a proxy, which may let no
  // WebSockets through.
  async doors(context) {
    const { doors, sockets } = JSON.parse(extra);
    for (const door of doors) {
      await context.clearCookies();
      const page = await openPage(context, `${door}/login?next=%2Fcamera%2Fphone`);
      const at = (path) => page.waitForURL(`${door}${path}`).catch((error) => { throw new Error(`${door}${path}: it is at ${page.url()}: ${error}`); });
      await logIn(page, password);
      await at('/camera/phone');
      await moves(page);
      await page.getByRole('link', { name: 'Framegate' }).click();
      await at('/');
      await page.reload();
      await moves(page);
      const mode = await page.evaluate(() => [...document.querySelectorAll('framegate-player')].find((player) => player.state === 'live')?.activeMode);
      check((mode !== 'img') === sockets, `${door}: it is shown by ${mode}`);
      await photograph(page, door.replaceAll(/[^a-z0-9]+/g, '-'));
      const complaints = page.complaints.filter((text) => !text.includes('401') && (sockets || !text.startsWith('WebSocket')));
      check(complaints.length === 0, `${door}: ${complaints.join('\n')}`);
      await page.getByRole('button', { name: 'Log out' }).click();
      await form(page);
      await page.goto(`${door}/`);
      await form(page);
      await page.close();
    }
  },

  // Every page can be used without eyes or a mouse, as far as a program can tell
  // (WCAG 2.2 AA, by axe), by light and by dark.
  async accessible(context) {
    const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
    const found = [];
    const judge = async (page, name) => {
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(axe);
        const { violations, passes } = await page.evaluate(() => window.axe.run({
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        }));
        check(passes.length > 5, `${name}: axe finds nothing to judge`);
        for (const { id, help, nodes } of violations) for (const { html } of nodes) found.push(`${name}, ${colorScheme}: ${id}: ${help}: ${html}`);
      }
    };
    const page = await open(context, '/login');
    await form(page);
    await judge(page, 'login');
    await logIn(page, 'wrong horse battery');
    await page.getByRole('alert').waitFor();
    await judge(page, 'login refused');
    await page.waitForTimeout(1100); // a wrong password costs a second
    await logIn(page, password);
    await page.waitForURL(`${url}/`);
    await page.reload();
    await moves(page);
    await judge(page, 'wall');
    for (const path of ['/camera/phone', '/camera/mail', '/demo/player.html', '/demo/sse.html', '/nowhere', '/api/docs']) {
      await page.goto(url + path);
      if (path.startsWith('/camera/')) await page.getByRole('heading', { level: 1 }).waitFor();
      await judge(page, path);
    }
    check(found.length === 0, found.join('\n'));
  },

  // Whoever starts the server logs in with the link that it prints.
  async link(context) {
    const page = await open(context, `/login#${extra}`);
    await page.waitForURL(`${url}/welcome`);
    check(!(await page.evaluate(() => JSON.stringify([history.length, location.href, document.referrer]))).includes(extra), 'the link is still there');
    const again = await open(context, `/login#${extra}`);
    await again.getByRole('alert').waitFor();
  },

  // A page of another site shows a camera by a signed link, and by nothing else,
  // whoever looks at it.
  async embedded(context) {
    const login = await open(context, '/login');
    await logIn(login, password);
    await login.waitForURL(`${url}/`);
    const page = await openPage(context, extra);
    const width = (id) => page.waitForFunction((id) => document.getElementById(id).dataset.is, id).then((is) => is.jsonValue());
    check((await width('signed')) === 'loaded', 'the signed link shows nothing');
    check((await width('plain')) === 'refused', 'a page of another site shows a camera with the cookie of who looks at it');
    const read = await page.evaluate((address) => fetch(address).then(() => 'read', () => 'not read'), addressOf('signed', await page.content()));
    check(read === 'not read', 'a page of another site reads what it may only show');
    await photograph(page, 'embedded');
  },
};

// addressOf finds the address of an image in a page's text.
function addressOf(id, text) {
  return text.match(new RegExp(`id="${id}"[^>]* src="([^"]+)"`))[1].replaceAll('&amp;', '&').replace('.mjpeg', '.jpg');
}

await run(stories[story], (page) => page.title(), flags, whole);
