import { expect, it } from 'vitest';

import { failureOf, inGerman } from './wrong';

it.each([
  ['connecting: dial tcp 127.0.0.1:9: connect: connection refused', 'Nothing answers at this port.'],
  ['connecting: dial tcp: lookup cam.lan: no such host', 'No host of that name can be found.'],
  ['the camera answers 401 Unauthorized', 'The camera refuses the login.'],
  ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'The certificate of the camera is not trusted.'],
  ['connecting: dial tcp 192.0.2.1:554: i/o timeout', 'The camera does not answer.'],
  ['the camera answers 404 Not Found', 'The camera does not know this path.'],
  ['unreachable', 'The camera cannot be reached.'],
  ['an administrator ended this', 'An administrator ended this.'],
  ['something else', undefined],
])('%s', (said, what) => {
  expect(failureOf(said).what?.[0]).toBe(what);
});

it('says in German what has a code, with what the server says where that tells more', () => {
  expect(inGerman('wrong_password', 'x')).toBe('Das ist nicht Ihr jetziges Passwort.');
  expect(inGerman('invalid', 'x')).toBe('Das kann der Server so nicht übernehmen: x');
  expect(inGerman('of another version', 'x')).toBe('x');
});
