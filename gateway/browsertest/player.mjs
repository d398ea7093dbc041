// Tells Chromium stories of <framegate-player>, several at a time, each in
// pages of its own. e2e/player/player_test.go says which, in lines on stdin:
//
//     tell STORY URL     of the gateway at URL
//     done STORY         what the story asked for is done
//
// and is told, in lines on stdout:
//
//     do STORY WORD      do something with the story's camera
//     note STORY TEXT    worth knowing
//     told STORY TEXT    it has ended; TEXT is what went wrong, or empty
//
// TEXT is a string of JSON. The camera phone shows pictures that carry the
// time as a number: Unix milliseconds modulo 65536; the numbers of others
// count. It all ends with stdin.

import { createInterface } from 'node:readline';
import { ceiling, check, explain, inTime, launch, open, within } from './chromium.mjs';
import { Line } from './proxy.mjs';

// Telling is one story as it is told.
class Telling {
  constructor(context, story, url) {
    Object.assign(this, { context, story, url, pages: [], done: null });
  }

  // page opens a page without a player, that players can be added to. Until
  // then the page's own shows a camera.
  async page(base = this.url, camera = 'phone') {
    const page = await open(this.context, `${base}/demo/player.html?camera=${camera}&mode=mse`, { path: 'inpage.js' });
    this.pages.push(page);
    await page.evaluate(() => {
      document.querySelector('framegate-player').remove();
      const style = new CSSStyleSheet();
      style.replaceSync('body { display: grid; grid-template-columns: repeat(4, 1fr) }');
      document.adoptedStyleSheets = [style];
    });
    return page;
  }

  // camera has the test do something with the camera.
  async camera(word) {
    const done = new Promise((resolve) => (this.done = resolve));
    console.log(`do ${this.story} ${word}`);
    await done;
  }

  note(text) {
    console.log(`note ${this.story} ${JSON.stringify(text)}`);
  }

  async tell() {
    let wrong = '';
    try {
      await inTime(stories[this.story](this));
    } catch (error) {
      wrong = await explain(error, this.pages, describe);
    }
    for (const page of this.pages) await page.close();
    console.log(`told ${this.story} ${JSON.stringify(wrong)}`);
  }
}

const describe = (page) => page.evaluate(() => JSON.stringify([...document.querySelectorAll('framegate-player')].map(
  (player) => [player.words, player.activeMode, player.measure, player.seen?.slice(-3), player.events, player.flashes && window.heard(player)])));

// moved waits until a player has shown so many more pictures, and gives those.
const moved = (page, n, count) => within(page.evaluate(([n, count]) => window.moved(n, count), [n, count]), `player ${n} to move`);
const median = (numbers) => quantile(numbers, 0.5);
const quantile = (numbers, q) => [...numbers].sort((a, b) => a - b)[Math.min(Math.floor(q * numbers.length), numbers.length - 1)];
// slow says whether an error is that of a machine on which another way may do.
const slow = ({ message }) => message === 'This machine is too slow for it.';
// off tells by how much times differ, most of the time and at worst.
const off = (times) => [0.5, 0.95].map((q) => `p${100 * q} ${quantile(times.map(Math.abs), q)} ms`).join(', ');
const events = (page, n) => page.evaluate((n) => window.player(n).events, n);
const says = (page, n, words) => page.waitForFunction(([n, words]) => window.player(n).words.includes(words), [n, words]);
const isIn = (page, n, state) => page.waitForFunction(([n, state]) => window.player(n).state === state, [n, state]);
// settled waits until the last pictures of a player are young: most, as a machine that
// others use is late with one now and then.
const settled = (page, n, ms) => page.waitForFunction(([n, ms]) => {
  const last = window.player(n).seen.slice(-10).map(({ age }) => age);
  return last.length === 10 && last.filter((age) => age < ms).length >= 7;
}, [n, ms]);

// unharmed says that nothing went wrong with players, not even for a moment.
async function unharmed(page, ...players) {
  for (const n of players) {
    const happened = await events(page, n);
    check(happened.every(({ name, state }) => name !== 'error' && state !== 'error'), JSON.stringify(happened));
    check(happened.filter(({ name }) => name === 'mode').length === 1, 'it was shown anew');
  }
  check(page.complaints.length === 0, page.complaints.join('\n'));
}

// As a machine that others use too is slow at times, ages are not asserted to
// be good, but not to be absurd.
const absurd = 2000; // ms

// As on pages without HTTPS, sound is played by an audio element then.
const withoutDecoders = { script: () => delete window.AudioDecoder };

// watchSound notes what the page's player says and shows.
function watchSound() {
  const player = document.querySelector('framegate-player');
  player.said = [];
  for (const name of ['error', 'mode', 'sound']) player.addEventListener(`framegate-${name}`, ({ detail }) => player.said.push({ name, ...detail }));
  window.see(player);
}

