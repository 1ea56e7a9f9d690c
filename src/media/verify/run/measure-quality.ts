import { FfmpegError, type FfmpegRun, runFfmpeg } from '../../ffmpeg/run/ffmpeg-process.ts';
import { parseQuality, type QualityFigures } from '../quality-figures.ts';

/**
 * Runs a comparison of `quality-comparison.ts` and returns the figures. A comparison that fails for the sake of the files
 * is a finding with `error`; rejects with the signal's reason and where the machine is to blame.
 */
export async function measureQuality(run: Omit<FfmpegRun, 'logLevel' | 'backend'>): Promise<QualityFigures> {
  try {
    const { stderr } = await runFfmpeg({ ...run, backend: 'software', logLevel: 'info' });
    return parseQuality(stderr);
  } catch (error) {
    if (error instanceof FfmpegError && filesFault.has(error.code)) return { error: error.message };
    throw error;
  }
}

const filesFault: ReadonlySet<string> = new Set(['INPUT_INVALID', 'INPUT_UNSUPPORTED', 'FFMPEG_FAILED']);
