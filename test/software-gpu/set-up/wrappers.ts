import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where a Debian root has libraries; the two last are Debian's alternatives, which only an installation would link. */
const libraryPaths = ['', '/pulseaudio', '/blas', '/lapack'].map((name) => `usr/lib/x86_64-linux-gnu${name}`);

/**
 * Writes `gpu/ffmpeg` and `gpu/ffprobe`, which run the root's programs with the stand-in, and `plain/…`, the same
 * programs with no GPU. The root's own loader starts them, so that they run on any Linux, without chroot.
 *
 * @param folder where to write
 * @param final where the folder will be in the end
 */
export async function writeWrappers(folder: string, final: string, root: string): Promise<void> {
  const libraries = join(final, 'lib');
  const environment = [
    `LIBVA_DRIVERS_PATH=${quote(libraries)} ONEVPL_SEARCH_PATH=${quote(libraries)} LIBVA_MESSAGING_LEVEL=1`,
    'export LIBVA_DRIVERS_PATH ONEVPL_SEARCH_PATH LIBVA_MESSAGING_LEVEL',
  ];
  const preload = `--preload ${quote(join(libraries, 'librender-node.so'))}`;
  for (const name of ['ffmpeg', 'ffprobe']) {
    await writeProgram(folder, `gpu/${name}`, [...environment, loader(root, name, preload)]);
    await writeProgram(folder, `plain/${name}`, [
      'unset LIBVA_DRIVERS_PATH ONEVPL_SEARCH_PATH',
      loader(root, name, ''),
    ]);
  }
}

function loader(root: string, program: string, options: string): string {
  const paths = libraryPaths.map((path) => join(root, path)).join(':');
  const ld = join(root, 'usr/lib64/ld-linux-x86-64.so.2');
  // `exec`: signals and the exit status are the program's own.
  return `exec ${quote(ld)} ${options} --library-path ${quote(paths)} ${quote(join(root, 'usr/bin', program))} "$@"`;
}

async function writeProgram(folder: string, name: string, lines: readonly string[]): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), `#!/bin/sh\n${lines.join('\n')}\n`, { mode: 0o755 });
}

/** One word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
