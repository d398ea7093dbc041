import { expect, it } from 'vitest';

import { inGerman, saidInGerman } from './said';
import { failureOf } from './wrong';

it.each([
  ['connecting: dial tcp 127.0.0.1:9: connect: connection refused', 'Nothing answers at this port.'],
  ['connecting: dial tcp: lookup cam.lan: no such host', 'No host of that name can be found.'],
  ['the camera answers 401 Unauthorized', 'The camera refuses the login.'],
  ['tls: failed to verify certificate: x509: certificate signed by unknown authority', 'The certificate of the camera is not trusted.'],
  ['connecting: dial tcp 192.0.2.1:554: i/o timeout', 'The camera does not answer.'],
  ['the camera answers 404 Not Found', 'The camera does not know this path.'],
  ['unreachable', 'The camera cannot be reached.'],
  ['node c: dial tcp 10.0.0.13:7422: connect: connection refused', 'The node that has this camera was not reached.'],
  ['node barn-2 says nothing', 'The node that has this camera was not reached.'],
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

it('says in German what the server says of a field, with what it puts in', () => {
  expect(saidInGerman('must be from 1m to 3650d, not "0"')).toBe('muss zwischen 1m und 3650d liegen, nicht "0"');
  expect(saidInGerman('is not a URL; write rtsp://host:port/path, and special characters in a name or password as %XX (/ is %2F, # is %23)')).toBe('ist keine Adresse; schreiben Sie rtsp://host:port/path, und Sonderzeichen in Name oder Passwort als %XX (/ ist %2F, # ist %23)');
  expect(saidInGerman('the disk cannot be written: read-only file system')).toBe('der Datenträger ist nicht beschreibbar: read-only file system');
  expect(inGerman('invalid', 'the camera cannot be taken')).toBe('Das kann der Server so nicht übernehmen: die Kamera passt so nicht');
  expect(saidInGerman('must be days and hours, such as mon-fri 08:00-18:00 or sat sun 00:00-24:00, not "x"')).toContain('Tagen und Zeiten');
  expect(saidInGerman('127.0.0.1:1: no camera may be there: this machine; ranges besides the usual are allowed under network in the configuration')).toBe('127.0.0.1:1: dort darf keine Kamera sein: dieser Rechner; weitere Bereiche erlaubt die Konfiguration unter network');
  expect(saidInGerman('file: is for the configuration file alone; write http://host/path, "upload:" or "test:"')).toBe('file: gibt es nur in der Konfigurationsdatei; schreiben Sie http://host/path, "upload:" oder "test:"');
  expect(saidInGerman('must be from 1m to 2m, not "write this or that"')).toContain('nicht "write this or that"');
  expect(saidInGerman('must be a, b or c, not "x"')).toBe('muss a, b oder c sein, nicht "x"');
  expect(saidInGerman('of another version')).toBe('of another version');
});

it.each([
  ['must be a name or address without scheme, port or path, such as cams.example.org, not "x"', 'muss ein Name oder eine Adresse ohne Schema, Port und Pfad sein, etwa cams.example.org, nicht "x"'],
  ['must be an origin such as https://example.org or http://192.168.1.5:8123, in lower case and without a path, not ""', 'muss wie https://example.org oder http://192.168.1.5:8123 sein, klein geschrieben und ohne Pfad, nicht ""'],
  ['must be host:port, such as 127.0.0.1:8080 or [::1]:8080, not "#/+"; or auto for port 8555 at the address of listen, or off', 'muss rechner:port sein, etwa 127.0.0.1:8080 oder :8554, nicht "#/+"; oder auto für Port 8555 auf der Adresse von listen, oder off'],
  ['must be from 16MiB to 1024TiB, not "5B"; or 0 for none', 'muss zwischen 16MiB und 1024TiB liegen, nicht "5B"; oder 0 für keine'],
  ['must be from 1s to 1m, not "0 or 1\\"", or auto', 'muss zwischen 1s und 1m liegen, nicht "0 or 1\\"", oder auto'],
  ['there is no camera "x"; known here: phone', 'eine Kamera "x" gibt es nicht; es gibt: phone'],
])('says in German what settings are answered: %s', (said, german) => {
  expect(saidInGerman(said)).toBe(german);
});
