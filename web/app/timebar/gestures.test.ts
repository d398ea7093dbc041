import { describe, expect, it } from 'vitest';
import { Gestures, type Point } from './gestures';

const at = (x: number, touch = false): Point => ({ x, y: 10, touch, shift: false });

function rig() {
  const told: string[] = [];
  const gestures = new Gestures({
    press: (p) => told.push(`press ${p.x}`),
    tap: (p) => told.push(`tap ${p.x}`),
    drag: (p, dx) => told.push(`drag ${p.x} ${dx}`),
    drop: (speed) => told.push(`drop ${speed.toFixed(1)}`),
    pinch: (factor, x, dx) => told.push(`pinch ${factor.toFixed(2)} ${x} ${dx}`),
    release: () => told.push('release'),
  });
  return { told, gestures };
}

describe('Gestures', () => {
  it('taps, also with a finger that is not quite still', () => {
    const { told, gestures } = rig();
    gestures.down(1, at(100), 0);
    gestures.move(1, at(103), 10);
    gestures.up(1, 20);
    gestures.down(2, at(100, true), 100);
    gestures.move(2, at(107, true), 110);
    expect(gestures.busy).toBe(true);
    gestures.up(2, 120);
    expect(told).toEqual(['press 100', 'tap 103', 'release', 'press 100', 'tap 107', 'release']);
    expect(gestures.busy).toBe(false);
  });

  it('drags from where it began, and says how fast it was let go', () => {
    const { told, gestures } = rig();
    gestures.down(1, at(100), 0);
    for (let t = 10; t <= 50; t += 10) gestures.move(1, at(100 + t), t);
    gestures.up(1, 50);
    expect(told).toEqual(['press 100', 'drag 110 10', 'drag 120 20', 'drag 130 30', 'drag 140 40', 'drag 150 50', 'drop 1.0', 'release']);
  });

  it('goes back to where it began', () => {
    const { told, gestures } = rig();
    gestures.down(1, at(100), 0);
    gestures.move(1, at(130), 10);
    gestures.move(1, at(100), 20);
    gestures.up(1, 500);
    expect(told.slice(-3)).toEqual(['drag 100 0', 'drop 0.0', 'release']);
  });

  it('pinches, and a finger that is left over does nothing', () => {
    const { told, gestures } = rig();
    gestures.down(1, at(100, true), 0);
    gestures.down(2, at(200, true), 5);
    gestures.move(2, at(300, true), 10);
    gestures.move(1, at(90, true), 15);
    gestures.up(2, 20);
    gestures.move(1, at(10, true), 25);
    gestures.up(1, 30);
    expect(told).toEqual(['press 100', 'pinch 2.00 200 50', 'pinch 1.05 195 -5', 'release']);
  });

  it('drops what it dragged when a second finger comes, or the browser takes over', () => {
    const { told, gestures } = rig();
    gestures.down(1, at(100), 0);
    gestures.move(1, at(150), 10);
    gestures.down(2, at(300), 20);
    expect(told.at(-1)).toBe('drop 0.0');
    gestures.cancel(1);
    gestures.cancel(2);
    gestures.down(3, at(100), 100);
    gestures.move(3, at(150), 110);
    gestures.cancel(3);
    expect(told.slice(-3)).toEqual(['drag 150 50', 'drop 0.0', 'release']);
  });

  it('never divides by fingers that are at one place', () => {
    const { told, gestures } = rig();
    gestures.down(1, at(100), 0);
    gestures.down(2, at(100), 0);
    gestures.move(2, at(116), 10);
    expect(told.at(-1)).toBe('pinch 1.00 108 8');
  });
});
