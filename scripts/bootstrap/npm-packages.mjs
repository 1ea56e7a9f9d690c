// Plain JavaScript for Node 18: this runs before anything is installed.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, link?: boolean,
 *   os?: string | string[], cpu?: string | string[], libc?: string | string[] }} LockedPackage */

/**
 * What node_modules must have been made from: the lock file and the platform, as one hash.
 *
 * @param {string} root the checkout
 * @returns {string} hexadecimal
 */
export function packagesKey(root) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(` ${process.platform} ${process.arch}`).digest('hex');
}

/**
 * Whether node_modules already holds exactly what package-lock.json asks for, by the inventory that npm leaves there:
 * someone may have run `npm ci` or `npm install` by hand, and a needless install would pull the folder away from under
 * whatever runs from it.
 *
 * @param {string} root the checkout
 * @returns {boolean}
 */
export function packagesMatchLock(root) {
  const inventory = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(inventory)) return false;
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(inventory);
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue;
    const got = installed[path];
    if (got ? got.version !== entry.version || got.integrity !== entry.integrity : isNeededHere(entry)) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

/**
 * @param {string} path
 * @returns {Record<string, LockedPackage>}
 */
function readPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
}

/**
 * Whether a package that is not there should be. Optional ones are rightly absent on another platform, and so are their
 * own dependencies; which C library this is, only npm decides.
 *
 * @param {LockedPackage} entry
 * @returns {boolean}
 */
function isNeededHere({ optional, devOptional, os, cpu, libc }) {
  if (!optional && !devOptional) return true;
  return Boolean(os && cpu && !libc && allows(os, process.platform) && allows(cpu, process.arch));
}

/**
 * npm's rule for `os` and `cpu`: a name, or a list of names and of names with a leading "!" that are excluded.
 *
 * @param {string | string[]} rule
 * @param {string} value
 * @returns {boolean}
 */
function allows(rule, value) {
  const names = [rule].flat();
  if (names.includes(`!${value}`)) return false;
  const positive = names.filter((name) => !name.startsWith('!'));
  return positive.length === 0 || positive.includes(value) || positive.includes('any');
}
