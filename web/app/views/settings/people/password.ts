// Passwords that are made for people: easy to read to somebody, and hard to guess.

const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'; // none that look alike: 5 bits each

/** Makes a password of 100 random bits, such as "k7rqm-x2dwe-9ahtn-c4bvz". */
export function makePassword(): string {
  const letters = [...crypto.getRandomValues(new Uint8Array(20))].map((byte) => LETTERS[byte % LETTERS.length]).join('');
  return letters.replace(/(.{5})(?=.)/g, '$1-');
}
