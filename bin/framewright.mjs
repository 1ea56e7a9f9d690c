#!/usr/bin/env node
// The command `framewright`: runs the sources in a checkout and the bundle in an installed package, with a Node that is
// new enough. Plain JavaScript for Node 18, since its first task is to report a Node that is too old.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findPinnedNode, isAtLeast, OLDEST_FOR_BUNDLE, OLDEST_FOR_SOURCES } from './lib/pinned-node.mjs';
import { runMirrored } from './lib/run-mirrored.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = join(root, 'src', 'main.ts');
const bundle = join(root, 'dist', 'framewright.mjs');
const unbuilt = existsSync(sources);
const entry = unbuilt ? sources : bundle;

// node:sqlite and type stripping work as we need them; the warning would only land in people's terminals.
const flags = ['--disable-warning=ExperimentalWarning', ...(unbuilt ? [] : ['--enable-source-maps'])];

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  process.stderr.write(`framewright: ${message}\n`);
  process.exit(1);
}

if (!existsSync(entry)) fail(`expected ${sources} or ${bundle}, found neither; run \`npm run build\` in the checkout`);
if (unbuilt && !existsSync(join(root, 'node_modules', 'zod'))) {
  fail(`the npm packages are missing; run \`npm run setup\` in ${root}`);
}

const pinned = findPinnedNode(root);
const current = process.versions.node;
if (isAtLeast(current, unbuilt && pinned ? OLDEST_FOR_SOURCES : OLDEST_FOR_BUNDLE)) {
  hideExperimentalWarnings();
  if (!unbuilt) process.setSourceMapsEnabled(true);
  await import(pathToFileURL(entry).href);
} else if (pinned) {
  await runMirrored(pinned, [...process.execArgv, ...flags, entry, ...process.argv.slice(2)]).catch(
    (/** @type {unknown} */ error) => {
      fail(`the pinned Node ${pinned} cannot be started (${String(error)}); install Node 24`);
    },
  );
} else {
  fail(`expected Node ${OLDEST_FOR_BUNDLE} or later, got ${current}; run \`npm run setup\` or install Node 24`);
}

/** Does in a running process what `--disable-warning=ExperimentalWarning` does at its start. */
function hideExperimentalWarnings() {
  const printers = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') for (const print of printers) print(warning);
  });
}
