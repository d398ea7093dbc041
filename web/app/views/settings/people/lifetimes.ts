// How long something that is made is good, as choices.

import type { Text } from '../../../text.svelte';
import { people } from '../../../texts/settings-people';

/** The choices, with the texts that the server reads; '' is for ever. */
export const lifetimes: readonly (readonly [expiresIn: string, text: Text])[] = [
  ['', people.endsNever],
  ['1h', people.endsIn1h],
  ['1d', people.endsIn1d],
  ['7d', people.endsIn7d],
  ['30d', people.endsIn30d],
  ['90d', people.endsIn90d],
  ['365d', people.endsIn365d],
];

/** Whether a link that is good for so long ends by itself, and is not listed. */
export function isShort(expiresIn: string): boolean {
  return ['1h', '1d', '7d'].includes(expiresIn);
}
