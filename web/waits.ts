// What the tests of all of the web have before each file: waits that a machine without a processor to spare does not end.

import { vi } from 'vitest';

/** How long a test waits for what is to happen at once; a second, which is the usual, may pass without a turn. */
const CEILING_MS = 60_000;

const { waitFor, waitUntil } = vi;
const patient = (options?: number | { timeout?: number; interval?: number }): { timeout?: number; interval?: number } =>
  typeof options === 'number' ? { timeout: options } : { timeout: CEILING_MS, ...options };

vi.waitFor = (so, options) => waitFor(so, patient(options));
vi.waitUntil = (so, options) => waitUntil(so, patient(options));
