// Still pictures to look at while a player connects.

const AT_ONCE = 2; // on a page: browsers have six connections to a server over HTTP/1.1, and the page needs some
const WITHIN_MS = 4000;

let loading = 0;
const queue: (() => void)[] = [];

/**
 * Loads a picture into an image, when it is this one's turn. Resolves to
 * whether it is there. Aborting stops the request, and gives false.
 */
export async function loadPoster(image: HTMLImageElement, url: URL, signal: AbortSignal): Promise<boolean> {
  while (loading >= AT_ONCE && !signal.aborted) {
    await new Promise<void>((resolve) => {
      queue.push(resolve);
      const leave = (): void => {
        const at = queue.indexOf(resolve);
        if (at >= 0) queue.splice(at, 1); // or whose turn it is would be told to who is gone
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
    });
  }
  if (signal.aborted) {
    if (loading < AT_ONCE) queue.shift()?.(); // it was this one's turn
    return false;
  }
  loading++;
  const loaded = await load(image, url, signal);
  loading--;
  queue.shift()?.();
  return loaded;
}

function load(image: HTMLImageElement, url: URL, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const late = setTimeout(() => done(false), WITHIN_MS);
    const done = (loaded: boolean) => {
      clearTimeout(late);
      image.onload = image.onerror = null;
      if (!loaded) image.removeAttribute('src'); // which ends the request
      resolve(loaded);
    };
    signal.addEventListener('abort', () => done(false), { once: true });
    image.onload = () => done(true);
    image.onerror = () => done(false);
    image.src = url.href;
  });
}

/**
 * Asks over HTTP why a WebSocket cannot be had. Gives the server's words, ''
 * if it would have given a picture, and null if there is no answer.
 */
export async function askWhy(url: URL, signal: AbortSignal): Promise<string | null> {
  const asking = new AbortController();
  const stop = () => asking.abort();
  const late = setTimeout(stop, WITHIN_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const response = await fetch(url, { signal: asking.signal });
    if (!response.ok) return firstLine(await response.text()) || `The server answers ${response.status}.`;
    await response.body?.cancel();
    return '';
  } catch {
    // Pages of other sites may not read answers, but may show pictures.
    return (await load(new Image(), url, signal)) ? '' : null;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', stop);
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.slice(0, 200);
}
