import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadEnv, type Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

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
    return { code: `export default ${JSON.stringify(inner.replace(/\s*\n\s*/g, ''))}`, map: null };
  },
};

export default defineConfig(({ mode }) => ({
  root: mode === 'test' ? '.' : 'app',
  base: './',
  plugins: [svelte(), icons],
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
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ofGateway.map((path) => [path, { target: loadEnv(mode, '.', 'FRAMEGATE')['FRAMEGATE'] ?? 'http://127.0.0.1:8080', ws: true }]),
    ),
  },
  test: { include: ['player/**/*.test.ts', 'app/**/*.test.ts'] },
}));
