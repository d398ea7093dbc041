// Whether somebody wants no welcome in this browser.

const KEY = 'framegate-welcomed';

/** Says whether it was skipped. */
export function isSkipped(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return true; // storage is forbidden, and it would come again and again
  }
}

/** Skips it from now on. */
export function skip(): void {
  try {
    localStorage.setItem(KEY, '1');
  } catch {
    // Nor is it asked for then.
  }
}
