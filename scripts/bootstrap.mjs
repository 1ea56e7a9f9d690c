// Lets every npm script be the first command after `git clone`, with only Node 18 or later and npm present:
//
//   node scripts/bootstrap.mjs [--tools=ffmpeg,curl,jq,bc] [-- SCRIPT.ts | PROGRAM [ARGUMENTS…]]
//
// sets the checkout up as far as it is not, then runs a script of ours or a program of an npm package on the pinned
// Node. Plain JavaScript for Node 18, and it imports nothing that would have to be installed.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPinnedNode, isAtLeast, OLDEST_FOR_SOURCES } from '../bin/lib/pinned-node.mjs';
import { runMirrored } from '../bin/lib/run-mirrored.mjs';
import { SetupError, say } from './bootstrap/run-step.mjs';
import { setUp } from './bootstrap/set-up.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * @param {readonly string[]} args
 * @returns {{ tools: string[], target: string[] }}
 */
function parse(args) {
  const separator = args.indexOf('--');
  const options = separator === -1 ? args : args.slice(0, separator);
  /** @type {string[]} */
  const tools = [];
  for (const option of options) {
    const [, names] = /^--tools=(.+)$/.exec(option) ?? [];
    if (names === undefined) throw new SetupError(`expected --tools=NAME,… or --, got ${option}`);
    tools.push(...names.split(','));
  }
  return { tools, target: separator === -1 ? [] : args.slice(separator + 1) };
}

/**
 * @param {string} name a script's path in the checkout, or the name of an npm package's program
 * @returns {string} its absolute path
 */
function locate(name) {
  return /\.(ts|mjs)$/.test(name) ? resolve(root, name) : join(root, 'node_modules', '.bin', name);
}

try {
  if (!isAtLeast(process.versions.node, '18.0.0')) {
    throw new SetupError(`expected Node 18 or later to start with, got ${process.versions.node}`);
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => process.exit(130));
  const { tools, target } = parse(process.argv.slice(2));
  await setUp(root, tools);
  const [name, ...args] = target;
  const pinned = findPinnedNode(root);
  if (!pinned && !isAtLeast(process.versions.node, OLDEST_FOR_SOURCES)) {
    const platform = `${process.platform} ${process.arch}`;
    throw new SetupError(
      `expected Node 24 or later, got ${process.versions.node}; none comes with the packages for ${platform}`,
    );
  }
  if (name === undefined) {
    say(
      `ready (Node ${pinned ? 'pinned in node_modules' : process.versions.node}; try \`npm run demo\` or \`npm test\`)`,
    );
  } else {
    for (const signal of ['SIGINT', 'SIGTERM']) process.removeAllListeners(signal);
    const flags = name.endsWith('.ts') ? ['--disable-warning=ExperimentalWarning'] : [];
    // The child's own children (`npx`, `node`) must find the same packages and the same Node.
    const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}` };
    await runMirrored(pinned ?? process.execPath, [...flags, locate(name), ...args], { env });
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exit(1);
}
