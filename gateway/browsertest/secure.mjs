// Drives Chromium through the broadcast page on an address of the network:
//
//     node secure.mjs STORY URL [SPKI]
//
// SPKI is the base64 SHA-256 of the public key of an authority that is trusted.
// The exit status is 0 if it went as it should; otherwise stderr says what did
// not. e2e/transport/browser_test.go calls it.

import { check, open, run } from './chromium.mjs';

const [story, url, spki] = process.argv.slice(2);

const broadcast = `${url}/broadcast/phone?width=320&height=240&fps=10&autostart=1`;

const stories = {
  // Over HTTPS the page gets its camera, and its pictures arrive.
  async https(context) {
    const page = await open(context, broadcast);
    check(await page.evaluate(() => isSecureContext), 'the page is no secure context');
    await page.locator('#status[data-state=live]').waitFor();
    await page.waitForFunction(() => Number(document.getElementById('sent')?.textContent) >= 10);
    check((await page.textContent('#by')) === 'WebSocket', 'pictures do not go by WebSocket');
    check(await page.locator('#insecure').isHidden(), 'it says that it gets no camera');
    check(page.complaints.length === 0, page.complaints.join('\n'));
  },

  // Over plain HTTP it says how to get HTTPS.
  async http(context) {
    const page = await open(context, broadcast);
    check(!(await page.evaluate(() => isSecureContext)), 'the page is a secure context');
    await page.locator('#insecure').waitFor();
    const advice = await page.textContent('#insecure');
    const { host } = new URL(url);
    for (const text of ['tls: {mode: self-signed}', `https://${host}/ca.crt`, `https://${host}/broadcast/phone`,
      'trusted_proxies', `http://localhost:${new URL(url).port}/broadcast/phone`, `ssh -L`]) {
      check(advice.includes(text), `it does not say ${text}: ${advice}`);
    }
    check(await page.locator('#toggle').isHidden(), 'it can be started all the same');
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
  },
};

await run(stories[story], (page) => page.textContent('#status', { timeout: 1000 }), spki ? [`--ignore-certificate-errors-spki-list=${spki}`] : []);
