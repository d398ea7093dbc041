// Where things are on a bar, from top to bottom: the days, the times, the marks, and a
// lane for each camera. In pixels of CSS.

/** Where the parts of a bar are. */
export interface Layout {
  periodsY: number;
  ticksY: number;
  marksY: number;
  lanesY: number;
  laneHeight: number;
  lanePitch: number;
  height: number;
}

const ROW = 19, MARKS = 15, FOOT = 2;
const SINGLE = 34, ALL = 104, THICKEST = 20, THINNEST = 5;

/** Lays out a bar for so many cameras. */
export function layoutOf(cameras: number): Layout {
  const lanesY = 2 * ROW + MARKS;
  const gap = cameras > 1 ? 2 : 0;
  const laneHeight = cameras <= 1 ? SINGLE : Math.max(THINNEST, Math.min(THICKEST, Math.floor(ALL / cameras) - gap));
  const lanePitch = laneHeight + gap;
  return { periodsY: 0, ticksY: ROW, marksY: 2 * ROW, lanesY, laneHeight, lanePitch, height: lanesY + Math.max(cameras, 1) * lanePitch - gap + FOOT };
}

/** The lane that is at a height, or the nearest. */
export function laneAt(l: Layout, cameras: number, y: number): number {
  return Math.max(0, Math.min(cameras - 1, Math.floor((y - l.lanesY) / l.lanePitch)));
}
