// Runs in pages with players before their own scripts, for stories about sound:
// notes when one hears a beep and when one sees a flash, in ms since 1970. A beep is
// some sound after 0.2 s of silence, a flash a white picture after a black one.

{
  window.beeps = [];
  const silenceS = 0.2;

  // listen notes the beeps of what goes through a node, while it is loud.
  const listen = (node, loud = () => true) => {
    const { context } = node;
    const tap = new AnalyserNode(context, { fftSize: 8192 });
    connect.call(node, tap);
    const samples = new Float32Array(tap.fftSize);
    let heardS = 0; // up to here
    let loudS = -1; // when there was sound last
    const look = () => {
      const endS = context.currentTime;
      const { contextTime, performanceTime } = context.getOutputTimestamp();
      tap.getFloatTimeDomainData(samples);
      for (let i = 0; i < samples.length; i++) {
        const atS = endS - (samples.length - i) / context.sampleRate;
        if (atS <= heardS || Math.abs(samples[i]) < 0.1 || !loud()) continue;
        if (atS - loudS > silenceS) window.beeps.push(performance.timeOrigin + performanceTime + (atS - contextTime) * 1000);
        loudS = atS;
      }
      heardS = endS;
    };
    setInterval(() => context.state === 'running' && look(), 20);
  };

  // What a page plays by Web Audio is heard at the context's destination.
  const { connect } = AudioNode.prototype;
  AudioNode.prototype.connect = function (to, ...rest) {
    if (to === this.context.destination) listen(this);
    return connect.call(this, to, ...rest);
  };

  // What an audio element plays is captured from it, however loud it is.
  const create = document.createElement;
  document.createElement = function (name, ...rest) {
    const made = create.call(this, name, ...rest);
    if (name === 'audio') made.addEventListener('playing', () => {
      const context = new AudioContext();
      listen(context.createMediaStreamSource(made.captureStream()), () => made.volume > 0);
    }, { once: true });
    return made;
  };

  // see notes the flashes of a player. It looks at its surface not only when the page is
  // painted, which is seldom on a machine that has much to do.
  window.see = (player) => {
    player.flashes = [];
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    let white = false;
    setInterval(() => {
      const { surface } = player;
      if (!(surface?.videoWidth || surface?.width)) return;
      canvas.drawImage(surface, 0, 0, 1, 1);
      const isWhite = canvas.getImageData(0, 0, 1, 1).data[0] > 127;
      if (isWhite && !white) player.flashes.push(performance.timeOrigin + performance.now());
      white = isWhite;
    }, 10);
  };

  // behind gives by how many ms each of the last beeps came after the flash nearest to it.
  window.behind = (player, count) => window.beeps.slice(-count).map((beep) => {
    const nearest = player.flashes.reduce((best, flash) => (Math.abs(flash - beep) < Math.abs(best - beep) ? flash : best), Infinity);
    return Math.round(beep - nearest);
  });

  // heard tells what there is to know of a player's sound.
  window.heard = (player) => {
    const since = (times) => times.slice(-8).map((ms) => Math.round(ms - Date.now()));
    return { sound: player.sound, said: player.said, behind: window.behind(player, 20), beeps: since(window.beeps), flashes: since(player.flashes) };
  };
}
