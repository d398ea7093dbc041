// What to do about an error of a camera.

/** What can be advised. */
export type Advice = 'login' | 'refused' | 'away' | 'name' | 'certificate' | 'path' | 'other' | 'ask';

const table: [words: RegExp, advice: Advice][] = [
  [/\b401\b|\b403\b|unauthori[sz]ed|forbidden|password|log ?in|credential/i, 'login'],
  [/certificate|x509|tls/i, 'certificate'],
  [/no such host|server misbehaving|lookup/i, 'name'],
  [/connection refused/i, 'refused'],
  [/\b404\b|not found/i, 'path'],
  [/time ?out|timed out|deadline|no route|unreachable host|network is unreachable|host is down|reset|EOF|no picture|ended/i, 'away'],
];

/** What to do, by the words of the error; "unreachable" is all that those hear who are no admins. */
export function adviceFor(text: string, admin: boolean): Advice {
  if (!admin) return 'ask';
  return table.find(([words]) => words.test(text))?.[1] ?? 'other';
}
