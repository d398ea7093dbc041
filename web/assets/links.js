// The two ways a picture goes up: a WebSocket, or a POST for each.
//
// Both have send(blob, ms), of a picture and when it was taken, which resolves to
// {viewers, dropped} once the server has it; delivered, whether that ever was;
// onviewers, called with their number; closed, a promise of the Ended that ends
// it; and buffered, the bytes that are not on their way yet. A WebSocket also takes sound: askSound(codec),
// which ends it with '', onsound, called with the codec that may be sent, or '' and
// why not, and sound(ms, packet). A POST has none of these.

// Ended says why a link is over. kind is "lost" (try again), "busy" (another
// publisher is there), "free" (no longer so), "replaced" (this publisher
// connected elsewhere), or "refused" (the picture cannot be accepted).
export class Ended extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

const OPEN_WITHIN = 8000; // ms
const SOUND_WITHIN = 5000; // ms; then the server knows nothing of sound

// What stands in front of a message to a server that takes sound.
const PICTURE = 1;
const SOUND = 2;

function head(kind, ms) {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint8(0, kind);
  view.setBigUint64(4, BigInt(Math.max(0, Math.round(ms * 1000))));
  return view.buffer;
}
const ACK_WITHIN = 10_000; // ms; then the network is gone, whatever TCP hopes for

export class SocketLink {
  // open resolves to a link, or rejects where no socket can be had.
  static open(camera, publisher) {
    return new Promise((resolve, reject) => {
      const url = new URL(`../live/${camera}/publish?publisher=${publisher}`, import.meta.url);
      url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
      const socket = new WebSocket(url);
      const fail = () => {
        clearTimeout(late);
        socket.close();
        reject(new Ended('lost', 'The server cannot be reached.'));
      };
      const late = setTimeout(fail, OPEN_WITHIN);
      socket.onopen = () => {
        clearTimeout(late);
        resolve(new SocketLink(socket));
      };
      socket.onclose = fail;
    });
  }

  constructor(socket) {
    this.name = 'WebSocket';
    this.socket = socket;
    this.onviewers = () => {};
    this.onsound = () => {};
    this.codec = ''; // of the sound that the server takes
    this.heads = false; // it knows them
    this.asked = false; // to take sound
    this.unanswered = 0; // timer of a question about sound
    this.delivered = false;
    this.pending = null; // of the one picture in flight
    this.closed = new Promise((resolve) => (this.resolve = resolve));
    socket.onclose = ({ code, reason }) => this.end(code === 1008
      ? new Ended('replaced', 'This page was opened again somewhere else.')
      : new Ended('lost', reason || 'The connection was lost.'));
    socket.onmessage = ({ data }) => this.receive(JSON.parse(data));
  }

  get buffered() {
    return this.socket.bufferedAmount;
  }

  send(blob, ms) {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) {
        reject(new Ended('lost', 'The connection was lost.'));
        return;
      }
      this.pending = { resolve, reject, late: setTimeout(() => this.end(new Ended('lost', 'The server does not answer.')), ACK_WITHIN) };
      this.socket.send(this.heads ? new Blob([head(PICTURE, ms), blob]) : blob);
    });
  }

  askSound(codec) {
    if (this.socket.readyState !== WebSocket.OPEN || !codec && !this.asked) return;
    this.asked = true;
    if (!codec) this.codec = '';
    this.socket.send(JSON.stringify({ type: 'sound', codec, channels: 1 }));
    clearTimeout(this.unanswered);
    if (codec) this.unanswered = setTimeout(() => this.onsound('', 'The server takes no sound.'), SOUND_WITHIN);
  }

  sound(ms, packet) {
    if (!this.codec || this.socket.readyState !== WebSocket.OPEN) return;
    const message = new Uint8Array(12 + packet.length);
    message.set(new Uint8Array(head(SOUND, ms)));
    message.set(packet, 12);
    this.socket.send(message);
  }

  // end ends it at once: a browser tells of a connection's end only when the
  // other side says so, or after minutes.
  end(ended) {
    clearTimeout(this.unanswered);
    clearTimeout(this.pending?.late);
    this.pending?.reject(ended);
    this.pending = null;
    this.socket.onclose = this.socket.onmessage = null;
    this.socket.close();
    this.resolve(ended);
  }

  receive(message) {
    this.onviewers(message.viewers);
    if (message.type === 'sound') {
      this.hear(message);
      return;
    }
    const pending = this.pending;
    if (message.type === 'hint' || !pending) return;
    this.pending = null;
    clearTimeout(pending.late);
    this.delivered = true;
    if (message.type === 'ack') pending.resolve(message);
    else pending.reject(new Ended('refused', message.message));
  }

  // hear takes the answer to askSound.
  hear({ codec = '', message = '' }) {
    clearTimeout(this.unanswered);
    this.codec = codec;
    this.heads ||= codec !== '';
    this.onsound(codec, message);
  }

  close() {
    this.socket.close(1000);
    this.end(new Ended('lost', 'Closed.'));
  }
}

const POST_WITHIN = 35_000; // ms; the server's own limit is 30 s

export class PostLink {
  // A probe ends as soon as a picture is taken, with "free".
  constructor(camera, publisher, probe) {
    this.name = 'POST';
    this.probe = probe;
    this.url = new URL(`../live/${camera}.jpg?publisher=${publisher}`, import.meta.url);
    this.buffered = 0;
    this.onviewers = () => {};
    this.abort = new AbortController();
    this.closed = new Promise((resolve) => (this.end = resolve));
  }

  async send(blob) {
    try {
      return await this.post(blob);
    } catch (error) {
      const ended = error instanceof Ended ? error : new Ended('lost', 'The server cannot be reached.');
      if (ended.kind !== 'refused') this.end(ended);
      throw ended;
    }
  }

  async post(blob) {
    const late = setTimeout(() => this.abort.abort(), POST_WITHIN);
    const headers = { 'Content-Type': 'image/jpeg' };
    const response = await fetch(this.url, { method: 'POST', body: blob, headers, signal: this.abort.signal });
    const text = (await response.text()).trim();
    clearTimeout(late);
    if (response.status === 409) throw new Ended('busy', text);
    if ([413, 415, 422].includes(response.status)) throw new Ended('refused', text);
    if (!response.ok) throw new Ended('lost', text || `The server answers ${response.status}.`);
    const viewers = Number(response.headers.get('X-Framegate-Viewers'));
    this.onviewers(viewers);
    if (this.probe) this.end(new Ended('free', ''));
    return { viewers, dropped: response.headers.has('X-Framegate-Dropped') };
  }

  close() {
    this.abort.abort();
    this.end(new Ended('lost', 'Closed.'));
  }
}
