// Which cameras are on the wall, and in which order.

import type { Preferences } from '../../chosen';

/** What is known of a camera here. */
export interface Named {
  readonly id: string;
  readonly name?: string;
}

/** Puts cameras in the order that was chosen; those of which nothing was chosen follow, by name. */
export function ordered<C extends Named>(cameras: readonly C[], order: readonly string[] = []): C[] {
  const place = new Map(order.map((id, i) => [id, i]));
  const of = (camera: C): number => place.get(camera.id) ?? order.length;
  return [...cameras].sort((a, b) => of(a) - of(b) || title(a).localeCompare(title(b)));
}

/** Gives those to be shown: of a group, all of them that are not hidden, and of these whose name has a text in it. */
export function shown<C extends Named>(cameras: readonly C[], { hidden = [], groups = [] }: Preferences, group: string | null, text = ''): C[] {
  const members = group === null ? null : groups.find(({ name }) => name === group)?.cameras;
  const wanted = text.trim().toLocaleLowerCase();
  return cameras.filter((camera) => {
    if (members ? !members.includes(camera.id) : hidden.includes(camera.id)) return false;
    return wanted === '' || title(camera).toLocaleLowerCase().includes(wanted) || camera.id.includes(wanted);
  });
}

/** Moves one before another, or to the end: the new order of all. */
export function moved(ids: readonly string[], id: string, before: string | null): string[] {
  const others = ids.filter((other) => other !== id);
  const at = before === null ? others.length : others.indexOf(before);
  return at < 0 ? [...ids] : [...others.slice(0, at), id, ...others.slice(at)];
}

/** What people call a camera. */
export function title(camera: Named): string {
  return camera.name || camera.id;
}
