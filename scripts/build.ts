// Bundles src/main.ts into dist/framewright.mjs: one file starts about three times faster than the sources, and an
// image or a package then needs no node_modules.
import { cp, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE_FOLDER_BANNER, readOwnFiles } from './build/read-own-files.ts';

const root = dirname(import.meta.dirname);
const modules = join(root, 'node_modules');
const output = join(root, 'dist', 'framewright.mjs');

// Pino's transports (threads started from files of its own) are not among them: we log to standard output only.
/** Packages that read files of their own, and the folder that holds those. */
const WITH_FILES = new Map([['@fastify/swagger-ui', 'static']]);

// CommonJS packages inside an ES module bundle still call `require` for Node's own modules.
const BANNER = [
  `import { createRequire as createRequireForBundle } from 'node:module';`,
  'const require = createRequireForBundle(import.meta.url);',
  BUNDLE_FOLDER_BANNER,
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
  plugins: [readOwnFiles([...WITH_FILES.keys()], modules)],
  logLevel: 'warning',
});
for (const [name, folder] of WITH_FILES) {
  await cp(join(modules, name, folder), join(root, 'dist', 'vendor', name, folder), { recursive: true });
}
const { size } = await stat(output);
console.log(`${relative(root, output)}: ${(size / 1_000_000).toFixed(1)} MB`);
