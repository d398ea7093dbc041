import { expect, it } from 'vitest';

import { dialogs, opened } from './dialogs.svelte';

it('knows which dialog is above all others, in whatever order they close', () => {
  const [first, second, third] = [{}, {}, {}] as [Element, Element, Element];
  const closes = [first, second, third].map(opened);
  expect(dialogs.top).toBe(third);
  closes[1]!();
  expect(dialogs.top).toBe(third);
  closes[2]!();
  expect(dialogs.top).toBe(first);
  closes[0]!();
  expect(dialogs.top).toBeUndefined();
});
