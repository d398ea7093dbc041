// How tiles are laid out: as large as they can be.

import type { Grid } from '../../chosen';

/** A grid: how many columns, and how wide a tile is in pixels of CSS. */
export interface Layout {
  readonly columns: number;
  readonly tile: number;
}

const RATIO = 16 / 9;
const SMALLEST = 260; // px; smaller tiles are scrolled for
const NARROW = 640; // px; a telephone, of which all the width is taken
const WHOLE_NARROW = 4; // so many or fewer are as wide as a telephone, and others half

/** Lays out so many tiles in a space. With a grid of n, n tiles fill the space and others are scrolled for. */
export function layout(tiles: number, width: number, height: number, gap: number, grid: Grid = 'auto'): Layout {
  if (tiles === 0 || width <= 0) return { columns: 1, tile: Math.max(0, width) };
  if (grid !== 'auto') {
    const side = Math.sqrt(grid);
    return { columns: side, tile: fit(side, side, width, height, gap) };
  }
  if (width < NARROW) {
    const columns = tiles <= WHOLE_NARROW ? 1 : 2;
    return { columns, tile: across(columns, width, gap) };
  }
  let best: Layout = { columns: 1, tile: 0 };
  for (let columns = 1; columns <= tiles; columns++) {
    const tile = fit(columns, Math.ceil(tiles / columns), width, height, gap);
    if (tile > best.tile) best = { columns, tile };
  }
  if (best.tile >= SMALLEST) return best;
  const columns = Math.max(1, Math.min(tiles, Math.floor((width + gap) / (SMALLEST + gap))));
  return { columns, tile: across(columns, width, gap) };
}

// fit is the width of a tile of which so many columns and rows fit.
function fit(columns: number, rows: number, width: number, height: number, gap: number): number {
  return Math.max(0, Math.min(across(columns, width, gap), Math.floor(((height - (rows - 1) * gap) / rows) * RATIO)));
}

function across(columns: number, width: number, gap: number): number {
  return Math.max(0, Math.floor((width - (columns - 1) * gap) / columns));
}

const SMALL = [320, 640, 1280]; // px; what is smaller is one of them, so that a tile does not begin anew with each pixel

/** The address of pictures for a tile so wide: those of a sub-stream, if they are as wide. */
export function smallest(address: string, width: number): string {
  const least = SMALL.find((step) => step >= width);
  return least === undefined ? address : `${address}?min_width=${least}`;
}
