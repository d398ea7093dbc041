// The marks of many cameras as one list, the latest first. The server lists those of
// one camera at a time, so their lists are joined as far as somebody reads.

import type { Schemas } from '../../api/client';

export type Mark = Schemas['Mark'];

/** Asks for marks of a camera, the latest first: those behind after, which an answer before it gave. */
export type Ask = (camera: string, after: string | undefined) => Promise<Schemas['MarkList']>;

/** Which marks are wanted. */
export interface Filter {
  /** Of these alone. */
  readonly cameras: readonly string[];
  /** '': of any. */
  readonly kind: string;
  /** Those alone that protect. */
  readonly keep: boolean;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** Says whether a mark is wanted, as the server would. */
export function fits(mark: Mark, filter: Filter): boolean {
  return (
    filter.cameras.includes(mark.camera) &&
    (filter.kind === '' || mark.kind === filter.kind) &&
    (!filter.keep || mark.keep) &&
    (filter.toMs === null || Date.parse(mark.start) < filter.toMs) &&
    (filter.fromMs === null || mark.end === undefined || Date.parse(mark.end) > filter.fromMs)
  );
}

// A camera's list, as far as it was asked for and not read yet.
interface Line {
  queue: Mark[];
  after: string | undefined;
  ended: boolean; // there are no more on the server
}

/** Compares by place in the list: below 0 where a is before b. */
function compare(a: Mark, b: Mark): number {
  return Date.parse(b.start) - Date.parse(a.start) || b.id - a.id;
}

function insert(list: Mark[], mark: Mark): void {
  const at = list.findIndex((other) => compare(mark, other) < 0);
  list.splice(at < 0 ? list.length : at, 0, mark);
}

/** The list that is joined. */
export class Feed {
  /** What was read so far; another array after each change. */
  marks: readonly Mark[] = [];
  private readonly lines: Map<string, Line>;

  constructor(cameras: readonly string[], private readonly ask: Ask) {
    this.lines = new Map(cameras.map((camera) => [camera, { queue: [], after: undefined, ended: false }]));
  }

  /** Whether there is more to be read. */
  get more(): boolean {
    return [...this.lines.values()].some((line) => !line.ended || line.queue.length > 0);
  }

  /** Reads so many more, or all that there are. Where the server fails it throws, and what is read stays. */
  async read(count: number): Promise<void> {
    const wanted = this.marks.length + count;
    while (this.marks.length < wanted && this.more) {
      await this.fill();
      const read = [...this.marks];
      let line: Line | null;
      while (read.length < wanted && (line = this.next())) read.push(line.queue.shift()!);
      this.marks = read;
    }
  }

  /** Takes a mark that is new, or was changed. */
  put(mark: Mark): void {
    this.drop(mark.id);
    const last = this.marks.at(-1);
    if (!this.more || (last && compare(mark, last) < 0)) {
      const read = [...this.marks];
      insert(read, mark);
      this.marks = read;
      return;
    }
    const line = this.lines.get(mark.camera);
    const behind = line?.queue.at(-1);
    if (line && (line.ended || (behind && compare(mark, behind) < 0))) insert(line.queue, mark); // else the server still tells it
  }

  /** Forgets a mark that is gone, or not wanted any more. */
  drop(id: number): void {
    if (this.marks.some((mark) => mark.id === id)) this.marks = this.marks.filter((mark) => mark.id !== id);
    for (const line of this.lines.values()) line.queue = line.queue.filter((mark) => mark.id !== id);
  }

  // fill asks for those lists whose next mark is not known.
  private async fill(): Promise<void> {
    const empty = [...this.lines].filter(([, line]) => !line.ended && line.queue.length === 0);
    await Promise.all(
      empty.map(async ([camera, line]) => {
        const { marks, next } = await this.ask(camera, line.after);
        line.queue = [...marks];
        line.after = next;
        line.ended = next === undefined;
      }),
    );
  }

  // next gives the line whose mark is the latest; null where one has to be asked for before.
  private next(): Line | null {
    let best: Line | null = null;
    for (const line of this.lines.values()) {
      const [head] = line.queue;
      if (!head) {
        if (line.ended) continue;
        return null;
      }
      if (!best || compare(head, best.queue[0]!) < 0) best = line;
    }
    return best;
  }
}
