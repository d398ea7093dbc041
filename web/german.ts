import { parseAst, type Plugin } from 'vite';

// The German half of texts, taken out of what everybody loads. The folder app/texts has both languages side by side:
// ['Close', 'Schließen']. In what is built a number stands for the German one, as in ['Close', 8], and the words are
// in pieces, app/NAME.de.js, which who reads German loads. What is put into a text stands behind its number:
// ['Node b', [9, name]], of "Knoten {}". app/text.svelte.ts puts them together again.
//
// Two texts in brackets are always both languages of one, in that folder.

/** Which texts share a piece; others have one each, by their own name. */
const shared: [piece: string, texts: RegExp][] = [
  ['frame', /^(common|recording)$/],
  ['recording', /^(timebar|marks)$/],
  ['settings', /^settings(?!-(nodes|keys|limits|notify|record)$)/],
];

/** A file of texts without German, its German, and how many texts of other files come before. */
interface Halves {
  readonly name: string;
  readonly piece: string;
  readonly code: string;
  readonly german: readonly string[];
  readonly from: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [part: string]: unknown;
}

/** Builds the app without German in its scripts, and German beside them. */
export function german(): Plugin {
  let files = new Map<string, Halves>();
  let folder: string;
  return {
    name: 'german',
    apply: 'build',
    enforce: 'pre',
    configResolved: ({ root }) => void (folder = `${root}/texts/`),
    async buildStart() {
      const sources = await Promise.all((await this.fs.readdir(folder)).filter((file) => /^[\w-]+\.ts$/.test(file)).map(async (file) => [file.replace('.ts', ''), await this.fs.readFile(folder + file, { encoding: 'utf8' })] as const));
      files = new Map(halved(sources).map((file) => [`${folder}${file.name}.ts`, file]));
      for (const piece of new Set([...files.values()].map((file) => file.piece))) this.emitFile({ type: 'asset', fileName: `app/${piece}.de.js`, source: wordsOf(piece, [...files.values()]) });
    },
    transform: (_code, id) => {
      const file = files.get(id);
      return file ? { code: file.code, map: null } : null;
    },
  };
}

// halved numbers the texts of all files, those of a piece one behind the other.
function halved(sources: (readonly [name: string, source: string])[]): Halves[] {
  const files = sources.map(([name, source]) => ({ name, source, piece: shared.find(([, texts]) => texts.test(name))?.[0] ?? name }));
  files.sort((a, b) => (`${a.piece} ${a.name}` < `${b.piece} ${b.name}` ? -1 : 1));
  let from = 0;
  return files.flatMap(({ name, source, piece }) => {
    const file = halve(name, source, piece, from);
    from += file.german.length;
    return file.german.length ? [file] : [];
  });
}

function wordsOf(piece: string, files: Halves[]): string {
  const of = files.filter((file) => file.piece === piece);
  return `export const from=${of[0]!.from},words=${JSON.stringify(of.flatMap((file) => file.german))};`;
}

/** Takes the German out of a file of texts. */
export function halve(name: string, source: string, piece: string, from: number): Halves {
  const words: string[] = [];
  const put: { start: number; end: number; text: string }[] = [];
  const apart = new Set<string>(); // names of what an array was taken apart into, such as the halves of a text
  const code = (node: Node): string => source.slice(node.start, node.end);
  const add = (text: string): number => from + words.push(text) - 1;

  // number gives what stands for a German text, whole; within another it is in brackets, so that it is no number that is put in.
  const number = (node: Node, within: boolean): string => {
    const bare = (n: number): string => (within ? `[${n}]` : `${n}`);
    switch (node.type) {
      case 'Literal':
        return typeof node['value'] === 'string' ? bare(add(node['value'])) : code(node);
      case 'TemplateLiteral': {
        const quasis = node['quasis'] as { value: { cooked: string } }[], expressions = node['expressions'] as Node[];
        if (quasis.some(({ value }) => value.cooked.includes('{}'))) throw new Error(`{} stands for what is put in: ${code(node)}`);
        const at = add(quasis.map(({ value }) => value.cooked).join('{}'));
        return expressions.length ? `[${[at, ...expressions.map((expression) => number(expression, true))].join(', ')}]` : bare(at);
      }
      case 'ConditionalExpression':
        return `${code(node['test'] as Node)} ? ${number(node['consequent'] as Node, within)} : ${number(node['alternate'] as Node, within)}`;
      case 'LogicalExpression':
        return `${code(node['left'] as Node)} ${String(node['operator'])} ${number(node['right'] as Node, within)}`;
      case 'MemberExpression': // the German of another text
        return within ? `[${code(node)}]` : code(node);
      case 'Identifier':
        if (within && apart.has(code(node))) throw new Error(`it would be a number that is put in, so write text[1]: ${code(node)}`);
        return code(node);
      default:
        return code(node);
    }
  };
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node !== 'object' || node === null) return;
    const { type, elements } = node as { type?: string; elements?: (Node | null)[] };
    const [english, german] = elements ?? [];
    if (type === 'ArrayPattern') elements?.forEach((element) => element && apart.add(code(element)));
    if (type === 'ArrayExpression' && elements?.length === 2 && isText(english!) && isText(german!)) {
      if (code(english!) !== code(german!)) put.push({ ...german!, text: number(german!, false) });
      return;
    }
    for (const part of Object.values(node)) walk(part);
  };
  walk(parseAst(source, { lang: 'ts' }));

  let without = source;
  for (const { start, end, text } of put.reverse()) without = without.slice(0, start) + text + without.slice(end);
  return { name, piece, from, german: words, code: `import { german as inPiece } from '../text.svelte';\n${without}\ninPiece('./${piece}.de.js');\n` };
}

function isText(node: Node): boolean {
  return ['TemplateLiteral', 'ConditionalExpression', 'LogicalExpression', 'Identifier', 'CallExpression'].includes(node.type) || (node.type === 'Literal' && typeof node['value'] === 'string');
}
