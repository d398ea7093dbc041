// How a player looks. Pages change it through the parts and the properties
// named here.

const rules = `
:host {
  display: block; position: relative; overflow: hidden; contain: content;
  aspect-ratio: var(--framegate-aspect, 16 / 9); min-height: 3rem;
  background: var(--framegate-background, #0b0d10); color: #fff;
  --chip: rgb(255 255 255 / 0.9); --ink: #1a1d23; --line: rgb(0 0 0 / 0.15); --focus: #2563c9;
  font: 0.875rem/1.35 system-ui, sans-serif;
}
:host([hidden]) { display: none; }
[hidden] { display: none !important; }
.picture, .picture > * { position: absolute; inset: 0; width: 100%; height: 100%; }
.picture > * { object-fit: var(--framegate-fit, contain); border: 0; }
.poster { opacity: 1; transition: opacity 120ms; }
.pictured .poster { opacity: 0; pointer-events: none; }
.stale .picture { filter: saturate(0.4) brightness(0.7); }
.bar {
  position: absolute; inset: auto 0 0 0; padding: 0.5rem;
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.375rem;
}
.chip, button {
  max-width: 100%; padding: 0.2rem 0.55rem; border: 1px solid var(--line); border-radius: 0.5rem;
  background: var(--chip); color: var(--ink); overflow-wrap: anywhere; font: inherit;
}
@media (prefers-color-scheme: dark) {
  :host { --chip: rgb(17 20 24 / 0.88); --ink: #e8eaee; --line: rgb(255 255 255 / 0.18); --focus: #7fb0ff; }
}
.live .state { position: absolute; width: 1px; height: 1px; padding: 0; overflow: hidden; clip-path: inset(50%); border: 0; }
.delay { margin-inline-start: auto; font-variant-numeric: tabular-nums; }
button { min-height: 2rem; cursor: pointer; }
.mute { display: flex; align-items: center; padding: 0 0.4rem; margin-inline-start: auto; }
.mute svg { width: 1.25rem; height: 1.25rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; }
.mute .body { fill: currentColor; stroke-linejoin: round; }
.mute:not(.silent) .stroke, .mute.silent .waves { display: none; }
input { width: 5rem; height: 2rem; margin: 0; margin-inline-start: auto; accent-color: var(--focus); }
.delay:not([hidden]) ~ *, input:not([hidden]) + .mute { margin-inline-start: 0; }
button:focus-visible, input:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) { .poster { transition: none; } }
@media (forced-colors: active) { .chip, button { border-color: CanvasText; } }
`;

let shared: CSSStyleSheet | undefined;

/** The style sheet that all players of a page share. It is built by script, so that pages may forbid inline styles. */
export function styleSheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet();
    shared.replaceSync(rules);
  }
  return shared;
}
