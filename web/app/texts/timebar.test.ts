import { expect, test } from 'vitest';
import { reasonText } from './timebar';

test('reasons of gaps are told in both languages, with the nodes that they name', () => {
  const [away, awayGerman] = reasonText('node barn cannot be reached, and what it has of this time is not shown');
  expect(away).toContain('node barn');
  expect(awayGerman).toContain('Server barn ist nicht erreichbar');
  expect(reasonText('the camera went from node a to node b')[1]).toBe('die Kamera ging von Server a zu Server b');
  expect(reasonText('input/output error')[1]).toBe('input/output error');
});
