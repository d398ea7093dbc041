import { defineConfig } from 'vite';

// Two builds, so that each gives one file that imports nothing: the element,
// and the worker that draws for it. Their names carry no hash: the files are
// committed and embedded, and other sites load them by name.
export default defineConfig(({ mode }) => {
  const worker = mode === 'worker';
  const name = worker ? 'framegate-player-worker' : 'framegate-player';
  return {
    build: {
      lib: { entry: worker ? 'player/worker.ts' : 'player/element.ts', formats: ['es'], fileName: () => `${name}.js` },
      target: 'es2022',
      minify: true,
      emptyOutDir: !worker,
      reportCompressedSize: false,
    },
    test: { include: ['player/**/*.test.ts'] },
  };
});
