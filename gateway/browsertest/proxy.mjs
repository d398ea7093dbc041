// A TCP proxy that is as bad a line as a story wants.

import { connect, createServer } from 'node:net';

const step = 1000; // bytes, of a line that is slow

// Line listens on a port of the loopback and passes everything on to a server.
export class Line {
  static async to(url) {
    const line = new Line(new URL(url));
    await new Promise((resolve) => line.server.listen(0, '127.0.0.1', resolve));
    return line;
  }

  constructor({ hostname, port }) {
    this.target = { host: hostname, port: Number(port) };
    this.pairs = new Set();
    this.accepted = 0;
    this.refusing = false;
    this.shake = null; // gives the delay of the next bytes to the browser, in ms
    this.rate = Infinity; // bytes that come through to the browser by each connection, in a ms
    this.server = createServer((near) => this.accept(near));
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  get open() {
    return this.pairs.size;
  }

  accept(near) {
    if (this.refusing) {
      near.destroy();
      return;
    }
    this.accepted++;
    const far = connect(this.target);
    const pair = { near, far };
    this.pairs.add(pair);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', () => {
        near.destroy();
        far.destroy();
        this.pairs.delete(pair);
      });
    }
    near.pipe(far);
    const late = []; // bytes that wait, in order
    let dueMs = 0; // when the newest of them go out
    const send = () => {
      while (late.length > 0 && late[0].dueMs <= performance.now()) near.write(late.shift().bytes);
      if (late.length > 0) setTimeout(send, late[0].dueMs - performance.now() + 1);
    };
    far.on('data', (bytes) => {
      const idle = late.length === 0;
      dueMs = Math.max(dueMs, performance.now() + (this.shake?.() ?? 0));
      const size = this.rate === Infinity ? bytes.length : step;
      for (let at = 0; at < bytes.length; at += size) {
        const piece = bytes.subarray(at, at + size);
        dueMs += piece.length / this.rate;
        late.push({ dueMs, bytes: piece });
      }
      if (idle) send();
      this.slow(far, bytes.length);
    });
    far.on('end', () => near.end());
    if (this.held) far.pause();
  }

  // slow takes no more of a server than the rate allows, so that what does not come
  // through fills the server's own queue.
  slow(far, bytes) {
    if (this.rate === Infinity) return;
    far.pause();
    setTimeout(() => this.held || far.resume(), bytes / this.rate);
  }

  // hold lets nothing through to the browser for a while. What comes meanwhile
  // waits, here and in the kernel.
  async hold(forMs) {
    this.held = true;
    for (const { far } of this.pairs) far.pause();
    await new Promise((resolve) => setTimeout(resolve, forMs));
    this.held = false;
    for (const { far } of this.pairs) far.resume();
  }

  // cut ends all connections and takes no new ones for a while.
  async cut(forMs) {
    this.refusing = true;
    for (const { near } of this.pairs) near.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, forMs));
    this.refusing = false;
  }

  close() {
    this.server.close();
    for (const { near } of this.pairs) near.destroy();
  }
}
