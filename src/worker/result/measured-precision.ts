import type { PlannedOutput } from '../../media/planning/plan.ts';
import type { JoinedCut } from '../../media/smart-cut/run/join-smart-cut.ts';
import type { MeasuredOutput } from '../../media/verify/verify.ts';
import type { PrecisionReport } from '../../model/status/result.ts';

/** The planned report of a trim, corrected by the measured output if there is one. */
export function measuredPrecision(
  planned: PrecisionReport,
  joined: JoinedCut | undefined,
  output: { readonly planned: PlannedOutput; readonly measured: MeasuredOutput } | undefined,
): PrecisionReport {
  if (planned.method === 'smart-cut') return { ...planned, ...joined };
  const frames = output?.measured.videoPackets;
  if (planned.method === 're-encode') return { ...planned, ...(frames !== undefined && { encodedFrames: frames }) };
  const end = planned.endErrorSeconds === undefined ? undefined : measuredEnd(planned.endErrorSeconds, output);
  return {
    ...planned,
    ...(frames !== undefined && { copiedFrames: frames }),
    ...(end !== undefined && { endErrorSeconds: end }),
  };
}

/** A copy may be a few frames longer than requested, since frames are stored in another order than they are shown in. */
function measuredEnd(planned: number, output: Parameters<typeof measuredPrecision>[2]): number {
  const expected = output?.planned.expect.duration;
  const measured = output?.measured.probe?.video[0]?.duration ?? output?.measured.probe?.duration;
  if (expected === undefined || measured === undefined) return planned;
  return Math.round((planned + measured - expected) * 10_000) / 10_000;
}
