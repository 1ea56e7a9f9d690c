import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from './storage-error.ts';
import { unlinkIfPresent } from './upload-folder.ts';

export interface FilePublication {
  readonly from: string;
  /** Its folders are created. */
  readonly to: string;
  /** Whether hard links are tried; not every file system has them. */
  readonly hardLinks: boolean;
  /** Folder for the claims of publications without hard links. */
  readonly claimDir: string;
}

/**
 * Moves a file to its final path, on the same file system and durably. Never replaces a file: rejects with the system's
 * `EEXIST` then, and with its other errors as they are.
 */
export async function publishFile({ from, to, hardLinks, claimDir }: FilePublication): Promise<void> {
  await sync(from);
  await mkdir(dirname(to), { recursive: true });
  if (!(hardLinks && (await moveByLink(from, to)))) await moveByClaim(from, to, claimDir);
  await sync(dirname(to));
}

/** Some file systems of volumes (SMB, FUSE) have no hard links. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Gives a file its name in one step, or fails with EEXIST, as rename would not. False where there are no links. */
async function moveByLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (noLinks.has(systemCode(error) ?? '')) return false;
    throw error;
  }
  await unlink(from);
  return true;
}

/** The same with a rename, by the holder of the claim only. A crash leaves a claim, which is swept with the uploads. */
async function moveByClaim(from: string, to: string, claimDir: string): Promise<void> {
  const claim = join(claimDir, `${createHash('sha256').update(to).digest('hex')}.claim`);
  const handle = await open(claim, 'wx');
  try {
    const existing = await lstat(to).catch(() => undefined);
    if (existing !== undefined) throw Object.assign(new Error('the name is taken'), { code: 'EEXIST' });
    await rename(from, to);
  } finally {
    await handle.close();
    await unlinkIfPresent(claim, 'remove a claim');
  }
}

/** Bytes and names must be on the disk before an object counts as published. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
