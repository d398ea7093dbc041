// What somebody chose for a broadcast. It is kept for the next time, on this
// device; the address may say it too.

/** What is chosen. */
export interface Choices {
  /** "environment", "user", or "device:" and an id. */
  camera: string;
  width: number;
  height: number;
  /** Pictures a second. */
  fps: number;
  /** Of the JPEGs, 0 to 1. */
  quality: number;
  mirror: boolean;
}

const REMEMBERED = 'framegate-broadcast';

/** What is chosen where nobody did. */
export const usual: Readonly<Choices> = { camera: 'environment', width: 640, height: 480, fps: 15, quality: 0.7, mirror: false };

/** A size as it is written and kept. */
export function sizeText({ width, height }: Pick<Choices, 'width' | 'height'>): string {
  return `${width}×${height}`;
}

/** Reads what sizeText wrote; null where it did not. */
export function sizeOf(text: unknown): { width: number; height: number } | null {
  const match = /^(\d{2,4})×(\d{2,4})$/.exec(String(text));
  return match && { width: Number(match[1]), height: Number(match[2]) };
}

/** Keeps choices. */
export function remember(choices: Choices): void {
  const { camera, fps, quality, mirror } = choices;
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify({ camera, size: sizeText(choices), fps: String(fps), quality: String(quality), mirror }));
  } catch {
    // Storage is full or forbidden: the choices hold for now.
  }
}

/** Gives the choices of the last time, or the usual ones. */
export function recall(): Choices {
  let kept: Record<string, unknown> = {};
  try {
    kept = (JSON.parse(localStorage.getItem(REMEMBERED) ?? '{}') as Record<string, unknown> | null) ?? {};
  } catch {
    // It is not ours.
  }
  const { camera, size, fps, quality, mirror } = kept;
  return {
    camera: typeof camera === 'string' && camera ? camera : usual.camera,
    ...(sizeOf(size) ?? { width: usual.width, height: usual.height }),
    fps: within(fps, 0.1, 60) ?? usual.fps,
    quality: within(quality, 0.05, 1) ?? usual.quality,
    mirror: mirror === true,
  };
}

/** Takes choices from the address over, such as ?camera=user&width=640&height=480&fps=15&quality=0.7&mirror=1. */
export function fromQuery(choices: Choices, query: URLSearchParams): Choices {
  const number = (name: string, least: number, most: number): number | null => within(query.get(name), least, most);
  const width = number('width', 16, 8192);
  const height = number('height', 16, 8192);
  const camera = query.get('camera');
  return {
    camera: camera === 'user' || camera === 'environment' ? camera : choices.camera,
    ...(width && height ? { width, height } : { width: choices.width, height: choices.height }),
    fps: number('fps', 0.1, 60) ?? choices.fps,
    quality: number('quality', 0.05, 1) ?? choices.quality,
    mirror: query.has('mirror') ? query.get('mirror') !== '0' : choices.mirror,
  };
}

// within gives a number between two, or null.
function within(value: unknown, least: number, most: number): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return number >= least && number <= most ? number : null;
}

/**
 * Names this page to the server, over reloads, so that it takes over from itself instead of being told that the camera is taken.
 */
export function publisher(): string {
  let token = sessionStorage.getItem('publisher');
  if (!token) {
    token = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
    sessionStorage.setItem('publisher', token);
  }
  return token;
}
