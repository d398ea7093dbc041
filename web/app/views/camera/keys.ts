// The keys of the page of a camera.

import { camera as texts } from '../../texts/camera';
import type { Key } from '../../parts/keys.svelte';

/** What a key or a button does. */
export type Deed = keyof typeof texts.keyWords;

const table: readonly [key: string, deed: Deed][] = [
  [' ', 'toggle'], ['j', 'slower'], ['k', 'stop'], ['l', 'faster'], [',', 'stepBack'], ['.', 'stepOn'], ['ArrowLeft', 'backTen'], ['ArrowRight', 'onTen'], ['End', 'live'],
  ['i', 'in'], ['o', 'out'], ['m', 'mark'], ['f', 'full'], ['a', 'mute'], ['s', 'snapshot'],
];

// Deeds for who may see what was recorded.
const ofPast: ReadonlySet<Deed> = new Set(['toggle', 'slower', 'stop', 'faster', 'stepBack', 'stepOn', 'backTen', 'onTen', 'live', 'in', 'out', 'mark']);

// Deeds that go on while a key is held.
const held: ReadonlySet<Deed> = new Set(['stepBack', 'stepOn', 'backTen', 'onTen']);

/** The keys of who may see what was recorded, or not, in the order in which they are shown. */
export function keysFor(past: boolean, deeds: Record<Deed, () => void>): Key[] {
  return table.filter(([, deed]) => past || !ofPast.has(deed)).map(([key, deed]) => ({ keys: [key], does: texts.keyWords[deed], run: ({ repeat }) => void ((!repeat || held.has(deed)) && deeds[deed]()) }));
}
