// Drives Chromium, with its fake camera, through one story of the pages:
//
//     node drive.mjs STORY URL [EXTRA]
//
// The exit status is 0 if it went as it should; otherwise stderr says what did
// not. e2e/player/browser_test.go calls it.

import { check, open as openPage, run } from './chromium.mjs';

const [story, url, extra] = process.argv.slice(2);

const open = (context, path, ...init) => openPage(context, url + path, { script: noteStatus }, ...init);

// noteStatus runs in the page: it keeps every status the page shows.
function noteStatus() {
  window.statuses = [];
  const note = () => {
    const text = document.getElementById('status')?.textContent;
    if (text && text !== window.statuses.at(-1)) window.statuses.push(text);
  };
  new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
}

const broadcast = '/broadcast/phone?width=320&height=240&fps=10&quality=0.6&autostart=1';

const live = (page) => page.locator('#status[data-state=live]').waitFor();
const says = (page, text) => page.locator('#status', { hasText: text }).waitFor();
const numberOf = (text) => Number(text.replaceAll(',', '')); // as it is written in English
const sent = (page, least) => page.waitForFunction((n) => Number(document.getElementById('sent')?.textContent.replaceAll(',', '')) >= n, least);
const sentBy = async (page) => numberOf(await page.textContent('#sent'));

// distinctPictures watches the player of a viewer page until count different
// pictures were painted, by their pixels, and gives the picture's size.
function distinctPictures(page, count) {
  return page.evaluate(async (count) => {
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const seen = new Set();
    while (seen.size < count) {
      await new Promise(requestAnimationFrame);
      const image = document.querySelector('framegate-player')?.surface; // which comes when the page knows who looks
      const width = image?.naturalWidth ?? image?.videoWidth ?? image?.width;
      if (!width) continue;
      canvas.width = width;
      canvas.height = image.naturalHeight ?? image.videoHeight ?? image.height;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) sum = (Math.imul(sum, 31) + data[i] * 3 + data[i + 1]) | 0;
      if (new Set(data.subarray(0, 40_000)).size > 8) seen.add(sum); // which "no signal" has not
    }
    return { width: canvas.width, height: canvas.height };
  }, count);
}

// rateOf counts pictures and gives how many went up in a second.
function rateOf(page, count) {
  return page.evaluate(async (count) => {
    const sent = () => Number(document.getElementById('sent').textContent.replaceAll(',', ''));
    const changed = () => new Promise((resolve) => {
      const observer = new MutationObserver(() => (observer.disconnect(), resolve()));
      observer.observe(document.getElementById('sent'), { childList: true, characterData: true, subtree: true });
    });
    await changed();
    const first = sent();
    const began = performance.now();
    while (sent() - first < count) await changed();
    return (sent() - first) / ((performance.now() - began) / 1000);
  }, count);
}

