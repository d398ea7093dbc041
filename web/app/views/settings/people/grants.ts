// What somebody may do, as the server writes it: admin, metrics, add, or an action with a camera,
// as view:front or view:*.

export const ACTIONS = ['view', 'playback', 'publish', 'ptz'] as const;
export type Action = (typeof ACTIONS)[number];

/** What a link can be for. */
export const LINKED = ['view', 'playback', 'publish'] as const;

/** All cameras, in place of one. */
export const ALL = '*';

/** Says whether something is allowed with a camera by itself, or for all. */
export function allows(grants: readonly string[], action: Action, camera: string): boolean {
  return grants.includes(`${action}:${camera}`) || grants.includes(`${action}:${ALL}`);
}

/** Gives grants with one more or less. */
export function withGrant(grants: readonly string[], grant: string, given: boolean): string[] {
  const others = grants.filter((other) => other !== grant);
  return given ? [...others, grant] : others;
}

/** The cameras that grants name, ALL left out. */
export function camerasOf(grants: readonly string[]): string[] {
  return [...new Set(grants.flatMap((grant) => /^(?:view|playback|publish|ptz):(.+)$/.exec(grant)?.[1] ?? []))].filter((camera) => camera !== ALL);
}

/** What is sent: who may do everything needs no more than that, and what all cameras have none has besides. */
export function tidy(grants: readonly string[]): string[] {
  if (grants.includes('admin')) return ['admin'];
  return grants.filter((grant) => {
    const [action = '', camera] = grant.split(':');
    return camera === undefined || camera === ALL || !grants.includes(`${action}:${ALL}`);
  });
}

/** What is allowed with which cameras, for a sentence: [["view", ["*"]], ["publish", ["phone"]]]. */
export function summary(grants: readonly string[]): [action: Action, cameras: string[]][] {
  return ACTIONS.map((action): [Action, string[]] => {
    const cameras = grants.filter((grant) => grant.startsWith(`${action}:`)).map((grant) => grant.slice(action.length + 1));
    return [action, cameras.includes(ALL) ? [ALL] : cameras];
  }).filter(([, cameras]) => cameras.length > 0);
}
