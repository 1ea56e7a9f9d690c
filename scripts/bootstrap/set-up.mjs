// Plain JavaScript for Node 18: this runs before anything is installed.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPackages } from './npm.mjs';
import { packagesKey, packagesMatchLock } from './npm-packages.mjs';
import { say } from './run-step.mjs';
import { withSetupLock } from './setup-lock.mjs';
import { ensureTools } from './system-tools.mjs';

/** @typedef {{ packages?: string, tools?: { ffmpeg?: string } }} Stamp what an earlier run has found to be in order */

/**
 * Makes a checkout ready to run: its npm packages, and tools of the system. What is in order already is left alone, so
 * that a second call costs a few milliseconds; calls at the same time wait for each other.
 *
 * @param {string} root the checkout
 * @param {readonly string[]} tools Debian package names out of ffmpeg, curl, jq, bc
 * @returns {Promise<void>} rejects with a SetupError
 */
export async function setUp(root, tools) {
  const key = packagesKey(root);
  if (readStamp(root).packages !== key) {
    const options = {
      /** @param {string} holder */
      onWait: (holder) => say(`waiting for another set-up of this checkout to finish (${holder})…`),
    };
    await withSetupLock(
      join(root, '.setup.lock'),
      async (alsoHeldBy) => {
        if (readStamp(root).packages === key) return;
        if (!packagesMatchLock(root)) await installPackages(root, alsoHeldBy);
        writeStamp(root, { packages: key });
      },
      options,
    );
  }
  if (tools.length === 0) return;
  const before = readStamp(root);
  const found = await ensureTools(tools, before.tools?.ffmpeg);
  if (found.ffmpeg !== undefined && found.ffmpeg !== before.tools?.ffmpeg) {
    writeStamp(root, { ...before, tools: found });
  }
}

/**
 * The stamp sits in node_modules, so that it is removed together with that folder.
 *
 * @param {string} root
 */
function stampPath(root) {
  return join(root, 'node_modules', '.framewright-setup.json');
}

/**
 * @param {string} root
 * @returns {Stamp} empty when there is none, or none that can be read
 */
function readStamp(root) {
  try {
    const stamp = JSON.parse(readFileSync(stampPath(root), 'utf8'));
    return typeof stamp === 'object' && stamp !== null ? stamp : {};
  } catch {
    return {};
  }
}

/**
 * @param {string} root
 * @param {Stamp} stamp
 */
function writeStamp(root, stamp) {
  const partial = `${stampPath(root)}.${process.pid}`;
  try {
    writeFileSync(partial, JSON.stringify(stamp));
    renameSync(partial, stampPath(root));
  } catch {
    // A read-only checkout with everything installed: the check then runs again each time.
  }
}
