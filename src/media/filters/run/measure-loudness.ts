import { z } from 'zod';
import { CodedError } from '../../../errors/coded-error.ts';
import { type FfmpegRun, runFfmpeg } from '../../ffmpeg/run/ffmpeg-process.ts';
import type { LoudnessMeasurement } from '../../planning/plan.ts';

/** A figure of loudnorm: a number as text, `-inf` for silence. */
const figure = z.string().transform((text) => (text === '-inf' ? -99 : text === 'inf' ? 0 : Number(text)));

const report = z.object({
  input_i: figure,
  input_lra: figure,
  input_tp: figure,
  input_thresh: figure,
  target_offset: figure,
});

/**
 * Runs the first pass of loudnorm (`print_format=json`) and returns its figures; silence measures -99 LUFS.
 * Rejects as `runFfmpeg` does, and with `FFMPEG_FAILED` when FFmpeg printed no figures.
 */
export async function measureLoudness(run: Omit<FfmpegRun, 'logLevel'>): Promise<LoudnessMeasurement> {
  const { stderr } = await runFfmpeg({ ...run, logLevel: 'info' });
  return parseLoudness(stderr);
}

/** The figures in what loudnorm wrote to the log: the last JSON object of it. */
export function parseLoudness(log: string): LoudnessMeasurement {
  const start = log.lastIndexOf('{');
  const end = log.indexOf('}', start);
  const parsed = report.safeParse(start < 0 || end < 0 ? undefined : jsonOf(log.slice(start, end + 1)));
  if (!parsed.success || Object.values(parsed.data).some((value) => !Number.isFinite(value))) {
    throw new CodedError(
      'FFMPEG_FAILED',
      'Expected the figures of loudnorm at the end of the log, got a log without them',
    );
  }
  const { data } = parsed;
  return {
    integrated: data.input_i,
    range: data.input_lra,
    truePeak: data.input_tp,
    threshold: data.input_thresh,
    offset: data.target_offset,
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
