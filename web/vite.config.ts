import { defineConfig } from 'vite';

// The player, in three builds, so that each gives one file that imports nothing: the element,
// the worker that draws for it, and the worklet that sounds for it. Their names
// carry no hash: the files are committed and embedded, and other sites load them
// by name.
const parts: Record<string, [entry: string, name: string]> = {
  worker: ['player/worker.ts', 'framegate-player-worker'],
  worklet: ['player/soundworklet.ts', 'framegate-player-sound'],
};

export default defineConfig(({ mode }) => {
  const [entry, name] = parts[mode] ?? ['player/element.ts', 'framegate-player'];
  return {
    build: {
      lib: { entry, formats: ['es'], fileName: () => `${name}.js` },
      target: 'es2022',
      rolldownOptions: { output: { minify: true } }, // all of it: Vite leaves white space in libraries
      emptyOutDir: !(mode in parts),
      reportCompressedSize: false,
    },
  };
});
