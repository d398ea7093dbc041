// Small pictures of moments, as a finger goes over them: which one to ask for, and a
// few that are kept.

import { isRecorded, type Lane } from './lanes';

const GRID_MS = 10_000; // the server has one for each ten seconds
const STEPS_MS = [10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400].map((s) => s * 1000);
const NEAR_PX = 4; // in which one picture is as good as another

/** How far moments with pictures are apart, where a pixel of CSS is so long. */
export function thumbStep(pixelMs: number): number {
  return STEPS_MS.find((step) => step >= NEAR_PX * pixelMs) ?? STEPS_MS.at(-1)!;
}

/**
 * Of which moment to ask for a picture, to show an instant. It is on a grid, so that a
 * finger that moves a little asks for nothing; null is that nothing was recorded.
 */
export function thumbMoment(ms: number, pixelMs: number, lane: Lane | null): number | null {
  if (lane && !isRecorded(lane, ms)) return null;
  const step = thumbStep(pixelMs);
  const round = Math.round(ms / step) * step;
  if (!lane || isRecorded(lane, round)) return round;
  const before = Math.floor(ms / GRID_MS) * GRID_MS;
  return !isRecorded(lane, before) && isRecorded(lane, before + GRID_MS) ? before + GRID_MS : before;
}

/** What a store of pictures needs. P is what a picture is to browsers, such as ImageBitmap. */
export interface ThumbsOptions<P> {
  /** Gets a picture. null is that there is none; it rejects where that cannot be said now. */
  load(url: string, signal: AbortSignal): Promise<P | null>;
  /** Ends a picture that is not kept any more. */
  close(picture: P): void;
  /** Is called when a picture of a camera has come. */
  changed(camera: string): void;
  /** How many are kept; 160 if left out. */
  most?: number;
  /** Calls do later; what it gives calls that off. It is a timer, if left out. */
  later?(do_: () => void, ms: number): () => void;
}

const RETRY_MS = 1000;

interface Line {
  wish: string | null;
  flight: AbortController | null;
  cancelRetry: (() => void) | null;
}

/**
 * Pictures of cameras by their addresses: the last that were looked at are kept. Of
 * each camera one is fetched at a time, and then the one that is wished for by then.
 */
export class Thumbs<P> {
  private readonly kept = new Map<string, { camera: string; picture: P | null }>(); // the one looked at last is last
  private readonly lines = new Map<string, Line>();
  private readonly options: Required<ThumbsOptions<P>>;

  constructor(options: ThumbsOptions<P>) {
    this.options = { most: 160, later: timer, ...options };
  }

  /** Wishes for a picture of a camera: gives it, null where there is none, and undefined until that is known. */
  wish(camera: string, url: string): P | null | undefined {
    const line = this.line(camera);
    const entry = this.kept.get(url);
    if (entry) {
      line.wish = null;
      this.kept.delete(url);
      this.kept.set(url, entry);
      return entry.picture;
    }
    line.wish = url;
    this.go(camera, line);
    return undefined;
  }

  /** Nobody looks at the pictures of a camera any more; without one, at any. What is on its way is kept when it comes. */
  rest(camera?: string): void {
    for (const [id, line] of this.lines) {
      if (camera === undefined || camera === id) line.wish = null;
    }
  }

  /** Forgets pictures of a camera, as when recordings were deleted; without one, all. */
  forget(camera?: string): void {
    for (const [url, entry] of this.kept) {
      if (camera === undefined || camera === entry.camera) this.drop(url);
    }
    for (const [id, line] of this.lines) {
      if (camera === undefined || camera === id) this.end(id, line);
    }
  }

  /** Forgets of a camera, or of all, of which moments there was no picture: there may be one by now. */
  reconsider(camera?: string): void {
    for (const [url, entry] of this.kept) {
      if (entry.picture === null && (camera === undefined || camera === entry.camera)) this.drop(url);
    }
  }

  /** Ends requests and forgets all. */
  close(): void {
    this.forget();
  }

  private line(camera: string): Line {
    let line = this.lines.get(camera);
    if (!line) this.lines.set(camera, (line = { wish: null, flight: null, cancelRetry: null }));
    return line;
  }

  private go(camera: string, line: Line): void {
    if (line.wish === null || line.flight || line.cancelRetry) return;
    void this.fetch(camera, line, line.wish);
  }

  private async fetch(camera: string, line: Line, url: string): Promise<void> {
    const flight = (line.flight = new AbortController());
    try {
      const picture = await this.options.load(url, flight.signal);
      if (line.flight !== flight) {
        if (picture !== null) this.options.close(picture);
        return;
      }
      this.keep(camera, url, picture);
      if (line.wish === url) line.wish = null;
    } catch {
      if (line.flight !== flight) return;
      line.cancelRetry = this.options.later(() => {
        line.cancelRetry = null;
        this.go(camera, line);
      }, RETRY_MS);
    }
    line.flight = null;
    this.options.changed(camera);
    this.go(camera, line);
  }

  private keep(camera: string, url: string, picture: P | null): void {
    this.kept.set(url, { camera, picture });
    while (this.kept.size > this.options.most) this.drop(this.kept.keys().next().value!);
  }

  private drop(url: string): void {
    const picture = this.kept.get(url)?.picture;
    this.kept.delete(url);
    if (picture != null) this.options.close(picture);
  }

  private end(camera: string, line: Line): void {
    this.lines.delete(camera);
    line.wish = null;
    line.cancelRetry?.();
    line.flight?.abort();
    line.flight = null;
  }
}

/** Gets a picture for a canvas, which no policy on the sources of pictures concerns. What is refused is not there. */
export async function loadBitmap(url: string, signal: AbortSignal): Promise<ImageBitmap | null> {
  const answer = await fetch(url, { signal });
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) return null;
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return createImageBitmap(await answer.blob());
}

function timer(do_: () => void, ms: number): () => void {
  const id = setTimeout(do_, ms);
  return () => clearTimeout(id);
}
