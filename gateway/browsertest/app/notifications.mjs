// Who is told of what happens is managed: webhooks, and the broker of MQTT, both of which are really there.

import { check } from '../chromium.mjs';

const ofPerson = { wide: 'en-GB', phone: 'de-DE' };
const words = {
  add: ['Add a webhook', 'Webhook hinzufügen'], name: ['Name', 'Name'], url: ['Address', 'Adresse'], secret: ['Secret for signatures', 'Geheimnis für Signaturen'],
  make: ['Make one', 'Erzeugen'], addDone: ['Add', 'Hinzufügen'], save: ['Save', 'Speichern'], remove: ['Remove', 'Entfernen'], signed: ['signed', 'signiert'], inFile: ['in the file', 'in der Datei'],
  test: ['Send a test: ', 'Test senden: '], taken: ['Taken, in', 'Angenommen, in'], refused: ['Not taken: it answers 503', 'Nicht angenommen: antwortet mit 503'], change: [(name) => `Change ${name}`, (name) => `${name} ändern`],
  told: [(name) => `${name} is told`, (name) => `${name} wird benachrichtigt`], off: ['switched off', 'ausgeschaltet'], failing: ['does not take what is told', 'nimmt Meldungen nicht an'], fine: ['takes what is told', 'nimmt Meldungen an'],
  nowhere: ['no webhook or broker of the app may be there', 'darf'], changed: ['A camera was added', 'Eine Kamera wurde hinzugefügt'], idle: ['Something is wrong around the server', 'Um den Server stimmt etwas nicht'],
  none: ['No broker is told.', 'Kein Broker wird benachrichtigt.'], give: ['Connect a broker', 'Broker verbinden'], giveDone: ['Connect', 'Verbinden'], prefix: ['Prefix of topics', 'Präfix der Topics'],
};

// open goes to the page, in the language of the window.
async function open(traveller) {
  const locale = ofPerson[traveller.window];
  const language = locale === 'de-DE' ? 1 : 0;
  const page = await traveller.as('admin', { path: '/settings/notifications', locale });
  const file = page.locator('.item').filter({ hasText: words.inFile[language] });
  await file.waitFor();
  const receiver = (await traveller.api('GET', 'webhooks')).webhooks[0].address;
  return { page, language, receiver, w: (key) => words[key][language], told: async () => (await fetch(`${receiver}/told`)).json() };
}

// A webhook is added with a secret, tried, told; one that fails says so; it is switched off, and goes after one question.
export async function webhooks(traveller) {
  traveller.expect(/ 422 .*\/api\/v1\/webhooks$/);
  const { page, w, receiver, told } = await open(traveller);
  const mine = `mine-${traveller.window}`;
  const dialog = page.getByRole('dialog');
  const item = (name) => page.locator('.item').filter({ has: page.getByText(name, { exact: true }) });
  check((await item('ops').getByRole('switch').count()) === 0, 'what the file gives is switched here');
  await traveller.axe();
  await traveller.shot('begin');

  await page.getByRole('button', { name: w('add') }).click();
  await dialog.getByLabel(w('name'), { exact: true }).fill(mine);
  await dialog.getByLabel(w('url'), { exact: true }).fill('http://169.254.169.254/latest');
  await dialog.getByRole('button', { name: w('addDone'), exact: true }).click();
  await dialog.getByRole('alert').filter({ hasText: '169.254.169.254' }).waitFor();
  await traveller.axe();
  await dialog.getByLabel(w('url'), { exact: true }).fill(`${receiver}/${mine}`);
  await dialog.getByRole('button', { name: w('make') }).click();
  check(/^whsec_/.test(await dialog.getByLabel(w('secret'), { exact: true }).inputValue()), 'no secret is made');
  await dialog.getByLabel(w('changed')).check();
  await traveller.shot('add');
  await dialog.getByRole('button', { name: w('addDone'), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await item(mine).getByText(w('signed')).waitFor();
  await item(mine).getByRole('button', { name: `${w('test')}${mine}` }).click();
  await item(mine).getByText(w('taken')).waitFor();
  check((await told()).some(({ path, type, signed }) => path === `/${mine}` && type === 'test' && signed), 'no signed test came');

  const camera = `of-${traveller.window}`;
  await traveller.api('POST', 'cameras', { id: camera, source: 'upload:' });
  await item(mine).getByText(w('fine')).waitFor();
  await traveller.api('DELETE', `cameras/${camera}`); // not before, or nobody might know that it was there
  check((await told()).some(({ path, type }) => path === `/${mine}` && type === 'camera_added'), 'it is not told of the camera');

  await item(mine).getByRole('button', { name: w('change')(mine) }).click();
  check((await dialog.getByLabel(w('url'), { exact: true }).inputValue()) === '', 'the address is shown again');
  await dialog.getByLabel(w('url'), { exact: true }).fill(`${receiver}/broken-${mine}`);
  await dialog.getByRole('button', { name: w('save') }).click();
  await dialog.waitFor({ state: 'detached' });
  await item(mine).getByRole('button', { name: `${w('test')}${mine}` }).click();
  await item(mine).getByText(w('refused')).waitFor();
  await traveller.api('POST', 'cameras', { id: camera, source: 'upload:' });
  await item(mine).getByText(w('failing')).waitFor();
  await traveller.api('DELETE', `cameras/${camera}`);
  await traveller.axe();
  await traveller.shot('failing');

  await item(mine).getByRole('switch', { name: w('told')(mine) }).uncheck();
  await item(mine).getByText(w('off')).waitFor();
  await traveller.shot('off');
  await item(mine).getByRole('button', { name: `${w('remove')}: ${mine}` }).click();
  await page.getByRole('alertdialog').or(dialog).getByRole('button', { name: w('remove'), exact: true }).click();
  await item(mine).waitFor({ state: 'detached' });
  check((await traveller.api('GET', 'webhooks')).webhooks.length === 1, 'it is there still');
}

// A broker is connected, with a prefix of its own; it knows how all is, and is taken away again.
export async function broker(traveller) {
  const { page, w, receiver } = await open(traveller);
  const dialog = page.getByRole('dialog');
  const card = page.locator('.broker');
  await card.getByText(w('none')).waitFor();
  const address = await (await fetch(`${receiver}/broker`)).text();
  await card.getByRole('button', { name: w('give') }).click();
  await dialog.getByLabel(w('url'), { exact: true }).fill(`mqtt://${address}`);
  await dialog.getByLabel(w('prefix'), { exact: true }).fill(traveller.window);
  await traveller.axe();
  await traveller.shot('connect');
  await dialog.getByRole('button', { name: w('giveDone'), exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await card.getByText(w('fine')).waitFor();
  await card.getByRole('button', { name: `${w('test')}MQTT` }).click();
  await card.getByText(w('taken')).waitFor();
  check((await (await fetch(`${receiver}/kept?topic=${traveller.window}/availability`)).text()) === 'online', 'the broker knows nothing');
  await traveller.axe();
  await traveller.shot('connected');
  await card.getByRole('switch').uncheck();
  await card.getByText(w('off')).waitFor();
  await card.getByRole('button', { name: `${w('remove')}: MQTT` }).click();
  await page.getByRole('alertdialog').or(dialog).getByRole('button', { name: w('remove'), exact: true }).click();
  await card.getByText(w('none')).waitFor();
  await traveller.api('PATCH', 'settings', { 'notify.mqtt.prefix': null });
}
