// Addresses of a camera for other programs.

/** How long a signed address is good; '': until it is revoked. */
export type Term = '1h' | '12h' | '7d' | '30d' | '';

/** The terms that somebody may choose: lasting links are for admins. */
export function termsFor(admin: boolean): readonly Term[] {
  return admin ? ['1h', '12h', '7d', '30d', ''] : ['1h', '12h', '7d'];
}

/** Makes an address of the API absolute, with more of a query. */
export function absolute(link: string, query: Record<string, string> = {}): string {
  const url = new URL(link, location.origin);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  return url.href;
}
