// Texts of turning a camera.

import type { Text } from '../text.svelte';

export const ptz = {
  title: ['Turn the camera', 'Kamera schwenken'],
  left: ['Left', 'Nach links'],
  right: ['Right', 'Nach rechts'],
  up: ['Up', 'Nach oben'],
  down: ['Down', 'Nach unten'],
  nearer: ['Zoom in', 'Heranzoomen'],
  away: ['Zoom out', 'Herauszoomen'],
  home: ['Home position', 'Grundstellung'],
  speed: ['Speed', 'Tempo'],
  presets: ['Positions', 'Positionen'],
  none: ['None is kept yet', 'Noch keine gespeichert'],
  name: ['Name of this position', 'Name dieser Position'],
  short: ['Name', 'Name'],
  keep: ['Keep', 'Merken'],
  kept: ['The position is kept.', 'Die Position ist gespeichert.'],
  forget: (name: string): Text => [`Forget ${name}`, `${name} vergessen`],
  forgetWords: (name: string): Text => [`The camera forgets the position ${name}.`, `Die Kamera vergisst die Position ${name}.`],
  forgotten: ['The position is forgotten.', 'Die Position ist vergessen.'],
} as const satisfies Record<string, Text | ((name: string) => Text)>;