// inStep waits until most of the last beeps are near their flash: not all, as a machine
// that others use stalls, and then either is late, or a flash is not seen. By hand, on one
// that nobody else uses, that is as near as it is to be; what is captured of an element is
// ahead of what is heard or behind it, by some ms more or less.
const strict = process.env.FRAMEGATE_TEST_LONG === '1';
const inStep = (page, worklet, last = 20) => page.waitForFunction(([last, ms, most]) => {
  const behind = window.behind(document.querySelector('framegate-player'), last);
  return behind.length === last && behind.filter((late) => Math.abs(late) <= ms).length >= most;
}, [last, ...(strict ? [worklet ? 40 : 100, 0.75 * last] : [100, 0.5 * last])], { timeout: 2 * ceiling, polling: 250 });

// What the camera sends cannot be played then, and is encoded as Opus.
const withoutAAC = {
  script: () => {
    const { isConfigSupported } = AudioDecoder;
    AudioDecoder.isConfigSupported = (config) => (config.codec === 'opus' ? isConfigSupported.call(AudioDecoder, config) : Promise.resolve({ supported: false, config }));
  },
};

// What sounds is heard later then, as by Bluetooth, so that pictures wait for it; and what
// goes over the page's line is noted: when pictures to be seen were taken, and pauses.
const lateLoudspeaker = {
  script: () => {
    AudioContext.prototype.getOutputTimestamp = function () {
      return { contextTime: this.currentTime - 0.3, performanceTime: performance.now() };
    };
    const backlog = 2;
    window.line = [];
    window.WebSocket = class extends WebSocket {
      constructor(...given) {
        super(...given);
        this.addEventListener('message', ({ data }) => {
          const head = typeof data === 'string' ? null : new DataView(data);
          if (head?.getUint8(1) === 2 && !(head.getUint16(2) & backlog)) window.line.push({ takenUs: Number(head.getBigUint64(8)) });
        });
      }
      send(message) {
        if (message.includes('"pause"')) window.line.push({ paused: JSON.parse(message) });
        super.send(message);
      }
    };
  },
};

// heldAt pauses a page's player while pictures wait for their sound, checks that it
// shows the last before those, goes on, and checks that the first of those comes next.
// The times of what is being recorded are made a little better meanwhile, by less than half of the 40 ms between two pictures.
async function heldAt(page) {
  for (;;) {
    const { from, paused } = await page.evaluate(() => {
      document.querySelector('framegate-player').pause();
      return { from: window.line.length, ...window.line.at(-1) };
    });
    if (paused.atUs) {
      const { before, next } = await page.evaluate(([from, atUs]) => {
        const taken = window.line.slice(Math.max(0, from - 50), from).flatMap(({ takenUs }) => takenUs ?? []); // not of the present
        return { before: Math.max(...taken.filter((us) => us <= atUs)), next: Math.min(...taken.filter((us) => us > atUs)) };
      }, [from, paused.atUs]);
      check(next < Infinity, `it returned to ${paused.atUs}, ahead of all that had come`);
      const sent = page.waitForFunction(([from, before]) => window.line.slice(from).some(({ takenUs }) => Math.abs(takenUs - before) < 19_000), [from, before]);
      const stands = page.waitForFunction((before) => Math.abs(document.querySelector('framegate-player').time.getTime() - before / 1000) < 19, before);
      await Promise.all([sent, stands]).catch(async (error) => {
        const [time, line] = await page.evaluate(() => [document.querySelector('framegate-player').time.getTime(), window.line]);
        throw new Error(`paused at ${paused.atUs} it shows ${1000 * time}, not ${before}; over the line went ${JSON.stringify(line.slice(from - 8))}`, { cause: error });
      });
      return { before, next };
    }
    await page.evaluate(() => { document.querySelector('framegate-player').rate = 1; }); // nothing waited, as on a machine that stalled
    await inStep(page, true, 10);
  }
}

