// Which cameras are on the wall, and in which order.

import type { Preferences } from '../../chosen';

/** What is known of a camera here. */
export interface Named {
  readonly id: string;
  readonly name?: string;
}

// Names of these letters alone are in the order of their codes, which a browser finds without its tables of all languages:
// to get those takes it longer than to make the first tiles.
const PLAIN = /^[ 0-9a-z]*$/i;

/** Puts cameras in the order that was chosen; those of which nothing was chosen follow, by name. */
export function ordered<C extends Named>(cameras: readonly C[], order: readonly string[] = []): C[] {
  const place = new Map(order.map((id, i) => [id, i]));
  const of = (camera: C): number => place.get(camera.id) ?? order.length;
  const byCode = (a: string, b: string): number => Number(a > b) - Number(a < b);
  const byName = cameras.every((camera) => PLAIN.test(title(camera)))
    ? (a: string, b: string) => byCode(a.toLowerCase(), b.toLowerCase()) || byCode(b, a) // small letters before large
    : (a: string, b: string) => a.localeCompare(b);
  return [...cameras].sort((a, b) => of(a) - of(b) || byName(title(a), title(b)));
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
