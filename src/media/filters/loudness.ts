import type { OperationParameters } from '../../model/job/operations.ts';
import type { StageSpec } from '../../model/job/stage.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import { planError } from '../planning/plan-error.ts';
import { audioFormat } from '../planning/source.ts';
import type { AudioState } from '../planning/timeline.ts';
import { chain, filter, type Pad } from './graph.ts';
import { clamp } from './numbers.ts';

/** What is quieter than this is silence (EBU R 128). */
const silence = -70;
/** The widest loudness range that loudnorm takes, in LU. */
const widestRange = 50;

/** Throws SPEC_INVALID for a loudness tolerance in a job that normalizes no audio: nothing would be checked. */
export function checkLoudnessTolerance({ operations, output }: Pick<StageSpec, 'operations' | 'output'>): void {
  if (output.contract?.loudnessTolerance === undefined) return;
  const targets = [output.audio, ...(output.renditions ?? []).map(({ audio }) => audio)];
  const wanted = targets.some((audio) => audio?.loudness !== undefined);
  if (wanted || operations.some(({ normalizeLoudness }) => normalizeLoudness !== undefined)) return;
  throw planError(
    'SPEC_INVALID',
    'spec.output.contract.loudnessTolerance',
    'expected a loudness to compare with: set output.audio.loudness or add an operation normalizeLoudness',
  );
}

export interface LoudAudio {
  readonly pad: Pad;
  /** LUFS; absent when the loudness was not changed, or is not certain. */
  readonly target?: number;
}

/**
 * Two-pass loudness: requests a measurement of the pad when there is none yet, otherwise sets it with one constant gain
 * where the peaks allow it. Source: https://ffmpeg.org/ffmpeg-filters.html#loudnorm
 */
export function loudnessFilters(
  builder: PlanBuilder,
  pad: Pad,
  { end, layout }: Pick<AudioState, 'end' | 'layout'>,
  { integrated = -16, truePeak = -1.5, range }: OperationParameters['normalizeLoudness'],
  { id, path }: { readonly id: string; readonly path: string },
): LoudAudio {
  builder.needFilter('loudnorm', path);
  // loudnorm may return 192 kHz, and a little more than its input.
  const after = [
    filter('aresample', { sample_rate: 48_000 }),
    audioFormat({ sampleRate: 48_000, layout }),
    filter('atrim', { end_sample: Math.round(end * 48_000) }),
  ];
  const measured = builder.measured(id);
  // Above the present range one constant gain will do; below it the audio would be compressed, which must be requested.
  const target = {
    I: integrated,
    TP: truePeak,
    LRA: clamp(range ?? Math.max(11, measured?.range ?? 0), 1, widestRange),
  };
  if (measured === undefined) {
    builder.pending.push({
      id,
      kind: 'loudness',
      expectedSeconds: end,
      pad: chain(pad, filter('loudnorm', { ...target, print_format: 'json' })),
    });
    return {
      pad: chain(pad, filter('loudnorm', target), ...after),
      target: integrated,
    };
  }
  if (!Number.isFinite(measured.integrated) || measured.integrated < silence) {
    builder.note('The audio is silent, so its loudness was not changed.');
    return { pad: chain(pad, ...after) };
  }
  const passed = chain(
    pad,
    filter('loudnorm', {
      ...target,
      measured_I: clamp(measured.integrated, -99, 0),
      measured_TP: clamp(measured.truePeak, -99, 99),
      measured_LRA: clamp(measured.range, 0, 99),
      measured_thresh: clamp(measured.threshold, -99, 0),
      offset: measured.offset,
      linear: 'true',
    }),
    ...after,
  );
  // Where the peaks leave no room for the gain the audio is limited instead, and ends near the target at best.
  const room = measured.truePeak + integrated - measured.integrated <= truePeak && measured.range <= target.LRA;
  if (!room)
    builder.note(
      `${path}: the peaks leave no room to reach ${integrated} LUFS with one gain, so the audio is limited as well.`,
    );
  return { pad: passed, ...((room || demanded(builder)) && { target: integrated }) };
}

/** A job with a tolerance is to fail rather than to get another loudness. */
function demanded({ request }: PlanBuilder): boolean {
  return request.spec.output.contract?.loudnessTolerance !== undefined;
}