const stories = {
  // Each way shows pictures that move, and says how old they are.
  async shows(telling) {
    const shown = await telling.page();
    const modes = ['mse', 'webcodecs', 'jpeg', 'img'];
    await shown.evaluate((modes) => window.add(...modes.map((mode) => ({ src: '/live/phone', mode, delay: '' })), { src: '/live/phone' }), modes);
    for (const [n, mode] of [...modes, 'jpeg'].entries()) {
      await moved(shown, n, 15);
      const player = await shown.evaluate((n) => {
        const { activeMode, delayMs, seen } = window.player(n);
        return { activeMode, delayMs, ages: seen.slice(-10).map(({ age }) => age) };
      }, n);
      check(player.activeMode === mode, `it is shown by ${player.activeMode}, not ${mode}`);
      await isIn(shown, n, 'live');
      telling.note(`${mode}: ${median(player.ages)} ms measured, ${player.delayMs} ms shown`);
      if (mode === 'img') continue;
      // The player tells the delay twice a second, of what it painted meanwhile.
      await shown.waitForFunction(([n, most]) => {
        const { delayMs, seen } = window.player(n);
        const ages = seen.slice(-10).map(({ age }) => age).sort((a, b) => a - b);
        return delayMs !== null && Math.abs(delayMs - ages[5]) < most;
      }, [n, 200]);
    }
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // After the line was away for 300 ms, and for 5 s, pictures are soon as
  // young as before, and on the same connection.
  async outage(telling) {
    const line = await Line.to(telling.url);
    const shown = await telling.page(line.url);
    await shown.evaluate(() => window.add({ src: '/live/phone', mode: 'mse' }, { src: '/live/phone', mode: 'webcodecs' }));
    for (const n of [0, 1]) await settled(shown, n, absurd);
    const normal = median((await moved(shown, 0, 20)).map(({ age }) => age));
    const accepted = line.accepted;
    for (const ms of [300, 5000]) {
      await line.hold(ms);
      for (const n of [0, 1]) await settled(shown, n, 2 * normal + 150); // a machine that is busy shows fewer pictures, which are older
    }
    check(line.accepted === accepted, `it connected anew, ${line.accepted - accepted} times`);
    // And cut off, it comes back by itself.
    await line.cut(1500);
    check((await events(shown, 0)).some(({ state }) => state === 'error' || state === 'connecting'), 'it says nothing of it');
    for (const n of [0, 1]) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 10);
      await settled(shown, n, 2 * normal + 150);
    }
    line.close();
  },

  // A line that shakes makes pictures older, and neither stops nor mixes them.
  async shaky(telling) {
    const line = await Line.to(telling.url);
    const shown = await telling.page(line.url);
    await shown.evaluate(() => window.add({ src: '/live/phone', mode: 'mse' }, { src: '/live/phone', mode: 'jpeg' }));
    for (const n of [0, 1]) await moved(shown, n, 10);
    line.shake = () => 80 * Math.random();
    for (const n of [0, 1]) {
      const seen = await moved(shown, n, 60);
      check(median(seen.map(({ age }) => age)) < absurd, `${median(seen.map(({ age }) => age))} ms old`);
      check((await events(shown, n)).every(({ name }) => name !== 'error'), JSON.stringify(await events(shown, n)));
    }
    line.close();
  },

  // A camera may change its size, and go and come back.
  async changes(telling) {
    const shown = await telling.page();
    await shown.evaluate(() => window.add(...['mse', 'webcodecs', 'jpeg'].map((mode) => ({ src: '/live/phone', mode }))));
    for (const n of [0, 1, 2]) await moved(shown, n, 10);
    await telling.camera('larger');
    for (const n of [0, 1, 2]) {
      await shown.waitForFunction((n) => (({ videoWidth, width }) => videoWidth ?? width)(window.player(n).surface) === 320, n);
      await moved(shown, n, 10);
    }
    await telling.camera('away');
    for (const n of [0, 1, 2]) await says(shown, n, 'Camera offline');
    await telling.camera('back');
    for (const n of [0, 1, 2]) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 10);
      await settled(shown, n, absurd);
      check((await events(shown, n)).every(({ name }) => name !== 'error'), JSON.stringify(await events(shown, n)));
    }
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // The past is shown from any moment on, over a hole, and the present again.
  async past(telling) {
    const shown = await telling.page();
    const modes = ['mse', 'webcodecs', 'jpeg'];
    await shown.evaluate((modes) => window.add(...modes.map((mode) => ({ src: '/live/phone', mode }))), modes);
    const began = Date.now();
    for (const n of modes.keys()) await moved(shown, n, 50);
    const away = Date.now();
    await telling.camera('away');
    for (const n of modes.keys()) await says(shown, n, 'Camera offline');
    await telling.camera('back');
    const back = Date.now();
    for (const n of modes.keys()) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 30);
    }
    for (const [n, mode] of modes.entries()) {
      // after does something to the player, and waits for pictures from a moment on.
      const after = (what, from, ms) => within(shown.evaluate(([n, what, from, ms]) => {
        Object.assign(window.player(n), what.rate ? what : {});
        return what.seek ? window.looks(n, () => what.seek, () => from, ms) : window.shows(n, from, ms);
      }, [n, what, from, ms]), `${mode} to show the past`);
      await after({ seek: began + 1000 }, began + 900, 1500);
      await isIn(shown, n, 'playback');
      const off = await shown.evaluate(([n, at]) => window.player(n).time.getTime() - at, [n, began + 1000]);
      check(off > -2000 && off < 20_000, `${mode} says that it shows what was ${off} ms off`);
      await after({ seek: away - 700 }, back - 200, 3000);
      await isIn(shown, n, 'playback');
      await shown.evaluate((n) => window.player(n).pause(), n);
      await says(shown, n, 'paused');
      if (mode !== 'mse') await after({ rate: -8 }, began - 2000, 4000); // that shows what it gets of so few pictures late
      await shown.evaluate((n) => window.player(n).live(), n);
      await isIn(shown, n, 'live');
      await settled(shown, n, absurd);
      check((await events(shown, n)).every(({ name }) => name !== 'error'), JSON.stringify(await events(shown, n)));
    }
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // What was recorded is shown of a camera that shows nothing itself.
  async film(telling) {
    const shown = await telling.page(telling.url, 'film');
    const modes = ['mse', 'webcodecs'];
    await shown.waitForLoadState('networkidle'); // what the page's own player had asked for is answered
    shown.complaints.length = 0; // but of what follows: there is no poster
    await shown.evaluate((modes) => window.add(...modes.map((mode) => ({ src: '/live/film', poster: 'none', mode }))), modes);
    for (const n of modes.keys()) await isIn(shown, n, 'offline');
    const seen = await shown.evaluate(() => Promise.all([window.lookBack(0), window.lookBack(1)]));
    for (const [n, mode] of modes.entries()) telling.note(`${mode}: ${JSON.stringify(seen[n])} pictures seen`);
    await shown.evaluate((modes) => window.add(...modes.map((mode) => ({ src: '/live/reordered', poster: 'none', mode }))), modes);
    for (const n of [2, 3]) await within(shown.evaluate((n) => window.lookAt(n, 3, 0, 5, 1, 4, 2), n), `${modes[n - 2]} to show what is sought among B-frames`);
    await within(shown.evaluate(() => window.overGaps()), 'a clip at both sides of its gaps');
    await unharmed(shown, 0, 1, 2, 3);
  },

  // A camera that was removed is offline, and what is kept of it can be seen, by the
  // address that it had and by that of its past.
  async removed(telling) {
    const shown = await telling.page(telling.url, 'removed');
    const sources = ['/live/film', '/live/film/recording'];
    await shown.waitForLoadState('networkidle'); // what the page's own player had asked for is answered
    shown.complaints.length = 0; // but of what follows
    await shown.evaluate((sources) => window.add(...sources.map((src) => ({ src, poster: 'none' }))), sources);
    for (const n of sources.keys()) await isIn(shown, n, 'offline');
    await within(shown.evaluate(() => Promise.all([window.lookAt(0, 3, 1), window.lookAt(1, 2, 5)])), 'players to show a camera that was removed');
    await shown.evaluate(() => window.player(0).live());
    await isIn(shown, 0, 'offline');
    await unharmed(shown, 0, 1);
  },

  // Sound is in step with the picture, whatever plays it, once somebody wants it; and
  // costs no picture.
  async hears(telling) {
    const ways = [
      { mode: 'webcodecs', codec: 'aac', worklet: true },
      { mode: 'webcodecs', codec: 'opus', worklet: true },
      { mode: 'mse', codec: 'aac', worklet: true },
      { mode: 'mse', codec: 'aac', worklet: false },
      { mode: 'jpeg', codec: 'opus', worklet: true, camera: 'g711' },
    ];
    for (const { mode, codec, worklet, camera = 'beeps' } of ways) {
      const address = `${telling.url}/demo/player.html?camera=${camera}&poster=none&mode=${mode}`;
      const shown = await open(telling.context, address, { path: 'hear.js' }, ...(worklet ? [] : [withoutDecoders]), ...(codec === 'opus' && camera === 'beeps' ? [withoutAAC] : []));
      telling.pages.push(shown);
      const wishes = [];
      shown.on('websocket', (socket) => socket.on('framesent', ({ payload }) => String(payload).includes('"sound"') && wishes.push(String(payload))));
      await shown.evaluate(watchSound);
      const player = shown.locator('framegate-player');
      await player.locator('.mute').waitFor();
      await shown.waitForFunction(() => document.querySelector('framegate-player').flashes.length >= 3);
      check(wishes.length === 0, `${mode} asks for sound though it is muted: ${wishes}`);
      await player.getByRole('button', { name: 'Turn the sound on' }).click();
      await inStep(shown, worklet);
      const { behind, sound, measure, said } = await player.evaluate((player) => ({ behind: window.behind(player, Infinity), sound: player.sound, measure: player.measure, said: player.said }));
      telling.note(`${mode}, ${worklet ? 'worklet' : 'element'}: beeps ${behind} ms behind flashes, ${off(behind.slice(0, 5))} in the first 2.5 s and ${off(behind.slice(5))} then, ${JSON.stringify(sound)}, ${JSON.stringify(measure)}`);
      check(sound.codec === codec && sound.message === '', JSON.stringify(sound));
      check(said.every(({ name }) => name !== 'error') && said.filter(({ name }) => name === 'mode').length <= 1, JSON.stringify(said));
      await player.getByRole('button', { name: 'Turn the sound off' }).click();
      await shown.waitForFunction(() => document.querySelector('framegate-player').sound.codec === null);
      check(wishes.at(-1) === '{"type":"sound","codecs":[]}', `muted again it asks for ${wishes.at(-1)}`);
      check(shown.complaints.length === 0, shown.complaints.join('\n'));
      await shown.close();
    }
  },

  // Sound goes on, in step, after the line was held up, and after the camera was away.
  async hearsOn(telling) {
    for (const worklet of [true, false]) {
      const line = await Line.to(telling.url);
      const shown = await open(telling.context, `${line.url}/demo/player.html?camera=beeps&poster=none`, { path: 'hear.js' }, ...(worklet ? [] : [withoutDecoders]));
      telling.pages.push(shown);
      await shown.evaluate(watchSound);
      await shown.locator('framegate-player').getByRole('button', { name: 'Turn the sound on' }).click();
      await inStep(shown, worklet);
      for (const harm of [() => line.hold(3000), () => telling.camera('cut')]) {
        await harm();
        await shown.evaluate(() => (window.beeps.length = 0));
        await inStep(shown, worklet);
      }
      const { sound, said, measure } = await shown.evaluate(() => (({ sound, said, measure }) => ({ sound, said, measure }))(document.querySelector('framegate-player')));
      telling.note(`${worklet ? 'worklet' : 'element'}: ${JSON.stringify(measure)}`);
      check(sound.codec === 'aac' && said.every((event) => event.name !== 'error' || slow(event)), JSON.stringify(said));
      await shown.close();
      line.close();
    }
  },

  // What was recorded is heard, too, as far as it is shown at its own speed, and then the
  // present again.
  async hearsPast(telling) {
    for (const worklet of [true, false]) {
      const shown = await open(telling.context, `${telling.url}/demo/player.html?camera=beeps&poster=none`, { path: 'hear.js' }, worklet ? lateLoudspeaker : withoutDecoders);
      telling.pages.push(shown);
      await shown.evaluate(watchSound);
      const player = shown.locator('framegate-player');
      // after does something to the player, and waits until what it shows then is heard.
      const after = async (what, state) => {
        await player.evaluate(what);
        await shown.waitForFunction((state) => document.querySelector('framegate-player').state === state, state);
        await shown.evaluate(() => (window.beeps.length = 0));
        await inStep(shown, worklet, 10);
      };
      // hushed does something, and waits until nothing has been heard for a while.
      const hushed = async (what, message) => {
        await player.evaluate(what);
        await shown.waitForFunction((since) => Date.now() - Math.max(since, ...window.beeps) > 2000, await shown.evaluate(() => Date.now()));
        const { available, codec, message: said } = await player.evaluate(({ sound }) => sound);
        check(available && codec === null && said === message, JSON.stringify({ available, codec, said }));
      };
      await player.getByRole('button', { name: 'Turn the sound on' }).click();
      await inStep(shown, worklet, 10);
      await after((player) => player.seek(Date.now() - 4000), 'playback');
      const off = await player.evaluate((player) => Date.now() - player.time.getTime());
      check(off > 2000, `it hears what was ${off} ms ago`);
      if (worklet) {
        const { before, next } = await heldAt(shown);
        await hushed(() => {}, '');
        await hushed((player) => (player.rate = 0.5), 'Sound is heard at normal speed only.');
        const followed = await shown.evaluate((before) => {
          const taken = window.line.map(({ takenUs }) => takenUs);
          return taken[taken.findLastIndex((us) => Math.abs(us - before) < 19_000) + 1];
        }, before);
        check(Math.abs(followed - next) < 19_000, `after a pause at ${before} comes ${followed}, not ${next}`);
        await after((player) => (player.rate = 1), 'playback');
      }
      await after((player) => player.live(), 'live');
      const heard = await shown.evaluate(() => window.heard(document.querySelector('framegate-player')));
      telling.note(`${worklet ? 'worklet' : 'element'}: ${JSON.stringify(heard)}`);
      check(heard.said.every((event) => (event.name !== 'error' || slow(event)) && event.available !== false), JSON.stringify(heard.said));
      await shown.close();
    }
  },

  // Where the browser lets nothing be heard before a click, the player says so, and a
  // click does it.
  async refused(telling) {
    for (const worklet of [true, false]) {
      const shown = await open(telling.context, `${telling.url}/demo/player.html?camera=beeps&muted=false`, ...(worklet ? [] : [withoutDecoders]));
      telling.pages.push(shown);
      const page = await telling.context.newCDPSession(shown);
      // look evaluates without being a person who does something, which Playwright is.
      const look = async (expression) => (await page.send('Runtime.evaluate', { expression, returnByValue: true, userGesture: false })).result.value;
      const until = async (expression) => {
        while (!(await look(expression))) await new Promise((resolve) => setTimeout(resolve, 50));
      };
      await within(until(`document.querySelector('framegate-player').sound.message.includes('after a click')`), 'the browser to refuse');
      check((await look('navigator.userActivation.hasBeenActive')) === false, 'somebody did something');
      check(await look(`document.querySelector('framegate-player').muted`), 'it is not muted');
      await within(until(`document.querySelector('framegate-player').state === 'live'`), 'pictures');
      const player = shown.locator('framegate-player');
      check((await player.locator('[part=note]').textContent()).includes('after a click'), 'it does not say so');
      await player.getByRole('button', { name: 'Turn the sound on' }).click();
      await shown.waitForFunction(() => document.querySelector('framegate-player').sound.codec === 'aac');
      check(await player.locator('[part=note]').isHidden(), 'it still says so');
      const volume = await player.evaluate((player) => {
        let changes = 0;
        player.addEventListener('volumechange', () => changes++);
        player.volume = 0.5;
        player.volume = 0.5;
        return [changes, player.volume, player.shadowRoot.querySelector('[part=volume]').value];
      });
      check(volume.join() === '1,0.5,0.5', `a volume of 0.5 gives ${volume}`);
      await player.locator('[part=volume]').fill('0.25');
      check((await player.evaluate(({ volume }) => volume)) === 0.25, 'the slider does nothing');
      await shown.close();
    }
  },

  // Who comes to the screen is shown what is there without a frame's wait, and who is beside or below it nothing.
  async comes(telling) {
    const shown = await telling.page();
    const made = await shown.evaluate(async () => {
      const { WebSocket } = window;
      window.made = 0;
      window.WebSocket = class extends WebSocket {
        constructor(...all) {
          window.made++;
          super(...all);
        }
      };
      for (const style of ['', 'position: absolute; top: 9000px', 'position: absolute; left: 9000px', 'display: none']) {
        const player = document.createElement('framegate-player');
        player.style.cssText = style;
        player.src = '/live/phone';
        document.body.append(player);
        window.watch(player);
      }
      await null;
      return window.made;
    });
    check(made === 1, `of four players of which one is on the screen ${made} connect at once`);
    await moved(shown, 0, 5);
    check((await shown.evaluate(() => window.made)) === 1, 'more connected meanwhile');
    for (const n of [1, 2, 3]) check((await shown.evaluate((n) => window.player(n).state, n)) === 'idle', `player ${n} does something`);
    await unharmed(shown, 0);
  },

  // Who does not look costs nothing, and sees the present when he looks again.
  async leaves(telling) {
    const line = await Line.to(telling.url);
    const shown = await telling.page(line.url);
    const sockets = new Set();
    shown.on('websocket', (socket) => sockets.add(socket).size && socket.on('close', () => sockets.delete(socket)));
    await shown.evaluate(() => window.add({ src: '/live/phone', mode: 'mse' }, { src: '/live/phone', mode: 'webcodecs' }));
    for (const n of [0, 1]) await moved(shown, n, 5);
    const away = {
      async hidden() {
        await shown.evaluate(() => {
          Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
          document.dispatchEvent(new Event('visibilitychange'));
        });
      },
      async scrolled() {
        await shown.evaluate(() => {
          delete document.visibilityState;
          document.dispatchEvent(new Event('visibilitychange'));
        });
        for (const n of [0, 1]) await isIn(shown, n, 'live');
        await shown.evaluate(() => {
          const space = document.createElement('canvas');
          space.height = 5000;
          space.style.gridColumn = '1 / -1';
          document.body.prepend(space);
          scrollTo(0, 0);
        });
      },
    };
    for (const leave of Object.values(away)) {
      await leave();
      for (const n of [0, 1]) await isIn(shown, n, 'idle');
      while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await shown.evaluate(() => scrollTo(0, 5000));
    for (const n of [0, 1]) {
      await isIn(shown, n, 'live');
      await moved(shown, n, 5);
      await settled(shown, n, absurd);
    }
    line.close();
  },

  // Sixteen on a page over HTTP/1.1, and the server still answers it.
  async crowd(telling) {
    const shown = await telling.page();
    await shown.evaluate(() => {
      const tiles = Array.from({ length: 16 }, (_, n) => ({ src: '/live/phone', mode: ['mse', 'webcodecs', 'jpeg', 'auto'][n % 4] }));
      window.add(...tiles);
    });
    for (let n = 0; n < 16; n++) await moved(shown, n, 3);
    const statuses = await shown.evaluate(async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetch('/healthz', { cache: 'no-store' })));
      return answers.map(({ status }) => status);
    });
    check(statuses.every((status) => status === 200), statuses.join(' '));
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
  },

  // Where a way of showing does not work, the next one does; and where there
  // is no worker, the page draws.
  async falls(telling) {
    const shown = await telling.page();
    let aborted = 0;
    await shown.route('**/framegate-player-worker.js', (route) => (aborted++, route.abort()));
    shown.complaints.length = 0; // but what follows
    await shown.evaluate(() => {
      window.broken = { webcodecs: false, mse: false, slow: false };
      const { configure, decode } = VideoDecoder.prototype;
      VideoDecoder.prototype.decode = function (chunk) {
        setTimeout(() => this.state === 'configured' && decode.call(this, chunk), window.broken.slow ? 800 : 0);
      };
      VideoDecoder.prototype.configure = function (config) {
        configure.call(this, window.broken.webcodecs ? { ...config, codec: 'avc1.ffffff' } : config);
      };
      const { addSourceBuffer } = MediaSource.prototype;
      MediaSource.prototype.addSourceBuffer = function (type) {
        return addSourceBuffer.call(this, window.broken.mse ? 'video/nonsense' : type);
      };
    });
    // With a size it is encoded, as the codec that the player likes best.
    const expected = [['webcodecs'], ['webcodecs', 'mse'], ['webcodecs', 'mse'], ['webcodecs', 'mse', 'jpeg']];
    const broken = [{}, { slow: true }, { webcodecs: true }, { webcodecs: true, mse: true }];
    for (const [n, modes] of expected.entries()) {
      await shown.evaluate((broken) => Object.assign(window.broken, broken), broken[n]);
      await shown.evaluate(() => window.add({ src: '/live/phone', width: '160' }));
      await shown.waitForFunction(([n, mode]) => window.player(n).events.some((event) => event.mode === mode), [n, modes.at(-1)]);
      await moved(shown, n, 10);
      const happened = await events(shown, n);
      const taken = happened.filter(({ name }) => name === 'mode').map(({ mode }) => mode);
      // A machine that others use too may be too slow without being made so.
      const slow = happened.filter(({ message }) => message?.includes('too slow')).length - (broken[n].slow ? 1 : 0);
      check(taken.slice(0, modes.length).join() === modes.join(), `it went ${taken.join()}, not ${modes.join()}`);
      check(taken.length <= modes.length + Math.max(0, slow), `it went ${taken.join()}: ${JSON.stringify(happened)}`);
    }
    check(aborted > 0, 'there was a worker');
  },

  // A camera with B-frames sends pictures in another order than it took them.
  // All are shown, in the order in which they were taken.
  async reordered(telling) {
    const shown = await telling.page(telling.url, 'front');
    await shown.evaluate(() => window.add({ src: '/live/front', mode: 'mse' }, { src: '/live/front', mode: 'webcodecs' }));
    for (const n of [0, 1]) {
      await shown.waitForFunction((n) => window.longestRun(n) >= 12, n); // only with the B-frames
      await moved(shown, n, 5);
      await isIn(shown, n, 'live');
    }
    await unharmed(shown, 0, 1);
  },

  // A browser that has no room for more gets some, and the pictures go on. It
  // is one with a small quota, such as televisions are. The camera's groups of
  // pictures last a second whatever the machine does besides: where an encoder
  // makes them they last as long as it needs for 50 pictures.
  async full(telling) {
    const shown = await telling.page(telling.url, 'front');
    await shown.evaluate(() => {
      const quotaS = 4; // more than a group of pictures and a player that is late, less than it keeps by itself
      window.refused = [];
      window.removed = [];
      const { appendBuffer, remove } = SourceBuffer.prototype;
      // begun has something done at the end of what was just begun. That of what was before may
      // be told later than it is over.
      const begun = (buffer, then) => {
        if (!buffer.ends) {
          buffer.ends = [];
          buffer.addEventListener('updateend', () => buffer.ends.shift()());
        }
        buffer.ends.push(then);
      };
      SourceBuffer.prototype.appendBuffer = function (bytes) {
        const { buffered } = this;
        const heldS = buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - buffered.start(0);
        if (heldS > quotaS) {
          window.refused.push(heldS);
          throw new DOMException('The SourceBuffer is full.', 'QuotaExceededError');
        }
        appendBuffer.call(this, bytes);
        begun(this, () => {});
      };
      SourceBuffer.prototype.remove = function (fromS, toS) {
        const { currentTime } = window.player(0).surface;
        remove.call(this, fromS, toS);
        begun(this, () => window.removed.push({ toS, currentTime, leftS: this.buffered.start(0) }));
      };
      window.add({ src: '/live/front', mode: 'mse' });
    });
    await shown.waitForFunction(() => window.refused.length >= 2);
    await moved(shown, 0, 10);
    await isIn(shown, 0, 'live');
    for (const { toS, currentTime, leftS } of await shown.evaluate(() => window.removed)) {
      check(toS <= currentTime, `at ${currentTime} s it throws away all up to ${toS} s`);
      check(Math.abs(leftS - toS) < 0.1, `it throws away all up to ${toS} s, which is no keyframe: ${leftS} s is left`);
    }
    await unharmed(shown, 0);
  },

  // A camera may begin to encode in another profile.
  async retyped(telling) {
    const shown = await telling.page(telling.url, 'front');
    await shown.evaluate(() => {
      window.types = [];
      const { changeType } = SourceBuffer.prototype;
      SourceBuffer.prototype.changeType = function (type) {
        window.types.push(type);
        changeType.call(this, type);
      };
      window.add({ src: '/live/front', mode: 'mse' }, { src: '/live/front', mode: 'webcodecs' });
    });
    for (const n of [0, 1]) await moved(shown, n, 10);
    check((await shown.evaluate(() => window.types.length)) === 0, 'it changes the type before the camera does');
    await telling.camera('baseline');
    for (const n of [0, 1]) {
      await shown.waitForFunction((n) => window.player(n).seen.at(-1).number >= 10_000, n);
      await moved(shown, n, 10);
      await isIn(shown, n, 'live');
    }
    const types = await shown.evaluate(() => window.types);
    check(types.length === 1 && types[0].includes('avc1.42'), `the type became ${types.join()}`);
    await unharmed(shown, 0, 1);
  },

  // WebRTC shows the present where it is asked for, or nothing else plays; it has no past, ends
  // when nobody looks, and says when it does not come through.
  async webrtc(telling) {
    const shown = await telling.page();
    const began = await shown.evaluate(() => (window.add({ src: '/live/phone', mode: 'webrtc', poster: 'none' }), Date.now()));
    const ages = (await moved(shown, 0, 40)).map(({ age }) => age);
    const { seen, activeMode, measure } = await shown.evaluate(() => (({ seen, activeMode, measure }) => ({ seen, activeMode, measure }))(window.player(0)));
    check(activeMode === 'webrtc', `it is shown by ${activeMode}`);
    await isIn(shown, 0, 'live');
    telling.note(`its first picture after ${seen[0].at - began} ms, then ${median(ages)} ms old; ${JSON.stringify(measure)}`);
    await shown.waitForFunction((shown) => window.player(0).measure.shown > shown, measure.shown);

    await shown.evaluate(() => window.looks(0, () => Date.now() - 3000, () => Date.now() - 4000, 3000));
    check((await shown.evaluate(() => window.player(0).activeMode)) !== 'webrtc', 'it shows the past by WebRTC');
    await shown.evaluate(() => window.player(0).live());
    await shown.waitForFunction(() => window.player(0).activeMode === 'webrtc' && window.player(0).state === 'live');
    await moved(shown, 0, 10);

    const watched = (viewers) => shown.waitForFunction(async (viewers) => (await (await fetch('/api/v1/cameras/phone/status')).json()).viewers === viewers, viewers);
    await watched(1);
    await shown.evaluate(() => (window.player(0).style.display = 'none'));
    await isIn(shown, 0, 'idle');
    await watched(0);
    check(shown.complaints.length === 0, shown.complaints.join('\n'));

    const old = await telling.page();
    await old.evaluate(() => {
      delete window.MediaSource;
      delete window.VideoDecoder;
      window.add({ src: '/live/phone', poster: 'none' });
    });
    await moved(old, 0, 10);
    check((await old.evaluate(() => window.player(0).activeMode)) === 'webrtc', 'it is not used where nothing else plays');
    await old.evaluate(() => {
      const { setRemoteDescription } = RTCPeerConnection.prototype;
      RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
        return setRemoteDescription.call(this, { type, sdp: sdp.replace(/^a=candidate:.*\r\n/gm, '') });
      };
      window.player(0).remove();
      window.add({ src: '/live/phone', mode: 'webrtc', poster: 'none' }, { src: '/live/phone', poster: 'none' });
    });
    await moved(old, 1, 10);
    check((await old.evaluate(() => window.player(1).activeMode)) === 'jpeg', 'nothing shows it where WebRTC does not come through');
    await says(old, 0, 'WebRTC did not connect');
  },

  // Over a line where TCP starves and UDP does not, WebRTC shows the present, for as long as a
  // WebSocket may be no use; and over one that is good again a WebSocket does, and stays.
  async lossy(telling) {
    const line = await Line.to(telling.url);
    const shown = await telling.page(line.url);
    await shown.evaluate(() => window.add({ src: '/live/phone', poster: 'none' }));
    await moved(shown, 0, 15);
    const by = (mode) => shown.waitForFunction((mode) => window.player(0).activeMode === mode, mode);
    const starved = Date.now();
    line.rate = 10; // a fifth of what the camera sends
    await by('webrtc');
    telling.note(`it is shown by WebRTC after ${Date.now() - starved} ms`);
    await settled(shown, 0, absurd);
    const ages = (await moved(shown, 0, 100)).map(({ age }) => age);
    check(median(ages) < absurd, `by WebRTC it is ${median(ages)} ms old`);
    line.rate = Infinity;
    await by('jpeg');
    await settled(shown, 0, absurd);
    await moved(shown, 0, 100);
    await isIn(shown, 0, 'live');
    const modes = (await events(shown, 0)).filter(({ name }) => name === 'mode').map(({ mode }) => mode);
    check(modes.join() === 'jpeg,webrtc,jpeg', `it was shown by ${modes}`);
    check(shown.complaints.length === 0, shown.complaints.join('\n'));
    line.close();
  },

  // Where no WebSocket comes through, an image does.
  async withoutSockets(telling) {
    const shown = await telling.page();
    await shown.evaluate(() => window.add({ src: '/live/phone' }));
    await moved(shown, 0, 10);
    check((await shown.evaluate(() => window.player(0).activeMode)) === 'img', 'it is no image');
    await isIn(shown, 0, 'live');
  },

  // What cannot be shown is said in words, and can be tried again by keyboard.
  async words(telling) {
    const shown = await telling.page();
    await shown.evaluate(() => window.add({ src: '/live/nobody' }, { src: '/live/gone' }, { src: '/live/phone' }));
    await says(shown, 0, 'no such camera');
    await says(shown, 1, 'Camera offline');
    await isIn(shown, 2, 'live');
    await shown.locator('framegate-player').nth(0).getByRole('button', { name: 'Try again' }).focus();
    const before = (await events(shown, 0)).length;
    await shown.keyboard.press('Enter');
    await shown.waitForFunction((before) => window.player(0).events.length > before, before);
    await says(shown, 0, 'no such camera');
  },
};

const [context, end] = await launch(['--autoplay-policy=document-user-activation-required']);
const tellings = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const [word, story, url] = line.split(' ');
  if (word === 'done') {
    tellings.get(story).done();
  } else {
    tellings.set(story, new Telling(context, story, url));
    void tellings.get(story).tell();
  }
}
await end();
process.exit();
