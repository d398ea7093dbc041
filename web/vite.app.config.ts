import { svelte } from '@sveltejs/vite-plugin-svelte';
import { loadEnv } from 'vite';
import { defineConfig } from 'vitest/config';

// The app: one entry, a chunk for each view, one style sheet. Names carry no
// hash, as those of the player; the server says when a file has changed. It is
// built after the player, whose first build empties dist.
//
// `npm run dev` serves it with live reload, and all else from the gateway at
// FRAMEGATE (http://127.0.0.1:8080 unless that says otherwise).
const ofGateway = ['^/api/(v1|docs|openapi)', '^/(live|play|assets|demo)/', '^/ca\\.crt'];

export default defineConfig(({ mode }) => ({
  root: mode === 'test' ? '.' : 'app',
  base: './',
  plugins: [svelte()],
  // Workers and worklets are files of their own, since no script may come of a blob.
  worker: { format: 'es', rolldownOptions: { output: { entryFileNames: 'app/[name].js', chunkFileNames: 'app/[name].js' } } },
  build: {
    outDir: '../dist',
    emptyOutDir: false,
    target: 'es2022',
    minify: true,
    cssCodeSplit: false,
    modulePreload: false,
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
