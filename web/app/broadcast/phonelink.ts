// The address that a phone opens to become the camera.

import type { Schemas } from '../api/client';

/** Says whether a host is this very machine, wherever it is said. */
export function isLocal(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || name.endsWith('.localhost') || /^127\./.test(name) || name === '::1' || name === '0.0.0.0';
}

/** Gives the origins by which a phone may reach the server: the page's own, or what the server tells of its names. */
export function originsFor(page: Pick<URL, 'protocol' | 'host' | 'port' | 'origin'>, server: Schemas['AboutServer'] | null): string[] {
  if (!isLocal(page.host)) return [page.origin];
  const names = [...(server?.system?.hosts ?? []), ...(server?.system?.tls.certificates ?? []).flatMap(({ names }) => names)];
  const port = page.port && `:${page.port}`;
  const useful = names.filter((name) => name && !name.includes('*') && !isLocal(name) && !isLocal(`[${name}]`) && !name.startsWith('fe80:'));
  const hosts = useful.sort((a, b) => reach(b) - reach(a)).map((name) => (name.includes(':') ? `[${name}]` : name));
  return [...new Set(hosts)].map((host) => `${page.protocol}//${host}${port}`);
}

// reach says how likely a phone finds a name: an address of IPv4 most, then names
// that are whole, or of mDNS.
function reach(name: string): number {
  if (/^\d+(\.\d+){3}$/.test(name)) return 3;
  return name.includes(':') ? 1 : name.includes('.') ? 2 : 0;
}

const HOST = /^(\[[\da-f:.]+\]|[a-z\d._-]+)$/; // browsers have spaces in one, as %20

/** Reads an origin that somebody wrote, such as cam.lan:8080; null where it is none. */
export function originOf(text: string, protocol: string): string | null {
  const whole = /^https?:\/\//i.test(text) ? text : `${protocol}//${text}`;
  if (!text.trim() || !URL.canParse(whole)) return null;
  const { hostname, origin } = new URL(whole);
  return HOST.test(hostname) ? origin : null;
}
