// Bundles src/main.ts into dist/framewright.mjs: one file starts about three times faster than the sources, and an
// image or a package then needs no node_modules.
import { rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const output = join(root, 'dist', 'framewright.mjs');

// CommonJS packages inside an ES module bundle still call `require` for Node's own modules.
const BANNER = [
  `import { createRequire as createRequireForBundle } from 'node:module';`,
  'const require = createRequireForBundle(import.meta.url);',
].join('\n');

await rm(join(root, 'dist'), { recursive: true, force: true });
await build({
  entryPoints: [join(root, 'src', 'main.ts')],
  outfile: output,
  bundle: true,
  platform: 'node',
  target: 'node22.19',
  format: 'esm',
  sourcemap: true,
  keepNames: true,
  banner: { js: BANNER },
  logLevel: 'warning',
});
const { size } = await stat(output);
console.log(`${relative(root, output)}: ${(size / 1_000_000).toFixed(1)} MB`);
