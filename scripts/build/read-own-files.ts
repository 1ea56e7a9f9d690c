import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Plugin } from 'esbuild';

/**
 * The variable that holds the bundle's folder at run time. `import.meta.dirname` itself, written into a CommonJS file,
 * would make an ES module of it.
 */
const BUNDLE_FOLDER = 'bundleFolder';

/** What the bundle must begin with for `readOwnFiles` to work. */
export const BUNDLE_FOLDER_BANNER = `const ${BUNDLE_FOLDER} = import.meta.dirname;`;

/**
 * Keeps packages working that read files of their own at run time: in a bundle their `__dirname` would be the bundle's
 * folder. It becomes `vendor/PACKAGE/…` beside the bundle, where the build copies those files to.
 *
 * @param packages names of such packages
 * @param modules absolute path of node_modules
 */
export function readOwnFiles(packages: readonly string[], modules: string): Plugin {
  const folders = packages.map((name) => join(modules, name));
  return {
    name: 'read-own-files',
    setup(build) {
      build.onLoad({ filter: /\.c?js$/ }, async ({ path }) => {
        if (!folders.some((folder) => path.startsWith(`${folder}/`))) return undefined;
        const folder = JSON.stringify(join('vendor', relative(modules, dirname(path))));
        const source = await readFile(path, 'utf8');
        return {
          contents: source.replaceAll(/\b__dirname\b/g, `(${BUNDLE_FOLDER} + '/' + ${folder})`),
          loader: 'js',
        };
      });
    },
  };
}
