// Draws a bar on a canvas: all of it, in one pass over what is seen.

import { xOf, type View } from './geometry';
import { Runs, flagsOf, gapRuns, spanRuns, type Mark } from './lanes';
import type { Layout } from './layout';
import type { Selection } from './bar';
import type { Scale } from './ticks';
import { grownTo, type Kept } from './timelines';

/** The colours of a bar, by what they are for. */
export interface Inks {
  recorded: string;
  gap: string;
  lane: string;
  line: string;
  text: string;
  quiet: string;
  mark: string;
  kept: string;
  now: string;
  head: string;
  selection: string;
  back: string;
}

/** What there is to draw. */
export interface Scene {
  view: View;
  layout: Layout;
  scale: Scale;
  inks: Inks;
  hatch: CanvasPattern | string; // of gaps: hatching makes it
  font: string;
  widthPx: number; // of the device, as all that follows from it
  ratio: number;
  lanes: readonly (readonly Kept[])[]; // of each camera, the best last
  nowMs: number;
  headMs: number;
  live: boolean;
  selection: Selection | null;
  hoverX: number | null; // of CSS
}

/** A mark on the bar, where it can be hit, in pixels of CSS. */
export interface Drawn {
  x: number;
  lane: number;
  mark: Mark;
  count: number;
}

const MARK_APART = 9; // pixels of CSS
const runs = new Runs(); // is filled and emptied within each drawing

/** Draws a scene, and gives its marks. */
export function paint(c: CanvasRenderingContext2D, s: Scene): Drawn[] {
  const px = (css: number): number => Math.round(css * s.ratio);
  c.clearRect(0, 0, s.widthPx, px(s.layout.height));
  paintScale(c, s, px);
  paintLanes(c, s, px);
  if (s.selection) paintSelection(c, s, s.selection, px);
  const marks = paintMarks(c, s, px);
  paintLines(c, s, px);
  return marks;
}

type Px = (css: number) => number;

function paintScale(c: CanvasRenderingContext2D, s: Scene, px: Px): void {
  const { periodsY, ticksY, marksY, lanesY, height } = s.layout;
  c.font = s.font;
  c.textBaseline = 'middle';
  const middle = (y: number): number => px(y + (ticksY - periodsY) / 2 + 0.5);
  for (const [i, p] of s.scale.periods.entries()) {
    c.fillStyle = s.inks.line;
    if (i > 0) c.fillRect(p.fromX, px(periodsY + 2), px(1), px(height - periodsY - 2));
    c.fillStyle = s.inks.text;
    c.textAlign = 'left';
    if (p.label !== '') c.fillText(p.label, p.labelX, middle(periodsY));
  }
  c.fillStyle = s.inks.line;
  for (const x of s.scale.minor) c.fillRect(x, px(marksY - 3), px(1), px(3));
  for (const t of s.scale.ticks) c.fillRect(t.x, px(marksY - 5), px(1), px(lanesY - marksY + 5));
  c.fillStyle = s.inks.quiet;
  c.textAlign = 'center';
  for (const t of s.scale.ticks) if (t.label !== '') c.fillText(t.label, t.x, middle(ticksY) - px(1));
}

function paintLanes(c: CanvasRenderingContext2D, s: Scene, px: Px): void {
  const { lanesY, lanePitch, laneHeight } = s.layout;
  const nowX = Math.min(Math.max(xOf(s.view, s.widthPx, s.nowMs), 0), s.widthPx);
  for (const [i, layers] of s.lanes.entries()) {
    const y = px(lanesY + i * lanePitch), height = px(laneHeight);
    c.fillStyle = s.inks.lane;
    c.fillRect(0, y, nowX, height);
    for (const lane of layers) {
      const fromX = Math.max(xOf(s.view, s.widthPx, lane.fromMs), 0), toX = Math.min(xOf(s.view, s.widthPx, lane.toMs), nowX);
      if (fromX >= toX) continue;
      if (layers.length > 1) {
        c.fillStyle = s.inks.lane; // what is known better lies over the rest
        c.fillRect(fromX, y, toX - fromX, height);
      }
      const grown = grownTo(lane, s.nowMs);
      gapRuns(lane, s.view, s.widthPx, runs, fromX, toX);
      if (grown?.kind === 'gap') runs.add(Math.max(xOf(s.view, s.widthPx, grown.fromMs), 0), nowX);
      c.fillStyle = s.hatch;
      fillRuns(c, y, height);
      spanRuns(lane, s.view, s.widthPx, runs, fromX, toX);
      if (grown?.kind === 'span') runs.add(Math.max(xOf(s.view, s.widthPx, grown.fromMs), 0), nowX);
      c.fillStyle = s.inks.recorded;
      fillRuns(c, y, height);
    }
  }
}

function fillRuns(c: CanvasRenderingContext2D, y: number, height: number): void {
  for (let i = 0; i < runs.length; i += 2) c.fillRect(runs.at[i]!, y, runs.at[i + 1]! - runs.at[i]!, height);
}

let pattern: { key: string; of: CanvasPattern } | null = null; // the last, since colours seldom change

