// The address of a camera as people have it, often with a name and a password in it.

/** What an address says. */
export interface Source {
  /** Without name and password. */
  readonly address: string;
  readonly username: string;
  readonly password: string;
}

/** The part of an address before the colon, in small letters; "" for none, as where a port stands behind it. */
export function schemeOf(address: string): string {
  return /^\s*([a-z][a-z0-9-]*):(?!\d)/i.exec(address)?.[1]?.toLowerCase() ?? '';
}

/** What schemeOf says, but for FLV over HTTP, which its path tells: "flv", and over HTTPS "flvs". */
export function wireOf(address: string): string {
  const scheme = schemeOf(address);
  return /^[^/]+\/\/[^/?]+\/([^?]*[./])?flv(\s*$|\?)/i.test(address) ? scheme.replace('http', 'flv') : scheme;
}

/**
 * Takes the name and the password out of an address: of rtsp://admin:p@ss@10.0.0.5/1 the last @ before the path ends
 * them, since people paste passwords as they are. Null where there are none.
 */
export function splitSource(text: string): Source | null {
  const found = /^((?:rtsp|http)s?:\/\/)([^/?#]*)@(.*)$/i.exec(text.trim());
  if (!found) return null;
  const [, before = '', login = '', behind = ''] = found;
  const colon = login.indexOf(':');
  const name = colon < 0 ? login : login.slice(0, colon);
  const password = colon < 0 ? '' : login.slice(colon + 1);
  return { address: before + behind, username: decoded(name), password: decoded(password) };
}

// decoded reads %XX, and leaves what is no encoding of anything.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Makes an address of what was typed: a bare host becomes one of RTSP. */
export function withScheme(text: string): string {
  const address = text.trim();
  return !schemeOf(address) && /^[\w.-]+(:\d+)?($|\/)/.test(address) ? `rtsp://${address}` : address;
}

/** The host of an address; "" where it names none. */
export const hostOf = (address: string): string => /^\s*[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(address)?.[1] ?? '';

/**
 * Takes a login that came with the address of one host out of a draft whose address is of another, which is not to get
 * it. Gives whose the login in the draft is then, "" for one that was typed, or none.
 */
export function loginOf(host: string, draft: { source: string; username: string; password: string }): string {
  const at = hostOf(draft.source); // which whoever calls it depends on, also while there is none
  if (!host || at === host) return host;
  draft.username = draft.password = '';
  return '';
}

const NOTHING = /^(stream|streaming|live|cam|camera|video|h264|h265|main|sub|ch|channels?|mjpe?g|snapshot|axis-cgi|cgi-bin|media|\d+)\d*$/i;

/** Suggests an id for a camera: of its name for people, or of where it is. It is none of those that are taken. */
export function suggestId(name: string, address: string, taken: readonly string[]): string {
  const base = slug(name) || slug(hostWord(address)) || (schemeOf(address) === 'test' ? 'pattern' : 'camera');
  for (let n = 1; ; n++) {
    const id = n === 1 ? base : `${base.slice(0, 58)}-${n}`;
    if (!taken.includes(id)) return id;
  }
}

/** Makes an id of a name: a to z, 0 to 9 and single dashes. */
export function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/ä/g, 'ae').replace(/ö/g, 'oe').replace(/ü/g, 'ue').replace(/ß/g, 'ss')
    .normalize('NFD').replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60).replace(/-+$/, '');
}

// hostWord gives a name that an address has: that of the host, or of the path where that says more than "stream".
function hostWord(address: string): string {
  const found = /^[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)(?::\d+)?([^?#]*)/i.exec(address.trim());
  if (!found) return '';
  const [, host = '', path = ''] = found;
  if (/[a-z]/i.test(host) && !host.startsWith('[') && host !== 'localhost') return host.split('.')[0] ?? '';
  return path.split('/').find((part) => /[a-z]{3}/i.test(part) && !NOTHING.test(part.replace(/\.\w+$/, '')))?.replace(/\.\w+$/, '') ?? '';
}

/** What is looked at of a profile of a camera. */
export interface Profile {
  readonly source?: string;
  readonly codec?: string;
  readonly width?: number;
}

const TILE = 480; // px; wide enough for most tiles

/** The sub-stream of a camera that is taken from a source: of what is smaller the smallest that will do for a tile, and H.264 first. */
export function subOf(profiles: readonly Profile[], source: string): string {
  const most = profiles.find((profile) => profile.source === source)?.width ?? 0;
  const better = (a: Profile, b: Profile): number =>
    Number(b.codec === 'h264') - Number(a.codec === 'h264') || Number(b.width! >= TILE) - Number(a.width! >= TILE) || (a.width! >= TILE ? a.width! - b.width! : b.width! - a.width!);
  return profiles.filter(({ source, codec, width = 0 }) => source && codec && width > 0 && width < most).sort(better)[0]?.source ?? '';
}
