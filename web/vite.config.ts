import { defineConfig } from 'vite';

// The player, in four builds, so that each gives one file that imports nothing: the element,
// the worker that draws for it, the worklet that sounds for it, and what shows a camera without a WebSocket. Their names
// carry no hash: the files are committed and embedded, and other sites load them
// by name.
const parts: Record<string, [entry: string, name: string]> = {
  worker: ['player/worker.ts', 'framegate-player-worker'],
  aside: ['player/aside.ts', 'framegate-player-aside'],
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
