import { afterEach, beforeAll, expect, it, vi } from 'vitest';

import { halve } from '../german';

vi.hoisted(() => vi.stubGlobal('navigator', { languages: ['en'] }));

import { german, language, spoken, t, type Text } from './text.svelte';

const source = `
const again = ['Trying again.', 'Neuer Versuch.'] as const;
export const texts = {
  close: ['Close', 'Schließen'],
  same: ['Live', 'Live'],
  lost: [\`Lost. \${again[0]}\`, \`Weg. \${again[1]}\`],
  node: (name, of) => [\`Node \${name} of \${of}\`, \`\${of} hat Knoten \${name}\`],
  viewers: (n) => [n === 1 ? 'One' : \`\${n} viewers\`, n === 1 ? 'Einer' : \`\${n} Zuschauer\`],
  updated: (version) => [\`Updated\${version && \` to \${version}\`}.\`, \`Aktualisiert\${version && \` auf \${version}\`}.\`],
  off: (ahead) => [\`Wrong, \${ahead ? 'ahead' : 'behind'}.\`, \`Falsch, \${ahead ? 'voraus' : 'zurück'}.\`],
  why: (reason) => [reason, reason],
  failed: (text) => [\`Recording: \${text[0]}\`, \`Aufnahme: \${text[1]}\`],
  keys: ['a', 'b', 'c'],
};`;
const from = 5000; // of other texts come before
const half = halve('some', source, 'some', from);

type Some = Record<string, Text> & Record<'node' | 'viewers' | 'updated' | 'off' | 'why' | 'failed', (...put: unknown[]) => Text>;
const some = new Function(half.code.replace(/^import.*/m, '').replace('inPiece', '(() => 0)').replace(' as const', '').replace('export const texts', 'return texts; var texts').replace(/return texts; ([\s\S]*?\n};)/, '$1 return texts;'))() as Some;

beforeAll(() => german('./not-there.de.js'));
afterEach(() => language.choose('en'));

it('leaves no German in what everybody loads', () => {
  expect(half.code).not.toMatch(/Schließen|Neuer|Weg|Knoten|Einer|Zuschauer|Aktualisiert| auf |Aufnahme|Falsch|voraus|zurück/);
  expect(half.code).toContain("keys: ['a', 'b', 'c']");
  expect(half.code).toContain("inPiece('./some.de.js')");
});

it('stays in English where the words do not come, and is German once they did', async () => {
  language.choose('de');
  await spoken();
  expect(t(some['close']!)).toBe('Close');
  expect(t(some.node('b', 3))).toBe('Node b of 3');

  german(`data:text/javascript,${encodeURIComponent(`export const from=${from},words=${JSON.stringify(half.german)}`)}`);
  language.choose('de');
  await spoken();
  await vi.waitFor(() => expect(language.now).toBe('de'));
  for (const [text, words] of [
    [some['close']!, 'Schließen'],
    [some['same']!, 'Live'],
    [some['lost']!, 'Weg. Neuer Versuch.'],
    [some.node('$& {}', 3), '3 hat Knoten $& {}'],
    [some.viewers(1), 'Einer'],
    [some.viewers(5001), '5001 Zuschauer'],
    [some.updated(''), 'Aktualisiert.'],
    [some.updated('1.2'), 'Aktualisiert auf 1.2.'],
    [some.off(true), 'Falsch, voraus.'],
    [some.off(false), 'Falsch, zurück.'],
    [some.why('no route'), 'no route'],
    [some.failed(some['close']), 'Aufnahme: Schließen'],
    [some.failed(['full', 'voll']), 'Aufnahme: voll'],
    [some.failed(some.node('b', 3)), 'Aufnahme: 3 hat Knoten b'],
    [['Ready', 'Fertig'], 'Fertig'],
  ] satisfies [Text, string][]) expect(t(text)).toBe(words);

  language.choose('en');
  expect(t(some.node('b', 3))).toBe('Node b of 3');
});

it('has no half of a text put into another by a name, which would stand for a number', () => {
  const taken = 'export const why = (of) => { const [en, de] = of; return [`Why: ${en}`, `Warum: ${de}`]; };';
  expect(() => halve('some', taken, 'some', 0)).toThrow('de');
});

it('loads nothing for who reads English', () => {
  german('./of-german-alone.de.js');
  language.choose('en');
  expect(spoken()).toBeUndefined();
});
