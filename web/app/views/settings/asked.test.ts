import { expect, it, vi } from 'vitest';

vi.mock('../../api/client', () => ({ Problem: Error }));

import { Asked } from './asked.svelte';

it('takes answers that are newer than what it has, though it has asked again', async () => {
  const answer: ((value: number) => void)[] = [];
  const asked = new Asked(() => new Promise<number>((resolve) => answer.push(resolve)));
  void asked.again();
  void asked.again();
  for (const [n, shown] of [[1, 1], [0, 1], [2, 2]] as const) {
    answer[n]!(n);
    await Promise.resolve().then(() => undefined);
    expect(asked.value).toBe(shown);
  }
});