const stories = {
  // The camera of one page moves in the image of another, at the rate asked for.
  async moves(context) {
    const publisher = await open(context, broadcast);
    await says(publisher, 'Nobody is watching');
    const viewer = await open(context, '/camera/phone');
    const size = await distinctPictures(viewer, 20);
    check(size.width === 320 && size.height === 240, `picture of ${size.width}x${size.height}, not 320x240`);
    await says(publisher, '1 viewer');
    const rate = await rateOf(publisher, 50);
    check(rate > 4 && rate < 13, `${rate.toFixed(1)} pictures a second went up, 10 were asked for`);
    check((await publisher.textContent('#by')) === 'WebSocket', 'pictures do not go by WebSocket');
    const all = await open(context, '/');
    await distinctPictures(all, 5);
    for (const page of [publisher, viewer, all]) check(page.complaints.length === 0, page.complaints.join('\n'));
  },

  // By WebRTC the browser encodes its camera itself; it is counted, heard and mirrored all the
  // same, replaced by the same publisher, and goes by a WebSocket where that does not come through.
  async webrtc(context) {
    const token = { script: () => sessionStorage.setItem('publisher', 'same') };
    const publisher = await open(context, broadcast, token);
    await says(publisher, 'Nobody is watching');
    check((await publisher.textContent('#by')) === 'WebRTC', `it goes by ${await publisher.textContent('#by')}`);
    const viewer = await open(context, '/camera/phone');
    await distinctPictures(viewer, 20);
    await says(publisher, '1 viewer');
    await sent(publisher, (await sentBy(publisher)) + 20);
    await publisher.getByLabel('Send sound').check();
    await publisher.locator('#sound', { hasText: 'Sound is sent.' }).waitFor();
    await sent(publisher, (await sentBy(publisher)) + 5);
    check((await publisher.textContent('#by')) === 'WebRTC', 'with sound it goes another way');
    await viewer.waitForFunction(() => document.querySelector('framegate-player').sound.available);
    await publisher.getByLabel('Mirror the picture').check();
    await sent(publisher, (await sentBy(publisher)) + 5);
    await distinctPictures(viewer, 10);
    for (const page of [publisher, viewer]) check(page.complaints.length === 0, page.complaints.join('\n'));

    const later = await open(context, broadcast, token);
    await sent(later, 3);
    await says(publisher, 'opened again somewhere else');
    check((await later.textContent('#by')) === 'WebRTC', 'the later one goes another way');
    await later.getByRole('button', { name: 'Stop' }).click();
    const blocked = await open(context, broadcast, {
      script: () => {
        const { setRemoteDescription } = RTCPeerConnection.prototype;
        RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
          return setRemoteDescription.call(this, { type, sdp: sdp.replace(/^a=candidate:.*\r\n/gm, '') });
        };
      },
    });
    await sent(blocked, 3);
    check((await blocked.textContent('#by')) === 'WebSocket', 'nothing comes through, and it goes by WebRTC');
    const statuses = await blocked.evaluate(() => window.statuses);
    check(!statuses.some((text) => text.includes('Trying again')), `it says: ${statuses.join(' ')}`);
  },

  // A reload goes on as the same publisher.
  async reload(context) {
    const publisher = await open(context, broadcast);
    await live(publisher);
    for (let i = 0; i < 3; i++) {
      await publisher.reload();
      await live(publisher);
      const statuses = await publisher.evaluate(() => window.statuses);
      check(!statuses.some((text) => text.includes('Trying again')), `after a reload it says: ${statuses.join(' ')}`);
    }
  },

  // The same publisher, connected elsewhere, takes over at once.
  async replaced(context) {
    const token = { script: () => sessionStorage.setItem('publisher', 'same') };
    const earlier = await open(context, broadcast, token);
    await live(earlier);
    const later = await open(context, broadcast, token);
    await sent(later, 3);
    await says(earlier, 'opened again somewhere else');
    const statuses = await later.evaluate(() => window.statuses);
    check(!statuses.some((text) => text.includes('Trying again')), `the later one says: ${statuses.join(' ')}`);
  },

  // Another publisher is told, and gets its turn.
  async taken(context) {
    const first = await open(context, broadcast);
    await live(first);
    const second = await open(context, broadcast);
    await says(second, 'already has a publisher');
    await sent(first, 3);
    await first.click('#toggle');
    await says(first, 'Not broadcasting');
    await sent(second, 3);
    check((await second.textContent('#by')) === 'WebSocket', 'it stays with POST');
  },

  // Sound is sent once somebody turns it on, which a player then plays, and no more
  // once it is turned off.
  async microphone(context) {
    const publisher = await open(context, broadcast);
    const sound = async () => (await (await fetch(`${url}/api/v1/cameras/phone/status`)).json()).sound;
    await sent(publisher, 2);
    check((await sound()) === undefined, 'there is sound though nobody has turned it on');
    await publisher.getByLabel('Send sound').check();
    await publisher.locator('#sound', { hasText: 'Sound is sent.' }).waitFor();
    const per = async (ms) => {
      const [before, began] = [(await sound())?.frames ?? 0, performance.now()];
      await new Promise((resolve) => setTimeout(resolve, ms));
      return (((await sound())?.frames ?? 0) - before) / ((performance.now() - began) / 1000);
    };
    let rate = 0;
    while (rate < 45 || rate > 55) rate = await per(3000); // of a machine that others use, some time
    const { codec, rate: samples, channels } = await sound();
    check(`${codec} ${samples} ${channels}` === 'opus 48000 1', `there is sound of ${codec}, ${samples} Hz, ${channels} channels`);

    const viewer = await open(context, '/demo/player.html?camera=phone&poster=none', { path: 'hear.js' });
    await viewer.locator('framegate-player').getByRole('button', { name: 'Turn the sound on' }).click();
    await viewer.waitForFunction(() => window.beeps.length >= 5); // as the fake microphone does
    const before = await sentBy(publisher);
    await sent(publisher, before + 5);

    await publisher.getByLabel('Send sound').uncheck();
    check(await publisher.locator('#sound').isHidden(), 'it still says something of sound');
    while ((await per(1000)) > 0);
    for (const page of [publisher, viewer]) check(page.complaints.length === 0, page.complaints.join('\n'));
  },

  // A browser that cannot encode sound says so, and sends pictures.
  async mute(context) {
    const publisher = await open(context, broadcast, { script: () => delete window.AudioEncoder });
    await sent(publisher, 2);
    check(await publisher.getByLabel('Send sound').isDisabled(), 'sound can be turned on');
    check((await publisher.textContent('#sound')).includes('cannot encode sound'), 'it does not say why');
  },

  // Where no WebSocket comes through, pictures go by POST.
  async fallback(context) {
    const publisher = await open(context, broadcast);
    const viewer = await open(context, '/camera/phone');
    await distinctPictures(viewer, 10);
    check((await publisher.textContent('#by')) === 'POST', 'pictures do not go by POST');
    await says(publisher, '1 viewer');
    await publisher.getByLabel('Send sound').check();
    await publisher.locator('#sound', { hasText: 'needs a WebSocket' }).waitFor();
  },

  // Settings that change while the camera is being opened, which gives itself
  // once as on phones, do not end the broadcast; and they are kept.
  async settings(context) {
    const publisher = await open(context, broadcast, { script: () => {
      const devices = navigator.mediaDevices;
      const really = devices.getUserMedia.bind(devices);
      let inUse = 0;
      devices.getUserMedia = async (wish) => {
        if (inUse > 0) throw new DOMException('in use', 'NotReadableError');
        inUse++;
        const stream = await really(wish);
        for (const track of stream.getTracks()) {
          const stop = track.stop.bind(track);
          track.stop = () => (inUse--, (track.stop = () => {}), stop());
        }
        return stream;
      };
      Storage.prototype.setItem = new Proxy(Storage.prototype.setItem, {
        apply(set, store, [name, value]) {
          if (window.storageIsFull && store === localStorage) throw new DOMException('full', 'QuotaExceededError');
          return Reflect.apply(set, store, [name, value]);
        },
      });
    } });
    await live(publisher);
    await publisher.evaluate(() => {
      window.storageIsFull = true; // which costs nothing but that the choice is not kept
      const { fps } = document.getElementById('settings');
      fps.value = '2';
      fps.dispatchEvent(new Event('change', { bubbles: true }));
      window.storageIsFull = false;
      for (const [name, value] of [['size', '1280×720'], ['fps', '5'], ['size', '640×480'], ['fps', '20'], ['camera', 'user']]) {
        const field = document.getElementById('settings')[name];
        field.value = value;
        field.dispatchEvent(new Event('change', { bubbles: true }));
      }
    });
    await publisher.waitForFunction(() => document.getElementById('preview').videoWidth === 640);
    await sent(publisher, (await sentBy(publisher)) + 5);
    const statuses = await publisher.evaluate(() => window.statuses);
    check(!statuses.some((text) => text.includes('cannot be opened')), `it says: ${statuses.join(' ')}`);
    await publisher.goto(`${url}/broadcast/phone`);
    await publisher.locator('#settings').waitFor();
    const kept = await publisher.evaluate(() => { const { size, fps, camera } = document.getElementById('settings'); return [size.value, fps.value, camera.value].join(); });
    check(kept === '640×480,20,user', `the choices are ${kept} the next time`);
  },

  // A network that dies without a word is told within seconds, and the broadcast
  // goes on when it is back. EXTRA freezes and thaws it.
  async dead(context) {
    const publisher = await open(context, broadcast);
    await live(publisher);
    await sent(publisher, 3);
    await fetch(`${extra}/freeze`);
    await says(publisher, 'has not answered for');
    await publisher.waitForFunction(() => window.statuses.some((text) => /does not answer\.|cannot be reached\./.test(text)));
    const statuses = await publisher.evaluate(() => window.statuses.slice(window.statuses.findLastIndex((text) => text.includes('not answered'))));
    check(!statuses.some((text) => text.startsWith('Live')), `it says: ${statuses.join(' ')}`);
    await fetch(`${extra}/thaw`);
    const before = await sentBy(publisher);
    await sent(publisher, before + 3);
    await live(publisher);
  },

  // A page without a camera says why and what to do.
  async insecure(context) {
    const page = await open(context, broadcast, {
      script: () => Object.defineProperty(navigator, 'mediaDevices', { value: undefined }),
    });
    await says(page, 'plain HTTP');
    await page.locator('#insecure').waitFor();
    check((await page.textContent('#insecure')).includes('http://localhost:'), 'it does not say where to go');
    check(await page.locator('#toggle').isHidden(), 'it can be started all the same');
  },
};

await run(stories[story], (page) => page.textContent('#status', { timeout: 1000 }));
