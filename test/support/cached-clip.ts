import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Clips are kept between runs; the folder is ignored by git. */
export const clipFolder = fileURLToPath(new URL('../../.cache/test-clips', import.meta.url));

let version: Promise<string> | undefined;

/** Version and build options of the FFmpeg on PATH. */
async function ffmpegVersion(): Promise<string> {
  version ??= run('ffmpeg', ['-version']).then(({ stdout }) => stdout);
  return version;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/**
 * The path of a clip that FFmpeg makes of these arguments, made once for each version of FFmpeg. The arguments have no
 * output and read no file, because the file name is a hash of them. Tests copy a clip before they change it. Rejects
 * with FFmpeg's output when it fails.
 * @param extension Of the file name, without the dot; FFmpeg chooses the container by it.
 */
export async function cachedClip(argv: readonly string[], extension = 'mp4'): Promise<string> {
  const identity = JSON.stringify([await ffmpegVersion(), argv]);
  const name = `${createHash('sha256').update(identity).digest('hex').slice(0, 32)}.${extension}`;
  const path = join(clipFolder, name);
  if (await exists(path)) return path;
  await mkdir(clipFolder, { recursive: true });
  // Parallel workers may make the same clip: each writes a file of its own, and the last rename wins.
  const unfinished = join(clipFolder, `.${randomUUID()}.${extension}`);
  try {
    await run('ffmpeg', ['-hide_banner', '-nostdin', '-v', 'error', ...argv, unfinished]);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}
