// Where else a camera is shown: at other nodes of a cluster. It is a file of its own, which the
// player loads while all is well, since it cannot be had once the server is gone.

import { Address } from './address';

const ASK_EVERY_MS = 60_000; // an address that opens the camera elsewhere is good for an hour
const HASTE_MS = 100; // or all viewers of a node that dies come to another in one moment
const ASK_WITHIN_MS = 10_000;
const MOST = 8; // that are believed
const NOTHING = { width: null, height: null, fps: null, quality: null };

/** Where one camera is shown, and which of these places the player is at. */
export class Nodes {
  readonly #home: Address;
  #address: Address;
  #others: Address[] = [];
  #missed = 0; // places that could not be reached, one after another
  #askedMs = -Infinity;

  /** home is where the page says that the camera is. */
  constructor(home: Address) {
    this.#home = this.#address = home;
  }

  /** The place that the player is at, or is to try next. */
  get address(): Address {
    return this.#address;
  }

  /** Is told that the place shows the camera. */
  reached(): void {
    this.#missed = 0;
  }

  /** Goes to the next place, as this one cannot be reached. Gives how long to wait, in ms, where that is to be tried soon, since not all were yet. */
  next(): number | undefined {
    const round = [this.#home, ...this.#others];
    const at = round.findIndex((address) => same(address, this.#address));
    this.#address = round[(at + 1) % round.length]!;
    return ++this.#missed < round.length ? HASTE_MS * Math.random() : undefined;
  }

  /** Is called now and then, and asks where else the camera is when it is time. */
  tick(nowMs: number): void {
    if (nowMs - this.#askedMs < ASK_EVERY_MS) return;
    this.#askedMs = nowMs;
    void this.#ask(this.#address);
  }

  async #ask(address: Address): Promise<void> {
    try {
      const answer = await fetch(address.at('/nodes'), { signal: AbortSignal.timeout(ASK_WITHIN_MS) });
      if (answer.ok) this.#learn(address, (await answer.json()) as unknown);
    } catch {
      // what is known is as good as nothing, or better
    }
  }

  #learn(asked: Address, answer: unknown): void {
    const { nodes, here } = (answer ?? {}) as { nodes?: unknown; here?: unknown };
    if (!Array.isArray(nodes)) return;
    const found = nodes.slice(0, MOST).map((src) => this.#at(src));
    this.#others = found.filter((address) => address !== null).filter((address) => !same(address, this.#home));
    if (asked === this.#home || asked !== this.#address) return;
    this.#address = this.#at(here) ?? this.#address; // with what is good for longer
    this.#others.unshift(this.#address);
  }

  // #at gives an address at another node, with what the page wishes of the picture; null for what is none, or may
  // not be asked for from this page.
  #at(src: unknown): Address | null {
    try {
      const url = new URL(String(src));
      if (this.#home.url.protocol === 'https:' && url.protocol !== 'https:') return null;
      for (const [name, value] of this.#home.url.searchParams) if (!url.searchParams.has(name)) url.searchParams.set(name, value);
      return new Address(url.href, url.href, NOTHING);
    } catch {
      return null;
    }
  }
}

// same says that two addresses are of one place, whatever lets in there.
function same(a: Address, b: Address): boolean {
  return a.url.origin === b.url.origin && a.url.pathname === b.url.pathname;
}
