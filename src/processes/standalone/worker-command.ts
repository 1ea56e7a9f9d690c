import type { WorkerCommand } from '../../adapters/processes/worker-process.ts';
import type { Config } from '../../config/load-config.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
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
      [workerEnvironment.objectsDir]: objectsDir,
      [workerEnvironment.mediaRoot]: sources.mediaRoot ?? '',
      [workerEnvironment.sourceHosts]: sources.hosts.join(','),
      [workerEnvironment.allowedRanges]: sources.allowedRanges.join(','),
      [workerEnvironment.maxInputBytes]: String(sources.maxInputBytes),
      [workerEnvironment.ffmpeg]: media.ffmpeg,
      [workerEnvironment.ffprobe]: media.ffprobe,
      [workerEnvironment.driDir]: media.driDir,
      [workerEnvironment.drmClassDir]: media.drmClassDir,
      [workerEnvironment.logLevel]: log.level,
    },
  };
}
