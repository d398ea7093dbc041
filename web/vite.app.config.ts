import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadEnv, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

import { german } from './german.ts';

// The app: one entry, a chunk for each view, one style sheet. Names carry no
// hash, as those of the player; the server says when a file has changed. It is
// built after the player, whose first build empties dist.
//
// `npm run dev` serves it with live reload, and all else from the gateway at
// FRAMEGATE (http://127.0.0.1:8080 unless that says otherwise).
const ofGateway = ['^/api/(v1|docs|openapi)', '^/(live|play|assets|demo)/', '^/ca\\.crt'];

// Icons are what stands in their svg element: parts/Icon.svelte has that itself.
const icons: Plugin = {
  name: 'icons',
  transform(code, id) {
    if (!/lucide-static\/icons\/.*\.svg\?raw$/.test(id)) return null;
    const svg = JSON.parse(code.slice(code.indexOf('"'), code.lastIndexOf('"') + 1)) as string;
    const inner = svg.slice(svg.indexOf('>', svg.indexOf('<svg')) + 1, svg.lastIndexOf('</svg>'));
    return { code: `export default ${JSON.stringify(inner.replace(/\s*\n\s*|\s+(?=\/>)/g, ''))}`, map: null };
  },
};

// uPlot without what the app has no use for: what it hangs on its constructor for others at its end (curves, bars and
// the like), scales other than even ones, and how it writes times, which the app does.
const unused = [
  ...['rangeLog', 'rangeAsinh', 'logAxisSplits', 'asinhAxisSplits', 'log10AxisValsFilt', 'log2AxisValsFilt'].map((name) => new RegExp(`(\\nfunction ${name}\\(.*?\\) {)[\\s\\S]*?\\n(?=}\\n)`)),
  /(\nconst subs = {)[\s\S]*?\n(?=};\n)/,
  /(\n\tconst _timeAxisStamps = \[)[\s\S]*?\n(?=\t\];\n)/,
];
const linesAlone: Plugin = {
  name: 'lines-alone',
  transform(code, id) {
    if (!id.endsWith('/uPlot.esm.js')) return null;
    const end = /\nuPlot\.assign = [\s\S]*(?=\nexport )/;
    if (!end.test(code)) this.error('uPlot ends otherwise than it did');
    for (const part of unused) if (!part.test(code)) this.error(`uPlot has no ${part}`);
    return { code: unused.reduce((code, part) => code.replace(part, '$1'), code).replace(end, ''), map: null };
  },
};

// A view is imported as it stands, and waits for its words: the helper of Vite would load ahead what modulePreload leaves alone.
const awaited = `import { spoken } from '/text.svelte.ts';\nexport const __vitePreload = async (load) => { const view = await load(); await spoken(); return view; };`;
const plainImports: Plugin = {
  name: 'plain-imports',
  enforce: 'pre',
  load: (id) => (id === '\0vite/preload-helper.js' ? awaited : null),
};

// A short class for each style, which no other may have.
const classes = new Map<string, string>();
const cssHash = ({ hash, css }: { hash: (text: string) => string; css: string }): string => {
  const name = `s${hash(css).slice(0, 4)}`;
  if (name !== (classes.get(css) ?? name) || [...classes].some(([other, taken]) => taken === name && other !== css)) throw new Error('two styles have one class');
  classes.set(css, name);
  return name;
};

// What shares a file: a file costs a request, and is compressed alone. What stands in no group and is shared by
// several views has a file of its own.
const groups = [
  { name: 'said.de', test: /texts\/said\./ }, // which only who reads German loads, as the pieces of german.ts
  { name: 'icons', test: /lucide/, minShareCount: 2 },
  { name: 'frame', test: /node_modules\/svelte\/|\/app\/[\w.]+\.ts$|\/app\/(api|parts\/(?!MarkForm|DeviceLink)|views\/views)|texts\/(common|recording)\.|preload-helper/ },
  { name: 'recording', test: /timebar\/(timetext|zone)|texts\/(timebar|marks)\.|parts\/MarkForm/ },
  { name: 'fields', test: /settings\/(Field|Choice|Secret|faults)|cameras\/(AmountField|amounts)|texts\/settings-record/ },
  // A group takes along what its modules need and no group before it has: what all settings need they have themselves.
  { name: 'settings', test: /views\/settings\/(?!nodes\/|notify\/|server\/(AllSettings|ChangeSetting|Limits))|texts\/settings(?!-nodes|-keys|-limits|-notify)/ },
  { name: 'Nodes', test: /settings\/nodes\/|texts\/settings-nodes/ }, // which only admins of a cluster load
  { name: 'AllSettings', test: /settings\/server\/(AllSettings|ChangeSetting)|texts\/settings-keys/ }, // which only admins load
  { name: 'Limits', test: /settings\/server\/Limits|texts\/settings-limits/ }, // likewise
  { name: 'Notifications', test: /settings\/notify\/|texts\/settings-notify/ }, // likewise
];

export default defineConfig(({ mode }) => ({
  root: mode === 'test' ? '.' : 'app',
  base: './',
  plugins: [svelte({ compilerOptions: { cssHash } }), icons, linesAlone, plainImports, german()],
  // Workers and worklets are files of their own, since no script may come of a blob.
  worker: { format: 'es', rolldownOptions: { output: { entryFileNames: 'app/[name].js', chunkFileNames: 'app/[name].js' } } },
  build: {
    outDir: '../dist',
    emptyOutDir: false,
    target: 'es2022',
    minify: true,
    cssCodeSplit: false,
    modulePreload: false,
    license: { fileName: 'app/licences.md' },
    reportCompressedSize: false,
    rolldownOptions: {
      input: 'app/main.ts',
      output: {
        entryFileNames: 'app/app.js',
        chunkFileNames: 'app/[name].js',
        assetFileNames: 'app/app[extname]',
        codeSplitting: { groups },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ofGateway.map((path) => [path, { target: loadEnv(mode, '.', 'FRAMEGATE')['FRAMEGATE'] ?? 'http://127.0.0.1:8080', ws: true }]),
    ),
  },
  // Threads, since a process of its own for each file can wait for a message for ever.
  test: { pool: 'threads', testTimeout: 120_000, hookTimeout: 120_000, setupFiles: ['./waits.ts'], include: ['player/**/*.test.ts', 'app/**/*.test.ts'] },
}));
