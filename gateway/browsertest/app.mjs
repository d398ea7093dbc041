// Leads Chromium through the app, one view after another. e2e/app names each in a
// line on stdin, with JSON that says of which gateway ({"origin", "admin", "password"}),
// and is told in lines on stdout:
//
//     went VIEW: JOURNEY, WINDOW: SECONDS
//     failed TEXT            a string of JSON: where, why, and what there was to see
//     do DEED                to be done to the gateway, and answered by a line
//     arrived                no more of this view
//
// It all ends with stdin. The journeys of a view are what app/VIEW.mjs exports:
// functions that take a Traveller. Each is gone once in a wide window by light,
// and once on a telephone by dark, whose clock is wrong; `wall.windows = ['wide']`
// leaves one out; FRAMEGATE_TEST_COLOURS=swapped has the wide window dark and the telephone light. They share a gateway, so each puts back what it changes.

import { mkdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ceiling, check, flags, inTime, shell } from './chromium.mjs';

const chosen = new RegExp(process.env.FRAMEGATE_TEST_JOURNEYS ?? '');

const [day, night] = process.env.FRAMEGATE_TEST_COLOURS === 'swapped' ? ['dark', 'light'] : ['light', 'dark'];
const windows = {
  wide: { viewport: { width: 1440, height: 900 }, colorScheme: day },
  phone: { viewport: { width: 360, height: 740 }, colorScheme: night, hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};
const wrongMs = 3_600_000; // of the telephone's clock: all that is shown goes by the server's

// wrongClock has a page believe in another time than its browser does. Workers would
// not, and so players have none.
function wrongClock(ms) {
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...when) {
      super(...(when.length > 0 ? when : [Right.now() + ms]));
    }
    static now() {
      return Right.now() + ms;
    }
  };
  const { timeOrigin } = performance;
  Object.defineProperty(performance, 'timeOrigin', { get: () => timeOrigin + ms });
  globalThis.Worker = class extends Worker {
    constructor(url, options) {
      if (String(url).includes('framegate-player')) throw new Error('there are none');
      super(url, options);
    }
  };
}

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const axeSource = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const stdin = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const browser = await chromium.launch({ executablePath: shell, headless: true, args: flags });
const contexts = new Map(); // by gateway, window and user, so that nobody logs in twice

// Traveller is who goes through the app on one journey.
class Traveller {
  constructor(house, view, journey, window) {
    Object.assign(this, house, { view, journey, window, touch: window === 'phone' });
    Object.assign(this, windows[window].viewport);
    this.pages = [];
    this.complaints = [];
    this.expected = [/ 401 .*\/api\/v1\/me$/]; // which asks whether somebody is logged in
    this.fresh = [];
    for (const name of ['as', 'api', 'axe', 'expect', 'gateway', 'shot']) this[name] = this[name].bind(this); // so that journeys may take them apart
  }

  // as gives a page of somebody who is logged in: 'admin', 'viewer', 'publisher', 'nobody', who may do
  // nothing; and without a name one of who is not logged in. Its context is shared with other journeys, which
  // want to stay logged in: who logs out says {fresh: true}.
  async as(name, { fresh = false, path = null, locale = 'en-GB' } = {}) {
    const key = `${this.origin} ${this.window} ${name} ${locale}`;
    let context = fresh || !name ? null : contexts.get(key);
    if (!context) {
      const permissions = ['camera', 'microphone']; // as who has broadcast before
      context = await browser.newContext({ ...windows[this.window], locale, timezoneId: 'Europe/Berlin', ignoreHTTPSErrors: true, permissions });
      context.setDefaultTimeout(ceiling);
      if (this.window === 'phone') await context.addInitScript(wrongClock, wrongMs);
      if (name) await this.logIn(context, name === 'admin' ? this.admin : name);
      if (fresh || !name) this.fresh.push(context);
      else contexts.set(key, context);
    }
    const page = await context.newPage();
    this.pages.push(page);
    this.watch(page);
    this.page = page;
    this.context = context;
    if (path !== null) await page.goto(this.origin + path);
    return page;
  }

