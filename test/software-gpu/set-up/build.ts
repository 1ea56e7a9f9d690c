import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';
import { writeWrappers } from './wrappers.ts';

const sources = join(import.meta.dirname, '..');

interface Library {
  readonly file: string;
  /** Folder of its C files. */
  readonly folder: string;
  /** Whether it writes the trace and knows the switches. */
  readonly shared: boolean;
  readonly includes: readonly string[];
  readonly links: readonly string[];
}

const libraries: readonly Library[] = [
  // The dispatcher looks for this name, the VPL GPU runtime's.
  {
    file: 'libmfx-gen.so.1.2',
    folder: 'runtime',
    shared: true,
    includes: ['usr/include/vpl'],
    links: ['-lva', '-lswscale', '-lavutil', '-lpthread', '-ldl', '-Wl,-Bsymbolic'],
  },
  {
    file: 'iHD_drv_video.so',
    folder: 'va-driver',
    shared: true,
    includes: [],
    links: ['-lavcodec', '-lavutil', '-laom', '-lpthread'],
  },
  {
    file: 'librender-node.so',
    folder: 'render-node',
    shared: false,
    includes: ['usr/include/libdrm'],
    links: ['-ldl'],
  },
];

const libraryFolder = 'usr/lib/x86_64-linux-gnu';

/** Compiles the stand-in against a Debian root, and writes the programs that use it; complete when this resolves. */
export async function buildStandIn(folder: string, root: string): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(join(partial, 'lib'), { recursive: true });
  for (const library of libraries) await compile(library, join(partial, 'lib'), root);
  const codecs = (await readdir(join(root, libraryFolder))).find((name) => /^libavcodec\.so\.\d+$/.test(name));
  if (codecs === undefined) throw new Error(`Expected libavcodec in ${root}, but it is missing`);
  await copyFile(join(root, libraryFolder, codecs), join(partial, 'lib', 'libavcodec-private.so'));
  await writeWrappers(partial, folder, root);
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

async function compile(
  { file, folder, shared, includes, links }: Library,
  target: string,
  root: string,
): Promise<void> {
  const folders = [folder, ...(shared ? ['shared'] : [])].map((name) => join(sources, name));
  const files = (await Promise.all(folders.map(sourcesIn))).flat();
  const libraryPath = join(root, libraryFolder);
  await run('gcc', [
    // The machine's compiler, the root's C library: -L and -B before the compiler's own folders.
    `--sysroot=${root}`,
    `-L${libraryPath}`,
    `-B${libraryPath}`,
    ...includes.map((name) => `-I${join(root, name)}`),
    '-std=gnu11',
    '-O2',
    '-shared',
    '-fPIC',
    // The shim replaces functions of other libraries; of the others only what is marked is seen.
    ...(folder === 'render-node' ? [] : ['-fvisibility=hidden']),
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wno-deprecated-declarations',
    '-o',
    join(target, file),
    ...files,
    ...links,
    '-Wl,-z,defs',
  ]);
}

async function sourcesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.c')).map((name) => join(folder, name));
}
