import type { PrecisionReport } from '../../model/status/result.ts';
import type { VideoPart } from '../planning/output-streams.ts';
import type { PlanBuilder } from '../planning/plan-builder.ts';
import type { SmartVideo } from './smart-steps.ts';

/** How the trims of a job are made, as far as it is known before they are; absent without a trim or a video. */
export function precisionOf({ trimmed }: PlanBuilder, video: VideoPart | undefined): PrecisionReport | undefined {
  if (trimmed === undefined || video === undefined || video.how === 'none') return undefined;
  const errors = {
    startErrorSeconds: rounded(trimmed.start),
    ...(trimmed.end !== undefined && { endErrorSeconds: rounded(trimmed.end) }),
  };
  if (video.how === 'encode') return { method: 're-encode', copiedFrames: 0, ...errors, why: video.why.slice(0, 160) };
  if (video.smart === undefined) return { method: 'keyframe-copy', encodedFrames: 0, ...errors };
  return smartPrecision(video.smart, errors);
}

function smartPrecision(
  { cut: { head, tail, copied, firstShown }, clip: { window }, video }: SmartVideo,
  errors: Pick<PrecisionReport, 'startErrorSeconds' | 'endErrorSeconds'>,
): PrecisionReport {
  const encodedFrames = (head?.frames ?? 0) + (tail?.frames ?? 0);
  // With a variable frame rate, no frame need begin at the requested time.
  const late = window?.exactStart === true ? firstShown - window.start : 0;
  return {
    method: 'smart-cut',
    ...(video.frames !== undefined && { copiedFrames: Math.max(0, video.frames - encodedFrames) }),
    encodedFrames,
    encoded: [
      ...(head ? [{ start: 0, end: rounded(copied.start), frames: head.frames }] : []),
      ...(tail ? [{ start: rounded(copied.end ?? 0), end: rounded(video.end), frames: tail.frames }] : []),
    ],
    ...errors,
    startErrorSeconds: rounded((errors.startErrorSeconds ?? 0) + late),
  };
}

/** To a tenth of a millisecond; never the -0 that rounding a small negative number gives. */
function rounded(seconds: number): number {
  return Math.round(seconds * 10_000) / 10_000 + 0;
}
