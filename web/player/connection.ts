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

/** Connects at once. The clock is told of every answer to a ping. */
export class Connection {
  readonly #socket: WebSocket;
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
    this.#socket = new WebSocket(url, SUBPROTOCOL);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => this.#open();
    this.#socket.onmessage = (event: MessageEvent<unknown>) => this.#receive(event.data);
    this.#socket.onclose = ({ reason }) => this.#end(reason);
    this.#watch(OPEN_WITHIN_MS);
  }

  /** Sends a message, if the connection is open and the server knows what can be shown. */
  send(message: ClientMessage): void {
    if (this.#greeted && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
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
    this.#socket.close(1000);
  }

  #open(): void {
    if (this.#over) return;
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
    if (this.#over) return;
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
