import type { OperationParameters } from '../model/operations.ts';
import type { Draft } from './draft.ts';
import { chain, filter, type Pad } from './graph.ts';
import { clamp } from './numbers.ts';

/** EBU R 128 counts what is quieter than this as silence. */
const silence = -70;
/** The widest loudness range that loudnorm of FFmpeg 5.1 takes, in LU. */
const widestRange = 20;

export interface LoudSound {
  readonly pad: Pad;
  /** LUFS; absent when there was nothing to bring anywhere. */
  readonly target?: number;
}

/**
 * Two-pass loudness: asks for a measurement of the pad when there is none yet, else sets it with one constant gain where
 * the peaks allow it. Source: https://ffmpeg.org/ffmpeg-filters.html#loudnorm
 */
export function loudnessFilters(
  draft: Draft,
  pad: Pad,
  seconds: number,
  { integrated = -16, truePeak = -1.5, range }: OperationParameters['normalizeLoudness'],
  { id, path }: { readonly id: string; readonly path: string },
): LoudSound {
  draft.needFilter('loudnorm', path);
  const measured = draft.measured(id);
  // Above the present range one constant gain will do; below it the sound would be compressed, which must be asked for.
  const target = {
    I: integrated,
    TP: truePeak,
    LRA: clamp(range ?? Math.max(11, measured?.range ?? 0), 1, widestRange),
  };
  if (measured === undefined) {
    draft.pending.push({
      id,
      kind: 'loudness',
      expectedSeconds: seconds,
      pad: chain(pad, filter('loudnorm', { ...target, print_format: 'json' })),
    });
    return {
      pad: chain(pad, filter('loudnorm', target), filter('aresample', { sample_rate: 48_000 })),
      target: integrated,
    };
  }
  if (!Number.isFinite(measured.integrated) || measured.integrated < silence) {
    draft.note('The sound is silent, so its loudness was left alone.');
    return { pad };
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
    // It may give 192 kHz.
    filter('aresample', { sample_rate: 48_000 }),
  );
  // Where the peaks leave no room for the gain the sound is limited instead, and lands near the target at best.
  const room = measured.truePeak + integrated - measured.integrated <= truePeak && measured.range <= target.LRA;
  if (!room)
    draft.note(
      `${path}: the peaks leave no room to reach ${integrated} LUFS with one gain, so the sound is limited as well.`,
    );
  return { pad: passed, ...((room || demanded(draft)) && { target: integrated }) };
}

/** A job that names a tolerance wants to fail rather than get another loudness. */
function demanded({ request }: Draft): boolean {
  return request.spec.output.contract?.loudnessTolerance !== undefined;
}
