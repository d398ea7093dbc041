// Runs in pages with players, for the stories of player.mjs and for tests in
// Firefox.

{
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', { willReadFrequently: true });

  // numberOn reads the number of the picture on an element, or gives null. It
  // is 16 cells, black for 0, and below them the same inverted.
  window.numberOn = (surface) => {
    const width = surface?.videoWidth ?? surface?.naturalWidth ?? surface?.width ?? 0;
    const height = surface?.videoHeight ?? surface?.naturalHeight ?? surface?.height ?? 0;
    if (!width || !height) return null;
    if (canvas.width !== 80 || canvas.height !== 40) Object.assign(canvas, { width: 80, height: 40 });
    context.clearRect(0, 0, 80, 40); // an empty surface leaves what was there
    context.drawImage(surface, 0, 0, 80, 40);
    const { data } = context.getImageData(0, 0, 80, 40);
    const cell = (x, y) => Number(data[4 * ((10 * y + 5) * 80 + 10 * x + 5)] > 127);
    let number = 0;
    for (let bit = 0; bit < 16; bit++) {
      const [x, y] = [bit % 8, bit >> 3];
      if (cell(x, y) === cell(x, y + 2)) return null;
      number = 2 * number + cell(x, y);
    }
    return number;
  };
  window.ageOf = (number) => (Date.now() - number) & 0xffff; // ms

  // onScreen gives what a player shows: its surface, or the one before, which covers
  // that until it has a picture.
  const onScreen = (player) => [...player.shadowRoot.querySelectorAll('[part=surface]')].at(-1);

  // watch notes every new picture of a player: its number and its age.
  window.watch = (player) => {
    player.seen = [];
    player.events = [];
    for (const name of ['state', 'mode', 'size', 'error']) {
      player.addEventListener(`framegate-${name}`, ({ detail }) => player.events.push({ name, ...detail, at: Date.now() }));
    }
    const look = () => {
      const number = window.numberOn(onScreen(player));
      if (number !== null && number !== player.seen.at(-1)?.number) player.seen.push({ number, age: window.ageOf(number), at: Date.now() });
      requestAnimationFrame(look);
    };
    look();
  };

  // add puts players on the page: an object of attributes for each.
  window.add = (...all) => {
    for (const attributes of all) {
      const player = document.createElement('framegate-player');
      for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
      document.body.append(player);
      window.watch(player);
    }
  };
  window.player = (n) => document.querySelectorAll('framegate-player')[n];

  // moved waits until a player has shown so many more pictures, and gives those.
  // They may not go back; but a media element that has next to nothing in stock,
  // on a machine that stalls, shows the newest picture before its turn, and then one
  // that comes before it: rarely, and never one from before what it showed last.
  window.moved = async (n, count) => {
    const { seen, activeMode } = window.player(n);
    const from = seen.length;
    while (seen.length < from + count) await new Promise((resolve) => setTimeout(resolve, 50));
    // since gives how much later a picture is than another, in ms: of all times with
    // these numbers that by which it was shown later, more or less.
    const since = (a, b) => {
      const later = seen[a].at - seen[b].at;
      return later + ((seen[a].number - seen[b].number - later + 32768) & 0xffff) - 32768;
    };
    let mayGoBack = activeMode === 'mse' ? 1 + Math.floor(seen.length / 20) : 0;
    for (let i = Math.max(1, from); i < seen.length; i++) {
      if (since(i, i - 1) >= 0) continue;
      const soon = i >= 2 ? since(i, i - 2) >= 0 : since(i, i - 1) > -60; // a picture is of 40 ms
      if (!mayGoBack || !soon) throw new Error(`player ${n} goes back: ${seen.slice(0, i + 1).map(({ number }) => number)}`);
      mayGoBack--;
    }
    return seen.slice(from);
  };

  // live waits until a player says that it is. A machine that others use too
  // stalls at times.
  window.live = (n) => is(n, 'live');
  window.idle = (n) => is(n, 'idle');
  const is = async (n, state) => {
    while (window.player(n).state !== state) await new Promise((resolve) => setTimeout(resolve, 50));
  };

  // shows waits until a player shows a picture that was taken at a moment, or so
  // many ms later.
  window.shows = async (n, atMs, withinMs) => {
    const { seen } = window.player(n);
    const isOf = ({ number }) => ((number - atMs) & 0xffff) <= withinMs;
    for (const from = seen.length; !seen.slice(from).some(isOf); ) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  // looks seeks until a player shows a picture that was taken at a moment, or so many
  // ms later: what was sought plays on, and a machine that stalls may miss it. The
  // present may have the number of that picture, after a minute.
  window.looks = async (n, at, fromMs, withinMs) => {
    const player = window.player(n);
    const late = () => new Promise((resolve) => setTimeout(resolve, 10_000, true));
    const isOld = () => player.state === 'playback' && Math.abs(player.time - at()) < 30_000;
    do {
      player.seek(at());
    } while ((await Promise.race([window.shows(n, fromMs(), withinMs), late()])) || !isOld());
  };

  // A film is six times six seconds of pictures that count from 1 on, ten a second
  // and a keyframe each second, with a minute of nothing between: that of tape.Film
  // in Go.
  const film = { startMs: Date.UTC(2020, 10, 20, 12), stretches: 6, everyMs: 66_000, pictures: 60, pictureMs: 100 };

  // lookAt has a player show the very pictures that are sought, in stretches of a film.
  window.lookAt = async (n, ...stretches) => {
    const player = window.player(n);
    const { seen } = player;
    player.seek(film.startMs);
    player.pause();
    for (const stretch of stretches) {
      const at = film.startMs + stretch * film.everyMs + 2350;
      const wanted = stretch * film.pictures + 24;
      // Beside much else Chromium paints nothing at times of what it was given, until it is sought again.
      for (let waited = 0; !(seen.at(-1)?.number === wanted && Math.abs(player.time - at) <= film.pictureMs); waited++) {
        if (waited % 250 === 0) player.seek(at);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };

  // lookBack has a player show a film: the very pictures that are sought, forward
  // over all gaps, and back over them, by keyframes, from its last one to its first.
  window.lookBack = async (n) => {
    const player = window.player(n);
    const { seen } = player;
    const until = async (so) => {
      while (!so()) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    // passed waits until a number is shown, and gives those that were since a place.
    const passed = async (from, last) => {
      await until(() => seen.slice(from).some(({ number }) => number === last));
      return seen.slice(from).map(({ number }) => number);
    };
    const check = (good, what, numbers) => {
      if (!good) throw new Error(`player ${n}, ${what}: ${numbers}`);
    };
    await window.lookAt(n, 3, 0, 5, 1, 4, 2);
    // moving gives the numbers that are shown from a moment on, whose picture is not the
    // one that is shown already, at a rate. A machine that stalls loses the connection, and the next one begins with what was shown last; or it is
    // late, and goes on with the newest keyframe, whole stretches later.
    const moving = async (atMs, first, rate, last, whole) => {
      for (;;) {
        const lost = player.events.length;
        player.pause();
        player.seek(atMs);
        await until(() => seen.at(-1)?.number === first);
        const from = seen.length;
        player.rate = rate;
        const numbers = await passed(from, last);
        if (whole(numbers) && !player.events.slice(lost).some(({ state }) => state === 'connecting')) return numbers;
      }
    };
    const end = film.stretches * film.pictures;
    const all = (numbers) => new Set(numbers.map((number) => Math.floor((number - 1) / film.pictures))).size === film.stretches;
    const forward = await moving(film.startMs + 5000, 51, 4, end, all);
    check(forward.every((number, i) => i === 0 || number > forward[i - 1]), 'forward', forward);
    const back = await moving(film.startMs + 5 * film.everyMs + 4550, end - 14, -6, 1, (numbers) => numbers.length > film.stretches);
    const falling = back.every((number, i) => number % 10 === 1 && (i === 0 || number < back[i - 1]));
    check(falling, 'backwards', back);
    return { forward: forward.length, back: back.length };
  };

  // filmed has a video element seek in a file, and gives the numbers of the pictures
  // at some times, in seconds.
  window.filmed = async (src, times) => {
    const video = document.createElement('video');
    const once = (name) =>
      new Promise((resolve, reject) => {
        video.addEventListener(name, resolve, { once: true });
        video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
      });
    video.muted = true;
    document.body.append(video);
    const loaded = once('loadeddata');
    video.src = src;
    await loaded;
    const numbers = [];
    for (const time of times) {
      const sought = once('seeked');
      // It can be drawn a little later; where the same picture was shown before, none comes.
      const painted = Promise.race([
        new Promise((resolve) => video.requestVideoFrameCallback?.(resolve)),
        new Promise((resolve) => setTimeout(resolve, 3000)),
      ]);
      video.currentTime = time;
      await Promise.all([sought, painted]);
      numbers.push(window.numberOn(video));
    }
    video.remove();
    return numbers;
  };

  // overGaps has a clip of all of a film shown at both sides of each of its gaps, which
  // take no time in it.
  window.overGaps = async () => {
    const wanted = [3, 1, 5, 2, 4].flatMap((gap) => [gap * film.pictures, gap * film.pictures + 1]);
    const span = [film.startMs, film.startMs + film.stretches * film.everyMs].map((ms) => new Date(ms).toISOString());
    const times = wanted.map((number) => ((number - 0.5) * film.pictureMs) / 1000);
    const shown = await window.filmed(`/live/film/recording.mp4?from=${span[0]}&to=${span[1]}&start=exact`, times);
    if (String(shown) !== String(wanted)) throw new Error(`of a clip over gaps it shows ${shown}, want ${wanted}`);
    return shown.length;
  };

  // told says what all players do, for who looks into a failure.
  window.told = () =>
    JSON.stringify(
      [...document.querySelectorAll('framegate-player')].map(({ state, activeMode, delayMs, seen, events, surface }) => ({
        state, activeMode, delayMs,
        seen: seen?.slice(-10).map(({ number, age }) => `${number} (${age} ms)`),
        events: events?.slice(-10),
        time: surface?.currentTime,
        buffered: surface?.buffered && Array.from(surface.buffered, (_, i) => [surface.buffered.start(i), surface.buffered.end(i)]),
        paused: surface?.paused, ready: surface?.readyState, failed: surface?.error?.message,
      })),
    );

  // longestRun gives of how many pictures, each the next of the one before it,
  // the longest row was that a player has shown.
  window.longestRun = (n) => {
    let longest = 0;
    let run = 0;
    let last = -1;
    for (const { number } of window.player(n).seen) {
      run = number === last + 1 ? run + 1 : 1;
      last = number;
      longest = Math.max(longest, run);
    }
    return longest;
  };
}