  async logIn(context, name) {
    const answer = await context.request.post(`${this.origin}/api/v1/login`, { data: { name, password: this.password } });
    check(answer.ok(), `${name} cannot log in: ${answer.status()} ${await answer.text()}`);
  }

  // watch notes whatever no page may do.
  watch(page) {
    const complain = (text) => this.complaints.push(text);
    page.on('pageerror', (error) => complain(`uncaught: ${error.stack ?? error}`));
    page.on('console', (message) => message.type() === 'error' && complain(`console: ${message.text()} ${message.location().url}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (!['blob:', 'data:'].includes(url.protocol) && url.host !== new URL(this.origin).host) complain(`asks elsewhere: ${url}`);
    });
  }

  // expect says what the browser may complain of on this journey, such as a refused login.
  expect(...patterns) {
    this.expected.push(...patterns);
  }

  // api asks the gateway as who has the page, and gives what is answered.
  async api(method, path, data) {
    const answer = await this.context.request.fetch(`${this.origin}/api/v1/${path}`, { method, ...(data !== undefined && { data }) });
    check(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return answer.status() === 204 ? undefined : answer.json();
  }

  // gateway has something done to it: 'publish' (to the camera phone), 'hang up'.
  async gateway(deed) {
    console.log(`do ${deed}`);
    await stdin.next();
  }

  // shot makes a picture of the page where SCREENSHOTS names a folder.
  async shot(name, page = this.page) {
    const folder = process.env.SCREENSHOTS;
    if (!folder) return;
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${this.view}-${name}-${this.window}.png`) });
  }

  // axe judges whether the page can be used without eyes or a mouse, as far as a program can tell.
  async axe(page = this.page) {
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource); // or it is there since before
    const { violations, passes } = await page.evaluate((runOnly) => window.axe.run({ runOnly, resultTypes: ['violations'] }), rules);
    check(passes.length > 5, 'axe finds nothing to judge');
    const found = violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html} ${failureSummary}`));
    check(found.length === 0, found.join('\n'));
    // What axe has no rule for: nothing may be cut off, nor have to be scrolled to the side.
    const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    check(inner <= outer, `the page is ${inner} px wide in a window of ${outer}`);
  }

  // unexpected gives what the browser complained of.
  unexpected() {
    return this.complaints.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }

  async arrive() {
    for (const page of this.pages) await page.close();
    for (const context of this.fresh) await context.close();
  }
}

// explain puts into words what went wrong, and what there is to see of it.
async function explain(traveller, error) {
  const lines = [`${traveller.view} ${traveller.journey}, ${traveller.window}: ${error.stack ?? error}`, ...traveller.complaints];
  for (const page of traveller.pages) {
    if (page.isClosed()) continue;
    lines.push(`${page.url()}:\n${await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String)}`);
    await traveller.shot('failed', page).catch(() => {});
  }
  return lines.join('\n').slice(0, 12_000);
}

// go has somebody make a journey, and says whether it went well.
async function go(house, view, journey, tell, window) {
  const traveller = new Traveller(house, view, journey, window);
  const began = performance.now();
  try {
    await inTime(tell(traveller));
    check(traveller.unexpected().length === 0, 'the browser complains');
    console.log(`went ${view}: ${journey}, ${window}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    return true;
  } catch (error) {
    console.log(`failed ${JSON.stringify(await explain(traveller, error))}`);
    return false;
  } finally {
    await traveller.arrive();
  }
}

// lead has all journeys of a view be made, up to one that fails: what that leaves behind would have others wait in vain.
async function lead(view, house) {
  for (const [journey, tell] of Object.entries(await import(`./app/${view}.mjs`))) {
    if (!chosen.test(journey)) continue;
    for (const window of tell.windows ?? Object.keys(windows)) {
      if (!(await go(house, view, journey, tell, window))) return;
    }
  }
}

for (let line = await stdin.next(); !line.done; line = await stdin.next()) {
  const [view, house] = line.value.split(/ (.*)/);
  await lead(view, JSON.parse(house));
  console.log('arrived');
}
await browser.close();
