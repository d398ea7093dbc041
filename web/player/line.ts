// Whether a line is too bad for a WebSocket, and when it is good again.
//
// TCP hides losses: what is behind a lost packet waits until it was sent again. So a
// player cannot see them, but what they do: pictures come late, and the server, which
// cannot get rid of them, leaves some out. Either alone has other reasons, both are the line's.

const WITHIN_MS = 30_000;
const TIMES = 3;
const APART_MS = 2000; // or it is one outage
const GOOD_MS = 60_000; // without a loss, after which a WebSocket is tried again
const LONGEST_GOOD_MS = 960_000;
const SOON_MS = 60_000;
const BLOCKED_MS = 300_000; // after nothing came through
const LONGEST_BLOCKED_MS = 2_400_000;
const LOST = 0.005; // of all packets

let blockedMs = BLOCKED_MS;
let blockedUntilMs = 0; // for all players of a page: they have one line

/** Is told that WebRTC does not come through, or does. */
export function noteWebRTC(works: boolean, nowMs: number): void {
  blockedUntilMs = works ? 0 : nowMs + blockedMs;
  blockedMs = works ? BLOCKED_MS : Math.min(LONGEST_BLOCKED_MS, 2 * blockedMs);
}

/** Says whether WebRTC is worth a try: it did not fail lately. */
export function mayTry(nowMs: number): boolean {
  return nowMs >= blockedUntilMs;
}

/** The line of one player. It is pure, and reads no clock. */
export class Line {
  #left: number[] = []; // when pictures were left out that were late anyway
  #goodMs = GOOD_MS; // for so long no packet may be lost
  #cleanSinceMs: number | null = null;
  #returnedMs: number | null = null;

  /** Over a WebSocket: pictures were left out, and those that came were late. Says whether WebRTC is to be tried. */
  leftOut(nowMs: number): boolean {
    if (nowMs - (this.#left.at(-1) ?? -Infinity) < APART_MS) return false;
    this.#left = [...this.#left.filter((atMs) => atMs > nowMs - WITHIN_MS), nowMs];
    if (this.#left.length < TIMES || !mayTry(nowMs)) return false;
    const soon = this.#returnedMs !== null && nowMs - this.#returnedMs < SOON_MS;
    this.#goodMs = soon ? Math.min(LONGEST_GOOD_MS, 2 * this.#goodMs) : GOOD_MS; // it was no use to return
    this.#left = [];
    this.#cleanSinceMs = null;
    return true;
  }

  /** By WebRTC: so many packets came, and were missing, since it was told last. Says whether a WebSocket is to be tried again. */
  passed(nowMs: number, came: number, missed: number): boolean {
    if (this.#cleanSinceMs === null || missed > LOST * came) this.#cleanSinceMs = nowMs;
    if (nowMs - this.#cleanSinceMs < this.#goodMs) return false;
    this.#returnedMs = nowMs;
    return true;
  }
}
