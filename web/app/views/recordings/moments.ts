// Of which moments there may be a small picture of a mark.

const GRID_MS = 10_000; // the server has one for each ten seconds

/** The moments to ask for, one after another until there is a picture: just behind the start, and just before it. */
export function momentsOf(startMs: number, nowMs: number): string[] {
  const before = Math.floor(startMs / GRID_MS) * GRID_MS;
  return [before + GRID_MS, before].filter((ms) => ms < nowMs).map((ms) => new Date(ms).toISOString().replace('.000', ''));
}
