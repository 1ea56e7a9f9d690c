// Finds the Node that a checkout pins. Plain JavaScript for Node 18: this runs before anything is installed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The oldest Node that the bundled program runs on. */
export const OLDEST_FOR_BUNDLE = '22.19.0';

/** The oldest Node that the unbuilt sources run on: they use `await using`, which 22 cannot parse. */
export const OLDEST_FOR_SOURCES = '24.0.0';

/**
 * Whether a Node version is at least another one; both as `major.minor.patch`, no leading `v`.
 *
 * @param {string} version
 * @param {string} oldest
 * @returns {boolean}
 */
export function isAtLeast(version, oldest) {
  const got = version.split('.').map(Number);
  const wanted = oldest.split('.').map(Number);
  for (const [index, part] of wanted.entries()) {
    const mine = got[index] ?? 0;
    if (mine !== part) return mine > part;
  }
  return true;
}

/** The npm package that holds the pinned Node for this platform; not every platform has one. */
export function pinnedNodePackage() {
  return `node-${process.platform}-${process.arch}`;
}

/**
 * The pinned Node of the checkout or package at `root`, or undefined where its platform package is not installed
 * (packages are missing, or the platform has none: then the Node of the machine must be new enough).
 *
 * @param {string} root absolute path
 * @returns {string | undefined} absolute path of an executable
 */
export function findPinnedNode(root) {
  const path = join(root, 'node_modules', pinnedNodePackage(), 'bin', 'node');
  return existsSync(path) ? path : undefined;
}
