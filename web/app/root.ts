// Where the server is: below which path a proxy shows it, nobody says, so it
// follows from where this script was loaded from.

/** The address of the server, with a slash at its end. */
export const root: URL = import.meta.env.DEV ? new URL('/', location.href) : new URL(/* @vite-ignore */ '../../', import.meta.url);

/** Makes an address of a path below the root, such as "api/v1/me" or "/camera/front". */
export function address(path: string): string {
  return new URL(`./${path.replace(/^\/+/, '')}`, root).href; // below the root, whatever the path looks like
}

/** Gives the path below the root of an address, with a slash in front; null where it is of elsewhere. */
export function below(url: URL, base: URL = root): string | null {
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return null;
  return `/${url.pathname.slice(base.pathname.length)}`;
}
