// Asks that the screen stays on.

/** Keeps the screen on, where the browser does. */
export class Awake {
  private lock: WakeLockSentinel | null = null;

  /** Asks for it, as long as that is still wanted. A page that was hidden has lost it, and is to ask again. */
  async keep(wanted: () => boolean): Promise<void> {
    if (!wanted() || document.hidden || !navigator.wakeLock) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (wanted()) this.lock = lock;
      else void lock.release();
    } catch {
      this.lock = null; // low battery, or not allowed: the broadcast goes on without
    }
  }

  release(): void {
    this.lock?.release().catch(() => {});
    this.lock = null;
  }
}
