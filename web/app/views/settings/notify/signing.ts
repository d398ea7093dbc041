// What deliveries to a webhook are signed with, as Standard Webhooks has it.

const BYTES = 32;

/** Makes a secret that nobody has had. */
export function newSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(BYTES))))}`;
}

/** Says whether two lists have the same, in whatever order. */
export function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
}
