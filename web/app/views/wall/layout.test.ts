import { describe, expect, it } from 'vitest';

import { layout, smallest } from './layout';

describe('the layout of tiles', () => {
  it('makes one camera as large as the screen lets it', () => {
    expect(layout(1, 1600, 900, 8)).toEqual({ columns: 1, tile: 1600 });
    expect(layout(1, 1600, 450, 8)).toEqual({ columns: 1, tile: 800 });
  });
  it('makes tiles as large as they can be', () => {
    expect(layout(4, 1600, 900, 0)).toEqual({ columns: 2, tile: 800 });
    expect(layout(2, 1600, 450, 0)).toEqual({ columns: 2, tile: 800 });
    expect(layout(2, 800, 900, 0)).toEqual({ columns: 1, tile: 800 });
    expect(layout(16, 1600, 900, 0).columns).toBe(4);
  });
  it('fits into any screen, of which it never asks for more than its width', () => {
    for (const width of [320, 360, 768, 1440, 3840]) {
      for (let tiles = 1; tiles <= 100; tiles++) {
        const { columns, tile } = layout(tiles, width, width / 2, 6);
        expect(columns * tile + (columns - 1) * 6).toBeLessThanOrEqual(width);
        expect(tile).toBeGreaterThan(width < 640 ? 100 : 250);
      }
    }
  });
  it('scrolls rather than making tiles too small', () => {
    expect(layout(100, 1440, 700, 8)).toEqual({ columns: 5, tile: 281 });
  });
  it('has few cameras as wide as a telephone, and many beside each other', () => {
    expect(layout(4, 360, 600, 8)).toEqual({ columns: 1, tile: 360 });
    expect(layout(5, 360, 600, 8)).toEqual({ columns: 2, tile: 176 });
    expect(layout(20, 360, 600, 8)).toEqual({ columns: 2, tile: 176 });
  });
  it('fills the screen with as many as somebody chose', () => {
    expect(layout(30, 1600, 900, 0, 9)).toEqual({ columns: 3, tile: 533 });
    expect(layout(1, 1600, 900, 0, 4)).toEqual({ columns: 2, tile: 800 });
  });
});

it.each([[0, 320], [320, 320], [321, 640], [1000, 1280], [1281, 0], [Infinity, 0]])('a tile %i px wide is shown pictures of %i', (width, least) => {
  expect(smallest('live/x', width)).toBe(least ? `live/x?min_width=${least}` : 'live/x');
});
