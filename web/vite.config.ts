import { defineConfig, type Plugin } from 'vite';

// The player, in six builds, so that each gives one file that imports nothing: the element,
// the worker that draws for it, what plays its sound, the worklet of that, what shows a camera without a WebSocket, and what knows where else it is shown. Their names
// carry no hash: the files are committed and embedded, and other sites load them
// by name.
const parts: Record<string, [entry: string, name: string]> = {
  worker: ['player/worker.ts', 'framegate-player-worker'],
  aside: ['player/aside.ts', 'framegate-player-aside'],
  nodes: ['player/nodes.ts', 'framegate-player-nodes'],
  speakers: ['player/speakers.ts', 'framegate-player-speakers'],
  worklet: ['player/soundworklet.ts', 'framegate-player-sound'],
};

// packed takes out what minifying leaves: white space in the style, names of numbers, and remarks to other packers.
const packed: Plugin = {
  name: 'packed',
  transform: (code, id) => (id.endsWith('/player/style.ts') ? code.replace(/`[^`]*`/, packedStyle) : numbered(code)),
  generateBundle: (_options, bundle) => {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = file.code.replaceAll('/* @__PURE__ */ ', '');
  },
};

function packedStyle(rules: string): string {
  return rules.replace(/\s+/g, ' ').replace(/ ?([{};,:>]) /g, '$1').replace(/\b0\./g, '.').replaceAll(';}', '}');
}

// numbered puts numbers where a module names them.
function numbered(code: string): string {
  const named = code.matchAll(/^const ([A-Z][A-Z\d_]*) = (\d[\d_.]*);/gm);
  return [...named].reduce((all, [, name, number]) => all.replace(new RegExp(`\\b${name}\\b(?! =)`, 'g'), number!), code);
}

export default defineConfig(({ mode }) => {
  const [entry, name] = parts[mode] ?? ['player/element.ts', 'framegate-player'];
  return {
    plugins: [packed],
    build: {
      lib: { entry, formats: ['es'], fileName: () => `${name}.js` },
      target: 'es2022',
      rolldownOptions: { output: { minify: true } }, // all of it: Vite leaves white space in libraries
      emptyOutDir: !(mode in parts),
      reportCompressedSize: false,
    },
  };
});
