import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { packagesKey, packagesMatchLock } from '../../../scripts/bootstrap/npm-packages.mjs';

const zod = { version: '4.0.0', integrity: 'sha512-zod' };
const here = {
  version: '1.0.0',
  integrity: 'sha512-here',
  optional: true,
  os: [process.platform],
  cpu: [process.arch],
};
const elsewhere = { version: '1.0.0', integrity: 'sha512-else', optional: true, os: ['aix'], cpu: ['ppc64'] };

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function checkout(locked: object, installed?: object): string {
  const root = mkdtempSync(join(tmpdir(), 'framewright-packages-'));
  folders.push(root);
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...locked } }));
  if (installed) {
    mkdirSync(join(root, 'node_modules'));
    writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  }
  return root;
}

describe('packagesMatchLock', () => {
  it.each([
    ['everything is there', { a: zod }, { a: zod }, true],
    ['an optional package of another platform is absent', { a: zod, b: elsewhere }, { a: zod }, true],
    ['an optional package of this platform is absent', { a: zod, b: here }, { a: zod }, false],
    ['an optional package excludes this platform', { b: { ...here, os: [`!${process.platform}`] } }, {}, true],
    ['a package is absent', { a: zod, b: zod }, { a: zod }, false],
    ['a version differs', { a: zod }, { a: { ...zod, version: '4.0.1' } }, false],
    ['the content differs', { a: zod }, { a: { ...zod, integrity: 'sha512-other' } }, false],
    ['a package is there that is not asked for', { a: zod }, { a: zod, b: zod }, false],
  ])('when %s', (_case, locked, installed, expected) => {
    expect(packagesMatchLock(checkout(locked, installed))).toBe(expected);
  });

  it('is false in a fresh clone', () => {
    expect(packagesMatchLock(checkout({ a: zod }))).toBe(false);
  });

  it('is true in this checkout, whose packages these tests run on', () => {
    expect(packagesMatchLock(dirname(dirname(dirname(import.meta.dirname))))).toBe(true);
  });
});

describe('packagesKey', () => {
  it('changes with the lock file', () => {
    expect(packagesKey(checkout({ a: zod }))).not.toBe(packagesKey(checkout({ a: here })));
    expect(packagesKey(checkout({ a: zod }))).toBe(packagesKey(checkout({ a: zod })));
  });
});
