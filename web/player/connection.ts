// One WebSocket to one camera, from opening to its end.

import { wallMs, type ServerClock } from './clock';
import { parseMessage, parsePacket, SUBPROTOCOL, type ClientMessage, type Packet, type ServerMessage } from './protocol';

/** What comes of a connection. After closed nothing more comes. */
export interface ConnectionEvents {
  /** The server listens, and knows what the client can show. */
  opened(): void;
  message(message: ServerMessage): void;
  packet(packet: Packet): void;
  /** It ended, not by close. opened says whether the server had accepted it, reason what is known in words. */
  closed(opened: boolean, reason: string): void;
}

const OPEN_WITHIN_MS = 10_000;
const SILENT_FOR_MS = 10_000; // though it was pinged: the network is gone, whatever TCP hopes for
const DOUBTED_FOR_MS = 2000;
const PINGS_AT_FIRST = 6;
const PING_FIRST_MS = 150;
const PING_EVERY_MS = 4000;

// Chromium has those wait that are opened while many others are: the sixteenth for one to five seconds, the eighth
// for a 256th of that. It opens one after the other anyway, and so no more than these are begun at a time.
const OPENING_AT_ONCE = 4;
const OPENING_MS = 1000; // for which one has others wait

let opening = 0;
const next: (() => void)[] = [];

// inTurn calls begin when it is its turn, which the result gives on.
function inTurn(begin: () => void): () => void {
  let ours = false; // one of those that are opening
  const leave = (): void => {
    const at = next.indexOf(go);
    if (at >= 0) next.splice(at, 1);
    if (ours) {
      opening--;
      next.shift()?.();
    }
    ours = false;
  };
  const go = (): void => {
    ours = true;
    opening++;
    setTimeout(leave, OPENING_MS);
    begin();
  };
  if (opening < OPENING_AT_ONCE) go();
  else next.push(go);
  return leave;
}

/** Connects as soon as few others do. The clock is told of every answer to a ping. */
export class Connection {
  #socket: WebSocket | undefined; // once it is our turn
  readonly #leave: () => void;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #pinging: ReturnType<typeof setTimeout> | undefined;
  #pings = 0;
  #opened = false;
  #greeted = false;
  #over = false;
  readonly #codecs: () => Promise<string[]>;
  readonly #clock: ServerClock;
  readonly #events: ConnectionEvents;

  /** codecs is what the client can show, best first, once that is known. */
  constructor(url: URL, codecs: () => Promise<string[]>, clock: ServerClock, events: ConnectionEvents) {
    this.#codecs = codecs;
    this.#clock = clock;
    this.#events = events;
    this.#leave = inTurn(() => this.#connect(url));
  }

  /** Sends a message, if the connection is open and the server knows what can be shown. */
  send(message: ClientMessage): void {
    if (this.#greeted && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Has it end soon unless the server answers, as where the network is another one. */
  doubt(): void {
    if (this.#greeted) this.#watch(DOUBTED_FOR_MS);
    this.send({ type: 'ping', c: wallMs() });
  }

  /** Ends it without a word to the events. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#pinging);
    this.#leave();
    if (!this.#socket) return;
    // Else the browser keeps whoever listens until the server has taken leave, too.
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }

  #connect(url: URL): void {
    let socket: WebSocket;
    try {
      socket = this.#socket = new WebSocket(url, SUBPROTOCOL);
    } catch (error) { // a page of HTTPS may open none without TLS, and a policy none to there
      queueMicrotask(() => this.#end((error as Error).message)); // whoever made this does not have it yet
      return;
    }
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#open();
    socket.onmessage = (event: MessageEvent<unknown>) => this.#receive(event.data);
    socket.onclose = ({ reason }) => this.#end(reason);
    this.#watch(OPEN_WITHIN_MS);
  }

  #open(): void {
    this.#leave();
    this.#opened = true;
    this.#watch(SILENT_FOR_MS);
    void this.#hello();
  }

  async #hello(): Promise<void> {
    const codecs = await this.#codecs();
    if (this.#over) return;
    this.#greeted = true;
    this.send({ type: 'hello', codecs });
    this.#events.opened();
    this.#ping();
  }

  #ping(): void {
    this.send({ type: 'ping', c: wallMs() });
    this.#pings++;
    this.#pinging = setTimeout(() => this.#ping(), this.#pings < PINGS_AT_FIRST ? PING_FIRST_MS : PING_EVERY_MS);
  }

  #receive(data: unknown): void {
    const arrivedMs = wallMs();
    this.#watch(SILENT_FOR_MS);
    try {
      if (typeof data !== 'string') {
        this.#events.packet(parsePacket(data as ArrayBuffer));
        return;
      }
      const message = parseMessage(data);
      if (message?.type === 'pong') this.#clock.note(message.c, arrivedMs, message.serverTimeUs / 1000);
      else if (message) this.#events.message(message);
    } catch (error) {
      this.#end(`The server sent ${(error as Error).message}.`);
    }
  }

  #watch(withinMs: number): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#end('The server does not answer.'), withinMs);
  }

  #end(reason: string): void {
    if (this.#over) return;
    this.close();
    this.#events.closed(this.#opened, reason);
  }
}
