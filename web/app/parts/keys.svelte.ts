// The keys of the keyboard that do something. A view registers its own while it
// is shown; "?" shows all of them.

import type { Text } from '../text.svelte';

/** A key, or several that do the same. */
export interface Key {
  /** As KeyboardEvent.key has them: 'f', 'ArrowLeft', ' '; with 'Shift+' in front where that has to be held. A capital letter is one with Shift. */
  readonly keys: readonly string[];
  /** What they do. */
  readonly does: Text;
  /** Does it; false: it was not for here, and the browser does what it would. Without it the key is only told, as those that the player hears itself. */
  readonly run?: (event: KeyboardEvent) => boolean | void;
}

/** Keys that belong together. */
export interface KeyGroup {
  readonly title: Text;
  readonly keys: readonly Key[];
}

let groups = $state.raw<readonly KeyGroup[]>([]);

/** The groups of the moment, the latest first. Reactive. */
export const keys = {
  get groups() {
    return groups;
  },
};

/** Has keys do something until the result is called: `onMount(() => registerKeys(texts.wall, [{ keys: ['f'], does: texts.fullscreen, run: … }]))`; within an effect it would begin anew for ever. */
export function registerKeys(title: Text, some: readonly Key[]): () => void {
  const group = { title, keys: some };
  groups = [group, ...groups];
  return () => {
    groups = groups.filter((other) => other !== group);
  };
}

/** Hears what is pressed anywhere, until the result is called. */
export function hearKeys(): () => void {
  addEventListener('keydown', pressed);
  return () => removeEventListener('keydown', pressed);
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || taken(event)) return;
  for (const group of groups) {
    for (const key of group.keys) {
      if (!key.run || !key.keys.some((name) => fits(name, event)) || key.run(event) === false) continue;
      event.preventDefault();
      return;
    }
  }
}

/** Says whether what is pressed is a key of that name. Signs such as "?" are where they are on a keyboard, with Shift or without. */
export function fits(name: string, event: Pick<KeyboardEvent, 'key' | 'shiftKey'>): boolean {
  const shift = name.startsWith('Shift+');
  const bare = shift ? name.slice('Shift+'.length) : name;
  const named = bare.length > 1 || bare === ' ';
  return event.key === bare && (!named || event.shiftKey === shift);
}

// taken says whether the key is for something else: a field, a control that
// uses it, or a dialog above the page.
function taken(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  if (document.querySelector('dialog[open]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches('textarea, select, input:not([type="checkbox"], [type="radio"], [type="button"])')) return true;
  const moves = /^(Arrow|Page|Home$|End$)/.test(event.key);
  if (moves) return target.closest('[role="slider"], [role="tablist"], [role="listbox"], [role="menu"], [role="grid"], input[type="radio"]') !== null;
  return (event.key === ' ' || event.key === 'Enter') && target.closest('a[href], button, summary, input, [role="button"]') !== null;
}
