// A TCP proxy that is as bad a line as a story wants.

import { connect, createServer } from 'node:net';

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
      dueMs = Math.max(dueMs, performance.now() + (this.shake?.() ?? 0));
      late.push({ dueMs, bytes });
      if (late.length === 1) send();
    });
    far.on('end', () => near.end());
    if (this.held) far.pause();
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
