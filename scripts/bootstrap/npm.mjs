// Plain JavaScript for Node 18: this runs before anything is installed.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isAtLeast, OLDEST_FOR_SOURCES, pinnedNodePackage } from '../../bin/lib/pinned-node.mjs';
import { findProgram } from './find-program.mjs';
import { runStep, SetupError } from './run-step.mjs';

const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Installs exactly what package-lock.json names, without running any package's install script.
 *
 * npm judges packages by the Node that it runs on, and silently leaves out optional ones that ask for a newer Node:
 * with Node 18 the native parts of the linter and the test runner. So it runs on the pinned Node, which it fetches
 * first where this one is older. Nor may it run on the Node in node_modules, which it removes.
 *
 * @param {string} root the checkout
 * @param {(pid: number) => unknown} onStart called with npm's process id
 * @returns {Promise<void>} rejects with a SetupError
 */
export async function installPackages(root, onStart) {
  const borrowed = join(root, '.setup-node');
  const current = isAtLeast(process.versions.node, OLDEST_FOR_SOURCES) && !process.execPath.startsWith(`${root}/`);
  const version = current ? undefined : lockedVersion(root, pinnedNodePackage());
  try {
    await rm(borrowed, { recursive: true, force: true });
    let node = process.execPath;
    if (version !== undefined) {
      const args = ['install', `--prefix=${borrowed}`, '--no-save', '--no-package-lock', ...QUIET];
      const [command, ...rest] = npmCommand(node, [...args, `${pinnedNodePackage()}@${version}`]);
      await runStep(`fetching Node ${version}`, command, rest, { onStart });
      node = join(borrowed, 'node_modules', pinnedNodePackage(), 'bin', 'node');
    }
    // A production shell (NODE_ENV or npm's omit setting) must not lose the pinned Node and the test tools.
    const args = ['ci', `--prefix=${root}`, '--include=dev', '--include=optional', ...QUIET];
    const [command, ...rest] = npmCommand(node, args);
    await runStep('installing npm packages', command, rest, { cwd: root, onStart });
  } finally {
    await rm(borrowed, { recursive: true, force: true });
  }
}

/**
 * How to run the npm that started us, else the one on PATH, on a given Node.
 *
 * @param {string} node absolute path of an executable
 * @param {readonly string[]} args
 * @returns {[string, ...string[]]}
 */
function npmCommand(node, args) {
  const { npm_execpath: started } = process.env;
  if (started && basename(started) === 'npm-cli.js' && existsSync(started)) return [node, started, ...args];
  const found = findProgram('npm');
  if (!found)
    throw new SetupError('expected npm on PATH, found none; it comes with Node (Debian: apt-get install npm)');
  const script = realpathSync(found);
  // Version managers put a program of their own there, which picks its Node itself.
  return basename(script) === 'npm-cli.js' ? [node, script, ...args] : [found, ...args];
}

/**
 * @param {string} root
 * @param {string} name
 * @returns {string | undefined}
 */
function lockedVersion(root, name) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return lock.packages[`node_modules/${name}`]?.version;
}
