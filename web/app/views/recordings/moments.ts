// Of which moments there may be a small picture of a mark.

const GRID_MS = 10_000; // the server has one for each ten seconds

/**
 * The moments to ask for, one after another until there is a picture: the first that lies
 * in the mark, or else the nearest, and then the other one beside its start. endMs is null
 * where the mark is still open.
 */
export function momentsOf(startMs: number, endMs: number | null, nowMs: number): string[] {
  const before = Math.floor(startMs / GRID_MS) * GRID_MS;
  const behind = Math.ceil(startMs / GRID_MS) * GRID_MS;
  const inside = behind <= (endMs ?? nowMs);
  const order = inside || behind - startMs < startMs - before ? [behind, before] : [before, behind];
  return [...new Set(order)].filter((ms) => ms <= nowMs).map((ms) => new Date(ms).toISOString().replace('.000', ''));
}
