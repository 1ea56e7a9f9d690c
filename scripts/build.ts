// Bundles src/main.ts into dist/framewright.mjs and the files beside it: a bundle starts about three times faster than
// the sources, and an image or a package then needs no node_modules. What a command does not use is in files that it does
// not load: as one file, all of it would take 120 MB of memory in every process.
import { readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const folder = join(root, 'dist');

// CommonJS packages inside an ES module bundle still call `require` for Node's own modules.
const BANNER = [
  `import { createRequire as createRequireForBundle } from 'node:module';`,
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

await rm(folder, { recursive: true, force: true });
await build({
  entryPoints: { framewright: join(root, 'src', 'main.ts') },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node22.19',
  format: 'esm',
  // Stack traces name files and lines of src/; the text of the sources would take 6 MB of every process.
  sourcemap: true,
  sourcesContent: false,
  // The text of what is loaded stays in memory.
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: true,
  banner: { js: BANNER },
  logLevel: 'warning',
});
let bytes = 0;
for (const name of await readdir(folder)) if (name.endsWith('.mjs')) bytes += (await stat(join(folder, name))).size;
console.log(`${relative(root, folder)}: ${(bytes / 1_000_000).toFixed(1)} MB`);
