// What each list shows while it loads, where it fails, where nothing is in it, and once something is: in English in a
// wide window, in German on a telephone.

import { check, follow } from '../chromium.mjs';

const languages = { wide: ['en-GB', 0], phone: ['de-DE', 1] };
const words = {
  loading: ['Loading…', 'Wird geladen…'],
  again: ['Try again', 'Erneut versuchen'],
  wrong: ['something went wrong inside', 'Im Server ging etwas schief: das Protokoll sagt, was'],
};

const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
const running = {
  id: 'aaaa', name: 'evening', cameras: ['film'], from: hourAgo, to: hourAgo, exact: false, timelapse: false, by: 'user:me', state: 'running', progress: 0.42, bytes: 0, created: hourAgo,
};

// Each list: what it asks for, what is answered where there is nothing, what it says then, and what stands in it.
const lists = {
  '/settings/users': { asks: 'users', none: { users: [] }, empty: ['No users', 'Keine Benutzer'] },
  '/settings/tokens': { asks: 'tokens', none: { tokens: [] }, empty: ['No tokens', 'Keine Tokens'], some: { tokens: [{ id: 't', name: 'nvr', created: hourAgo, grants: [], by: 'me' }] } },
  '/settings/links': { asks: 'links', none: { links: [] }, empty: ['No lasting links', 'Keine dauerhaften Links'], some: { links: [{ id: 1, camera: 'film', action: 'view', created: hourAgo, maker: 'me' }] } },
  '/settings/sessions': { asks: 'sessions', none: { sessions: [] }, empty: ['No sessions', 'Keine Sitzungen'] },
  '/settings/notifications': { asks: 'webhooks', none: { webhooks: [], events: [], usual: [], most: 16 }, empty: ['No webhooks', 'Keine Webhooks'] },
  '/settings/limits': { asks: 'limits', none: { limits: [] }, empty: ['There are no limits', 'Es gibt keine Grenzwerte'], items: '.part tbody tr' },
  '/settings/log': { asks: 'log*', none: { records: [], last: 0 }, empty: ['No lines', 'Keine Zeilen'] },
  '/settings/all': { asks: 'settings', none: { settings: [] }, empty: ['Nothing matches', 'Nichts passt'] },
  '/recordings': { asks: 'cameras/*/events?*', items: 'section.day li', none: { marks: [] }, empty: ['There are no marks yet', 'Es gibt noch keine Markierungen'], some: { marks: [{ id: 1, camera: 'film', start: hourAgo, end: hourAgo, kind: 'car', by: 'user:me', keep: false }] } },
  '/recordings/exports': { asks: 'exports', items: 'main li.card', none: { exports: [] }, empty: ['No file is being made', 'Es wird keine Datei erstellt'], some: { exports: [running] } },
};

// goThrough has a list be in each of its states, in the language of a number. The server answers at last, but where
// its answer is not known.
async function goThrough({ axe, shot }, page, path, { asks, none, empty, some, items = '.part li' }, language) {
  const waiting = [];
  let answer = (route) => waiting.push(route);
  const now = async (next) => {
    answer = next;
    for (const route of waiting.splice(0)) await next(route);
  };
  const pattern = `**/api/v1/${asks}`;
  await page.route(pattern, (route) => answer(route));
  await follow(page, path);
  const main = page.locator('main');
  await main.getByRole('status').filter({ hasText: words.loading[language] }).first().waitFor();
  await now((route) => route.fulfill({ status: 500, contentType: 'application/problem+json', json: { code: 'internal', title: 'Internal Server Error', status: 500, detail: 'something went wrong inside; the log says what' } }));
  const failed = main.getByRole('alert').filter({ hasText: words.wrong[language] });
  await failed.waitFor();
  if (path === '/recordings/exports') {
    await axe(page);
    await shot('failed', page);
  }
  await now((route) => route.fulfill({ json: none }));
  const gone = failed.waitFor({ state: 'detached' }); // also by itself: the log asks again when it has grown
  await Promise.race([failed.getByRole('button', { name: words.again[language] }).click().catch(() => gone), gone]);
  await main.getByText(empty[language], { exact: true }).waitFor();
  check((await main.getByRole('alert').count()) === 0, 'it still says that it failed');
  await now((route) => (some ? route.fulfill({ json: /cameras\/(?!film)/.test(route.request().url()) ? none : some }) : route.continue()));
  await follow(page, '/settings/account');
  await main.getByText(empty[language], { exact: true }).waitFor({ state: 'detached' });
  await follow(page, path);
  await page.locator(items).first().waitFor();
  if (path === '/recordings/exports') await progresses(page, language);
  await page.unroute(pattern);
}

// progresses has an event say how far a file is.
async function progresses(page, language) {
  const bar = page.getByRole('progressbar', { name: 'evening' });
  const at = (part, text) => page.waitForFunction(([part, text]) => document.querySelector('progress')?.value === part && document.querySelector('main').innerText.includes(text), [part, text]);
  await bar.waitFor();
  await at(0.42, ['is being made · 42%', 'wird erstellt · 42\u00a0%'][language]);
  await page.evaluate(() => window.source.dispatchEvent(new MessageEvent('export_changed', { data: JSON.stringify({ kind: 'export_changed', export: 'aaaa', state: 'running', progress: 0.8 }) })));
  await at(0.8, ['is being made · 80%', 'wird erstellt · 80\u00a0%'][language]);
}

export async function states(traveller) {
  traveller.expect(/ 500 /, /\/thumbnail\.jpg/);
  const [locale, language] = languages[traveller.window];
  const page = await traveller.as('admin', { locale });
  await page.addInitScript(() => {
    window.EventSource = class extends EventSource {
      constructor(...all) {
        super(...all);
        if (String(all[0]).includes('status=')) window.source = this;
      }
    };
  });
  await page.goto(`${traveller.origin}/settings/account`);
  await page.locator('main h2').first().waitFor();
  for (const [path, list] of Object.entries(lists)) {
    try {
      await goThrough(traveller, page, path, list, language);
    } catch (error) {
      throw new Error(`${path}: ${error.message}`);
    }
  }
}
