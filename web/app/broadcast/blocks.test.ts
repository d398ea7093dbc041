import { afterEach, expect, it, vi } from 'vitest';

import { BLOCK_FRAMES, Blocks, type Block } from './blocks';
import { Clock } from './clock';

afterEach(() => vi.restoreAllMocks());

it('makes blocks of one channel, and says of which frame each begins', () => {
  const blocks: Block[] = [];
  const make = new Blocks((block) => blocks.push(block));
  for (let frame = 1000; frame < 1000 + 128 * 16; frame += 128) {
    const left = Float32Array.from({ length: 128 }, (_, i) => frame + i);
    make.add([left, left.map((x) => -x + 2)], frame);
  }
  make.add([], 5000);
  expect(blocks.map(({ first }) => first)).toEqual([1000, 1000 + BLOCK_FRAMES]);
  expect(blocks.every(({ samples }) => samples.length === BLOCK_FRAMES && samples.every((x) => x === 1))).toBe(true);
  expect(blocks[0]?.samples.buffer).not.toBe(blocks[1]?.samples.buffer);
});

it('takes that the block that came fastest was on its way for no time', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const clock = new Clock(48_000);
  for (const [ms, delay] of [[1000, 30], [1020, 5], [1040, 80]] as const) {
    now = 7000 + ms + delay;
    clock.note(ms * 48);
  }
  expect(clock.ms(1_020_000)).toBeCloseTo(8025);
  for (let i = 0; i < 300; i++) { // the clocks drift: what was long ago counts no more
    now = 7100 + 2000 + i * 20;
    clock.note((2000 + i * 20) * 48);
  }
  expect(clock.ms(3_000_000)).toBeCloseTo(10_100);
});
