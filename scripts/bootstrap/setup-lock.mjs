// Plain JavaScript for Node 18: this runs before anything is installed.
import { appendFile, link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** How often a holder shows that it lives (milliseconds). */
const BEAT = 2_000;

/**
 * Runs `work` while holding a lock file, so that two parallel set-ups do not write the same folder. A lock is stale when
 * its processes are gone (same host), or have not touched the file for `silence` (another container with the same
 * checkout, or a process id that was given out again).
 *
 * @template T
 * @param {string} path the lock file; its folder must exist
 * @param {(alsoHeldBy: (pid: number) => Promise<void>) => Promise<T>} work gets a function that names a child process
 *   which does the writing: when only its parent is killed, the lock is not free before the child is gone too
 * @param {{ onWait?: (holder: string) => void, timeout?: number, silence?: number }} [options] times in milliseconds:
 *   by default it waits 15 minutes at most and takes 30 s of silence for death
 * @returns {Promise<T>} what `work` returned; rejects when it does, or when the lock was not free in time
 */
export async function withSetupLock(path, work, { onWait, timeout = 900_000, silence = 30_000 } = {}) {
  const token = `${process.pid} ${process.hrtime.bigint()} ${hostname()}`;
  const deadline = Date.now() + timeout;
  let reported = false;
  while (!(await create(path, token))) {
    const holder = await readHolder(path, silence);
    if (holder?.stale) await removeStale(path, holder.token, token);
    if (!holder || holder.stale) continue;
    if (Date.now() > deadline) {
      throw new Error(`expected ${path} to be free within ${timeout / 1000} s, but process ${holder.pid} holds it`);
    }
    if (!reported) onWait?.(`process ${holder.pid}`);
    reported = true;
    await sleep(200);
  }
  const beat = setInterval(() => {
    const now = new Date();
    // Gone when someone cleaned the checkout under us: the work in hand may still end well.
    utimes(path, now, now).catch(() => undefined);
  }, BEAT);
  try {
    return await work((pid) => appendFile(path, `\n${pid}`).catch(() => undefined));
  } finally {
    clearInterval(beat);
    const holder = await readHolder(path, silence);
    if (holder?.token === token) await rm(path, { force: true });
  }
}

/**
 * Creates the lock together with its content (a hard link to a written file), so that no one reads it half written.
 *
 * @param {string} path
 * @param {string} token
 * @returns {Promise<boolean>} false when someone holds it
 */
async function create(path, token) {
  const partial = besides(path, token);
  await writeFile(partial, token);
  try {
    await link(partial, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

/**
 * @param {string} path
 * @param {number} silence milliseconds
 * @returns {Promise<{ token: string, pid: number, stale: boolean } | undefined>} undefined when no one holds it
 */
async function readHolder(path, silence) {
  try {
    const [token = '', ...children] = (await readFile(path, 'utf8')).split('\n');
    const { mtimeMs } = await stat(path);
    const pid = Number.parseInt(token, 10);
    const here = token.endsWith(` ${hostname()}`);
    const silent = Date.now() - mtimeMs > silence;
    const childAlive = here && children.map(Number).some(isAlive);
    return { token, pid, stale: !childAlive && (silent || (here && !isAlive(pid))) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Takes a dead holder's lock away. Another waiter may have done so first and hold a lock of its own by now: then the
 * one that was moved is put back.
 *
 * @param {string} path
 * @param {string} dead the token that was found stale
 * @param {string} mine
 */
async function removeStale(path, dead, mine) {
  const aside = besides(path, mine);
  try {
    await rename(path, aside);
    const [token] = (await readFile(aside, 'utf8')).split('\n', 1);
    if (token !== dead) await link(aside, path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(aside, { force: true });
  }
}

/**
 * A file name that no other taker of the lock uses.
 *
 * @param {string} path
 * @param {string} token
 */
function besides(path, token) {
  return `${path}.${token.split(' ', 2).join('.')}`;
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/**
 * @param {unknown} error
 * @returns {unknown} the system's error code, such as ENOENT
 */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