/** What gaps are filled with, so that they are told from what was never to be recorded by more than a colour. */
export function hatching(c: CanvasRenderingContext2D, inks: Inks, ratio: number): CanvasPattern | string {
  const key = `${inks.gap} ${inks.lane} ${ratio}`;
  if (pattern?.key === key) return pattern.of;
  const size = Math.max(Math.round(6 * ratio), 4);
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const t = tile.getContext('2d');
  if (!t) return inks.gap;
  t.fillStyle = inks.lane;
  t.fillRect(0, 0, size, size);
  t.strokeStyle = inks.gap;
  t.lineWidth = 1.5 * ratio;
  for (const shift of [-size, 0, size]) {
    t.moveTo(shift - 1, size + 1);
    t.lineTo(shift + size + 1, -1);
  }
  t.stroke();
  const made = c.createPattern(tile, 'repeat');
  if (!made) return inks.gap;
  pattern = { key, of: made };
  return made;
}

function paintSelection(c: CanvasRenderingContext2D, s: Scene, sel: Selection, px: Px): void {
  const { marksY, height } = s.layout;
  const from = xOf(s.view, s.widthPx, sel.fromMs), to = Math.max(xOf(s.view, s.widthPx, sel.toMs), from + 1);
  if (to < 0 || from > s.widthPx) return;
  const y = px(marksY), h = px(height) - y;
  c.fillStyle = s.inks.selection;
  c.globalAlpha = 0.28;
  c.fillRect(Math.max(from, 0), y, Math.min(to, s.widthPx) - Math.max(from, 0), h);
  c.globalAlpha = 1;
  for (const [x, out] of [[from, -1], [to, 1]] as const) {
    c.fillRect(x - px(1), y, px(2), h);
    c.beginPath();
    c.roundRect(x - px(out < 0 ? 7 : 0), y + h / 2 - px(10), px(7), px(20), out < 0 ? [px(4), 0, 0, px(4)] : [0, px(4), px(4), 0]);
    c.fill();
  }
}

function paintMarks(c: CanvasRenderingContext2D, s: Scene, px: Px): Drawn[] {
  const { marksY, lanesY, lanePitch, laneHeight } = s.layout;
  const all: Drawn[] = [];
  for (const [lane, layers] of s.lanes.entries()) {
    const best = layers.at(-1);
    if (!best) continue;
    for (const f of flagsOf(best, s.view, s.widthPx, s.nowMs, MARK_APART * s.ratio)) {
      c.fillStyle = f.mark.keep ? s.inks.kept : s.inks.mark;
      const y = px(lanesY + lane * lanePitch + laneHeight) - px(3);
      if (laneHeight > 8) c.fillRect(Math.max(f.fromX, 0), y, Math.min(f.toX, s.widthPx) - Math.max(f.fromX, 0), px(3));
      all.push({ x: f.fromX / s.ratio, lane, mark: f.mark, count: f.count });
    }
  }
  const drawn = mergeMarks(all);
  for (const d of drawn) {
    c.fillStyle = d.mark.keep ? s.inks.kept : s.inks.mark;
    flag(c, px(d.x), px(marksY + 2), px(lanesY - 1), px(5), d.mark.keep);
  }
  return drawn;
}

/** Puts marks of several cameras that are near to each other into one. */
export function mergeMarks(all: Drawn[]): Drawn[] {
  const merged: Drawn[] = [];
  for (const d of all.sort((a, b) => a.x - b.x)) {
    const last = merged.at(-1);
    if (last && d.x - last.x < MARK_APART) last.count += d.count;
    else merged.push(d);
  }
  return merged;
}

// A drop that points to a moment; that of a mark which protects is square.
function flag(c: CanvasRenderingContext2D, x: number, top: number, tip: number, half: number, square: boolean): void {
  c.beginPath();
  if (square) c.rect(x - half, top, 2 * half, half * 1.6);
  else c.arc(x, top + half * 0.9, half * 0.9, 0, 2 * Math.PI);
  c.moveTo(x - half * 0.8, top + half * 1.2);
  c.lineTo(x + half * 0.8, top + half * 1.2);
  c.lineTo(x, tip);
  c.fill();
}

function paintLines(c: CanvasRenderingContext2D, s: Scene, px: Px): void {
  const { marksY, lanesY, height } = s.layout;
  const now = xOf(s.view, s.widthPx, s.nowMs), head = xOf(s.view, s.widthPx, s.headMs);
  c.fillStyle = s.inks.now;
  if (now >= 0 && now <= s.widthPx) c.fillRect(now, px(marksY), Math.max(px(1), 1), px(height - marksY));
  if (s.hoverX !== null) {
    c.fillStyle = s.inks.quiet;
    c.fillRect(px(s.hoverX), px(marksY), Math.max(px(1), 1), px(height - marksY));
  }
  if (head < -px(8) || head > s.widthPx + px(8)) return;
  c.beginPath();
  c.roundRect(head - px(6), px(marksY), px(12), px(lanesY - marksY - 5), px(4));
  c.moveTo(head - px(5), px(lanesY - 6));
  c.lineTo(head + px(5), px(lanesY - 6));
  c.lineTo(head, px(lanesY + 1));
  c.rect(head - px(1), px(marksY), px(2), px(height - marksY));
  c.strokeStyle = s.inks.back;
  c.lineWidth = px(2);
  c.stroke();
  c.fillStyle = s.live ? s.inks.now : s.inks.head;
  c.fill();
}
