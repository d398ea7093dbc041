import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Stage } from './stage';

// What the element has its player do, and where that shows itself.
const done: string[] = [];
let stage: Stage;

vi.mock('./player', () => ({
  Player: class {
    constructor(_address: unknown, _mode: string, on: Stage) {
      stage = on;
    }
    start = () => done.push('start');
    stop = () => done.push('stop');
    close = () => done.push('close');
    setVolume(): void {}
    setMuted(): void {}
  },
}));
vi.mock('./posters', () => ({ loadPoster: () => Promise.resolve(false) }));
vi.mock('./view', () => ({
  View: class {
    show(): void {}
    clear(): void {}
    posted(): void {}
    loudness(): void {}
    delayed(): void {}
    say(): void {}
  },
}));

let see: (isIntersecting: boolean) => void; // the element is on the screen, or not
const page = Object.assign(new EventTarget(), { baseURI: 'http://gate.test/', visibilityState: 'visible' });

beforeEach(() => {
  vi.useFakeTimers();
  done.length = 0;
  page.visibilityState = 'visible';
  vi.stubGlobal('HTMLElement', class extends EventTarget {
    attachShadow = () => null;
    getAttribute = (name: string) => (name === 'src' ? '/live/front' : name === 'poster' ? 'none' : null);
    hasAttribute = () => false;
    getBoundingClientRect = () => ({});
  });
  vi.stubGlobal('IntersectionObserver', class {
    constructor(seen: (entries: { isIntersecting: boolean }[]) => void) {
      see = (isIntersecting) => seen([{ isIntersecting }]);
    }
    observe(): void {}
    disconnect(): void {}
  });
  vi.stubGlobal('customElements', { get: () => undefined, define: () => {} });
  vi.stubGlobal('document', page);
  vi.stubGlobal('window', new EventTarget());
  vi.stubGlobal('self', {});
  vi.stubGlobal('parent', {}); // a page in another
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// look has the page be looked at, or another instead of it.
async function look(visibilityState: 'visible' | 'hidden'): Promise<void> {
  page.visibilityState = visibilityState;
  page.dispatchEvent(new Event('visibilitychange'));
  await vi.advanceTimersByTimeAsync(1000);
}

// player gives an element that is on the screen, and shows its camera on a surface.
async function player() {
  const { FramegatePlayer } = await import('./element');
  const element = new FramegatePlayer();
  element.connectedCallback();
  see(true);
  const surface = new EventTarget();
  stage.show(surface as HTMLElement, 'mse');
  done.length = 0;
  return { element, surface };
}

test('who looks at another page, or scrolls away, has it stop', async () => {
  const { element } = await player();
  await look('hidden');
  expect(done).toEqual(['stop']);
  await look('visible');
  expect(done).toEqual(['stop', 'start']);
  see(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(done).toEqual(['stop', 'start', 'stop']);
  element.disconnectedCallback();
});

test('picture in picture goes on whatever page is looked at, until it is closed', async () => {
  const { element, surface } = await player();
  surface.dispatchEvent(new Event('enterpictureinpicture'));
  await look('hidden');
  see(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(done).not.toContain('stop');
  surface.dispatchEvent(new Event('leavepictureinpicture'));
  await vi.advanceTimersByTimeAsync(1000);
  expect(done.at(-1)).toBe('stop');
  element.disconnectedCallback();
});
