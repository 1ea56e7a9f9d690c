// Plain JavaScript for Node 18: this runs before anything is installed.
import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OLDEST_FFMPEG, readFfmpegVersion } from './ffmpeg-version.mjs';
import { findProgram } from './find-program.mjs';
import { capture, runStep, SetupError, say } from './run-step.mjs';
import { withSetupLock } from './setup-lock.mjs';

/** Debian package of every tool that a script may ask for, and the programs that show that it is installed. */
const PROVIDERS = new Map([
  ['ffmpeg', ['ffmpeg', 'ffprobe']],
  ['curl', ['curl']],
  ['jq', ['jq']],
  ['bc', ['bc']],
]);

/**
 * Makes the asked tools available, through apt-get where that is allowed.
 *
 * @param {readonly string[]} tools Debian package names out of ffmpeg, curl, jq, bc
 * @param {unknown} known what an earlier call returned: spares starting ffmpeg when that is the same file still
 * @returns {Promise<{ ffmpeg?: string }>} what to hand to the next call as `known`
 *   Rejects with a SetupError that says what to install when a tool is missing and cannot be installed, or is too old.
 */
export async function ensureTools(tools, known) {
  const unknown = tools.filter((tool) => !PROVIDERS.has(tool));
  if (unknown.length > 0) {
    throw new SetupError(`expected tools out of ${[...PROVIDERS.keys()].join(', ')}, got ${unknown.join(', ')}`);
  }
  const missing = missingOf(tools);
  if (missing.length > 0) await installTools(missing);
  return tools.includes('ffmpeg') ? { ffmpeg: await checkFfmpeg(known) } : {};
}

/**
 * @param {readonly string[]} tools
 * @returns {string[]} the ones of which a program is not on PATH
 */
function missingOf(tools) {
  return tools.filter((tool) => PROVIDERS.get(tool)?.some((program) => findProgram(program) === undefined));
}

/** @param {readonly string[]} missing */
async function installTools(missing) {
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  const version = missing.includes('ffmpeg') ? ` (ffmpeg ${OLDEST_FFMPEG} or later, with ffprobe)` : '';
  if (!findProgram('apt-get')) {
    throw new SetupError(`${missing.join(', ')} must be on PATH${version}; install with your system's package manager`);
  }
  if (process.getuid?.() !== 0) {
    const remedy = `sudo apt-get update && sudo ${command}`;
    throw new SetupError(
      `${missing.join(', ')} must be on PATH${version}, and only root may install; run:\n  ${remedy}`,
    );
  }
  // One lock for the machine, not the checkout: apt-get's own lock covers dpkg, but not the package lists.
  const lock = join(existsSync('/run') ? '/run' : tmpdir(), 'framewright-apt.lock');
  await withSetupLock(
    lock,
    async (alsoHeldBy) => {
      const still = missingOf(missing);
      if (still.length === 0) return;
      const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, onStart: alsoHeldBy };
      const wait = ['-o', 'DPkg::Lock::Timeout=300'];
      await runStep('updating the package lists with apt-get', 'apt-get', [...wait, '-q', 'update'], options);
      const install = [...wait, '-q', '-y', 'install', '--no-install-recommends', ...still];
      await runStep(`installing ${still.join(', ')} with apt-get`, 'apt-get', install, options);
    },
    { onWait: (holder) => say(`waiting for another set-up to finish with apt-get (${holder})…`) },
  );
  const failed = missingOf(missing);
  if (failed.length > 0) throw new SetupError(`${failed.join(', ')} cannot be found on PATH after \`${command}\``);
}

/**
 * @param {unknown} known
 * @returns {Promise<string>} an identity of the ffmpeg that was found good
 */
async function checkFfmpeg(known) {
  const path = findProgram('ffmpeg') ?? 'ffmpeg';
  const { size, mtimeMs, ino } = statSync(path);
  const identity = [path, size, mtimeMs, ino].join(' ');
  if (identity === known) return identity;
  const { failure, output } = await capture(path, ['-hide_banner', '-version']);
  const found = readFfmpegVersion(output);
  if (failure !== undefined || !found) {
    const tail = output.trim().split('\n').slice(-5).join('\n');
    throw new SetupError(`expected ${path} -version to name a version, but it ${failure ?? 'did not'}\n${tail}`);
  }
  if (!found.supported) {
    throw new SetupError(
      `expected ffmpeg ${OLDEST_FFMPEG} or later, got ${found.version} at ${path}; ` +
        'Debian 12 and Ubuntu 23.04 or later have one that is new enough, or put a newer build first on PATH',
    );
  }
  return identity;
}
