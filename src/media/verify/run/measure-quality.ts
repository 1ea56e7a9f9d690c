import { FfmpegError, type FfmpegRun, runFfmpeg } from '../../ffmpeg/run/ffmpeg-process.ts';
import { parseQuality, type QualityFigures } from '../quality-figures.ts';

/**
 * Runs a comparison of `quality-comparison.ts` and returns the figures. A comparison that fails because of the files is a
 * result with `error`; rejects with the signal's reason, and when the machine is the cause.
 */
export async function measureQuality(run: Omit<FfmpegRun, 'logLevel' | 'backend'>): Promise<QualityFigures> {
  try {
    const { stderr } = await runFfmpeg({ ...run, backend: 'software', logLevel: 'info' });
    return parseQuality(stderr);
  } catch (error) {
    if (error instanceof FfmpegError && fileErrors.has(error.code)) return { error: error.message };
    throw error;
  }
}

const fileErrors: ReadonlySet<string> = new Set(['INPUT_INVALID', 'INPUT_UNSUPPORTED', 'FFMPEG_FAILED']);
