import type { WorkerCommand } from '../../adapters/processes/worker-process.ts';
import type { Config } from '../../config/load-config.ts';
import { workerVariables } from '../../worker-protocol/environment.ts';
import { mediaToolsOf } from '../media-tools.ts';

/** Starts a worker: the same program, by its entry file, with the folder of the object store. */
export function workerCommand(
  { media, sources, log }: Pick<Config, 'media' | 'sources' | 'log'>,
  { entry, objectsDir }: { readonly entry: string; readonly objectsDir: string },
): WorkerCommand {
  return {
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', entry, 'worker'],
    env: {
      ...mediaToolsOf(media).env,
      ...workerVariables({
        objectsDir,
        mediaRoot: sources.mediaRoot,
        sourceHosts: sources.hosts,
        allowedRanges: sources.allowedRanges,
        maxInputBytes: sources.maxInputBytes,
        ffmpeg: media.ffmpeg,
        ffprobe: media.ffprobe,
        driDir: media.driDir,
        drmClassDir: media.drmClassDir,
        logLevel: log.level,
      }),
    },
  };
}
