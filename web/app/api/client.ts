// The server's API, with the types of its document.

import { address } from '../root';
import { language, t } from '../text.svelte';
import { common } from '../texts/common';
import type { components, paths } from './schema';

/** What the document calls by name, such as Schemas['Camera']. */
export type Schemas = components['schemas'];

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never }[keyof paths];
type OperationOf<M extends Method, P extends PathOf<M>> = paths[P][M];
type Json<T> = T extends { content: { 'application/json': infer B } } ? B : undefined;
type ResultOf<O> = O extends { responses: infer R } ? Json<R[Extract<keyof R, 200 | 201 | 202>]> : never;
type BodyOf<O> = O extends { requestBody?: infer R } ? ([Exclude<R, undefined>] extends [never] ? never : Exclude<R, undefined> extends { content: { 'application/json': infer B } } ? B : never) : never;
type ParametersOf<O, K extends 'path' | 'query'> = O extends { parameters: { [_ in K]?: infer Q } } ? Exclude<Q, undefined> : never;

/** What can be asked, and what is answered. */
export type Asked = PathOf<'get'>;
export type Answer<P extends Asked> = ResultOf<OperationOf<'get', P>>;

/** What goes along with a call. With keepalive it goes on when the page is left. */
export type Ask<O> = { signal?: AbortSignal; keepalive?: boolean; headers?: Record<string, string> } & ([BodyOf<O>] extends [never] ? { body?: never } : { body: BodyOf<O> }) &
  ([ParametersOf<O, 'path'>] extends [never] ? { path?: never } : { path: ParametersOf<O, 'path'> }) &
  ([ParametersOf<O, 'query'>] extends [never] ? { query?: never } : { query?: ParametersOf<O, 'query'> });

/** Why a call failed: what the server said (RFC 9457), or that it cannot be reached (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What is wrong where in the body, such as {location: "body.source", detail: "…"}. */
    readonly faults: readonly { location?: string; detail?: string }[] = [],
    /** After how many seconds to ask again, where the server says so. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

type Args<O> = Record<string, never> extends Ask<O> ? [ask?: Ask<O>] : [ask: Ask<O>];

/**
 * Calls the API: `await call('get', '/api/v1/cameras/{id}', { path: { id } })`. It throws a Problem; where nobody is
 * logged in any more, whoever set onUnauthorized is told as well.
 */
export async function call<M extends Method, P extends PathOf<M>>(method: M, path: P, ...[ask]: Args<OperationOf<M, P>>): Promise<ResultOf<OperationOf<M, P>>> {
  const { body, path: inPath, query, signal, headers, keepalive = false } = (ask ?? {}) as { body?: unknown; path?: object; query?: object; signal?: AbortSignal; headers?: Record<string, string>; keepalive?: boolean };
  const request: RequestInit = { keepalive, method: method.toUpperCase(), headers: { Accept: 'application/json', ...headers } };
  if (signal) request.signal = signal;
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers = { ...request.headers, 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await fetch(addressOf(path, inPath, query), request);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, t(common.unreachable));
  }
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as ResultOf<OperationOf<M, P>>;
}

/** Makes the address of an operation. */
export function addressOf(path: string, inPath: object = {}, query: object = {}): string {
  const filled = Object.entries(inPath).reduce((text, [key, value]) => text.replace(`{${key}}`, encodeURIComponent(String(value))), path);
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) parameters.append(key, String(one));
  }
  const text = parameters.toString();
  return address(filled) + (text && `?${text}`);
}

const unauthorized = new Set<() => void>();

/** Has f called whenever the server answers that nobody is logged in. */
export function onUnauthorized(f: () => void): void {
  unauthorized.add(f);
}

async function problemOf(response: Response): Promise<Problem> {
  if (response.status === 401) for (const tell of unauthorized) tell();
  const told = (await response.json().catch(() => ({}))) as Partial<Schemas['Problem']>;
  const after = Number(response.headers.get('Retry-After'));
  const said = told.detail || told.title || `HTTP ${response.status}`;
  const words = language.now === 'de' ? await import('../texts/said').catch(() => null) : null;
  const message = told.code ? (words?.inGerman(told.code, said) ?? said) : said;
  // One mistake that has a code is told by it; others have the server's words.
  const wholly = words && told.code && words.inGerman(told.code, '') === message;
  const faults = (told.errors ?? []).map((fault) => (wholly ? { ...fault, detail: message } : words ? { ...fault, detail: words.saidInGerman(fault.detail) } : fault));
  return new Problem(response.status, message, faults, after > 0 ? after : null);
}
