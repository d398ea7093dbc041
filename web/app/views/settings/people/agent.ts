// Which browser it is that names itself so, as far as people care.

const BROWSERS: [name: string, mark: RegExp][] = [
  ['Edge', /Edg(e|A|iOS)?\//],
  ['Opera', /OPR\//],
  ['Samsung Internet', /SamsungBrowser\//],
  ['Firefox', /Firefox\/|FxiOS\//],
  ['Chrome', /Chrom(e|ium)\/|HeadlessChrome\/|CriOS\//],
  ['Safari', /Safari\//],
  ['curl', /^curl\//],
];

const SYSTEMS: [name: string, mark: RegExp][] = [
  ['iPhone', /iPhone/],
  ['iPad', /iPad/],
  ['Android', /Android/],
  ['Windows', /Windows/],
  ['macOS', /Mac OS X|Macintosh/],
  ['ChromeOS', /CrOS/],
  ['Linux', /Linux/],
];

/** Gives the browser and the system; "" for what is not known. */
export function readAgent(agent: string): { browser: string; system: string } {
  const find = (table: [string, RegExp][]): string => table.find(([, mark]) => mark.test(agent))?.[0] ?? '';
  return { browser: find(BROWSERS), system: find(SYSTEMS) };
}
