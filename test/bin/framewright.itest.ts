import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAtLeast, pinnedNodePackage } from '../../bin/lib/pinned-node.mjs';

const checkout = dirname(dirname(import.meta.dirname));
// Type annotations show that types are stripped, node:sqlite that no experimental warning is printed.
const PROGRAM = `import 'node:sqlite';
const args: string[] = process.argv.slice(2);
process.emitWarning('of node itself', 'ExperimentalWarning');
console.log(JSON.stringify({ major: Number.parseInt(process.versions.node), args }));
process.exitCode = args.length;`;

let root = '';
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'framewright-bin-')));
  await cp(join(checkout, 'bin'), join(root, 'bin'), { recursive: true });
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
});
afterEach(async () => {
  await rm(root, { recursive: true });
});

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function launch(node: string, args: readonly string[] = []): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(node, [join(root, 'bin', 'framewright.mjs'), ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

async function addSources() {
  await mkdir(join(root, 'src'));
  await writeFile(join(root, 'src', 'main.ts'), PROGRAM);
}

async function addPackages() {
  await mkdir(join(root, 'node_modules', 'zod'), { recursive: true });
  await symlink(join(checkout, 'node_modules', pinnedNodePackage()), join(root, 'node_modules', pinnedNodePackage()));
}

/** A Node on PATH that is too old for the program, which only some machines have. */
async function findOldNode(): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    const version = await new Promise<string>((resolve) => {
      execFile(path, ['--version'], (_error, stdout) => resolve(stdout.trim().replace(/^v/, '')));
    });
    if (version !== '' && !isAtLeast(version, '22.19.0')) return path;
  }
  return undefined;
}

describe('the command framewright', () => {
  it('runs the sources of a checkout with its arguments, quietly', async () => {
    await addSources();
    await addPackages();
    const { code, stdout, stderr } = await launch(process.execPath, ['worker', '--help']);
    expect(JSON.parse(stdout)).toEqual({ major: 24, args: ['worker', '--help'] });
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
  });

  it('runs the bundle where there are no sources, without any package', async () => {
    await mkdir(join(root, 'dist'));
    await writeFile(join(root, 'dist', 'framewright.mjs'), `console.log('bundle', process.argv.slice(2));`);
    expect(await launch(process.execPath, ['list'])).toEqual({ code: 0, stdout: `bundle [ 'list' ]\n`, stderr: '' });
  });

  it('says which command to run when the packages are missing', async () => {
    await addSources();
    const { code, stderr } = await launch(process.execPath);
    expect(code).toBe(1);
    expect(stderr).toBe(`framewright: the npm packages are missing; run \`npm run setup\` in ${root}\n`);
  });

  it('says which command to run when there is neither source nor bundle', async () => {
    const { code, stderr } = await launch(process.execPath);
    expect(code).toBe(1);
    expect(stderr).toContain('found neither; run `npm run build`');
  });

  it('starts the pinned Node from one that is too old', async (context) => {
    const old = await findOldNode();
    if (!old) return context.skip('no Node older than 22.19 on PATH');
    await addSources();
    await addPackages();
    const { code, stdout, stderr } = await launch(old, ['a']);
    expect(JSON.parse(stdout)).toEqual({ major: 24, args: ['a'] });
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
  });

  it('rejects a Node that is too old where none is pinned', async (context) => {
    const old = await findOldNode();
    if (!old) return context.skip('no Node older than 22.19 on PATH');
    await addSources();
    await mkdir(join(root, 'node_modules', 'zod'), { recursive: true });
    const { code, stderr } = await launch(old);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^framewright: expected Node 22.19.0 or later, got .*; run `npm run setup`/);
  });
});
