import { cutToJsonBytes, jsonBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Attempt, RenderJobStatus } from '../../model/job/render-job.ts';

/** Longest texts of a status that is too large otherwise, in bytes of JSON. */
const short = { message: 320, reason: 200, stderrTail: 1024 } as const;

/**
 * A status within `bounds.statusBytes` of JSON, for any status within the bounds of its own parts. Left out first is what
 * is kept elsewhere too: checks are in the report, the end of FFmpeg's log in the log. Then the history is condensed from
 * its middle, then texts are cut. A status that fits is returned unchanged.
 */
export function withinSize(status: RenderJobStatus): RenderJobStatus {
  // Nearly every status fits, and needs no exact count: a code unit has at most three bytes.
  if (JSON.stringify(status).length * 3 <= bounds.statusBytes) return status;
  let fitted = status;
  for (const shrink of shrinks) {
    if (jsonBytes(fitted) <= bounds.statusBytes) return fitted;
    fitted = shrink(fitted);
  }
  return fitted;
}

type Shrink = (status: RenderJobStatus) => RenderJobStatus;

const shrinks: readonly Shrink[] = [
  (status) => withError(status, (tail) => cutToJsonBytes(tail, short.stderrTail)),
  (status) =>
    withAttempts(status, (all) => all.map((one, at) => (at === 0 || at === all.length - 1 ? one : condensed(one)))),
  ({ result, ...rest }) => {
    if (result === undefined) return rest;
    const { checks: _, ...kept } = result;
    return { ...rest, result: kept };
  },
  (status) => withAttempts(status, (all) => all.map(condensed)),
  (status) => withAttempts(status, (all) => [...all.slice(0, 1), ...all.slice(1).slice(-3)]),
  ({ result, ...rest }) => {
    if (result === undefined) return rest;
    const { acceleration, precision: _, ...kept } = result;
    return {
      ...rest,
      result: { ...kept, ...(acceleration === undefined ? {} : { acceleration: bare(acceleration) }) },
    };
  },
  ({ message, conditions, progress, ...rest }) => ({
    ...rest,
    message: cutToJsonBytes(message, short.message),
    ...(progress === undefined ? {} : { progress: withoutMessage(progress) }),
    ...(conditions === undefined
      ? {}
      : { conditions: conditions.map((one) => ({ ...one, message: cutToJsonBytes(one.message, short.message) })) }),
  }),
  (status) => withError(status, () => undefined),
  (status) => withAttempts(status, (all) => all.slice(-1)),
  withoutLastOutputs,
];

/** The first outputs that fit; the report has all of them. */
function withoutLastOutputs({ result, ...rest }: RenderJobStatus): RenderJobStatus {
  if (result === undefined) return rest;
  let left = bounds.statusBytes - jsonBytes({ ...rest, result: { ...result, outputs: [] } });
  const outputs = result.outputs.filter((output) => {
    // One more for the comma.
    left -= jsonBytes(output) + 1;
    return left >= 0;
  });
  return { ...rest, result: { ...result, outputs } };
}

function withError(status: RenderJobStatus, cut: (tail: string) => string | undefined): RenderJobStatus {
  if (status.error === undefined) return status;
  const { stderrTail = '', ...error } = status.error;
  const tail = cut(stderrTail);
  const { message, remedy } = error;
  return {
    ...status,
    error: {
      ...error,
      ...(tail === undefined ? { message: cutToJsonBytes(message, short.message) } : {}),
      ...(tail === undefined && remedy !== undefined ? { remedy: cutToJsonBytes(remedy, short.message) } : {}),
      ...(tail === undefined || tail === '' ? {} : { stderrTail: tail }),
    },
  };
}

function withAttempts(
  { attempts, ...rest }: RenderJobStatus,
  change: (attempts: readonly Attempt[]) => Attempt[],
): RenderJobStatus {
  return attempts === undefined ? rest : { ...rest, attempts: change(attempts) };
}

function condensed({ acceleration, reason, ...attempt }: Attempt): Attempt {
  return {
    ...attempt,
    ...(acceleration === undefined ? {} : { acceleration: bare(acceleration) }),
    ...(reason === undefined ? {} : { reason: cutToJsonBytes(reason, short.reason) }),
  };
}

/** Why each better backend was not used is in the report. */
function bare(acceleration: NonNullable<Attempt['acceleration']>): NonNullable<Attempt['acceleration']> {
  return { ...acceleration, fallbacks: [] };
}

function withoutMessage(progress: NonNullable<RenderJobStatus['progress']>) {
  const { message: _, ...rest } = progress;
  return rest;
}
