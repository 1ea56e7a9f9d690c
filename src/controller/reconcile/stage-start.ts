import { CodedError, toCodedError } from '../../errors/coded-error.ts';
import { errorTable, isErrorCode } from '../../errors/error-table.ts';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { Attempt, RenderJob } from '../../model/job/render-job.ts';
import { labels } from '../../model/labels.ts';
import type { StartOptions } from '../../ports/stage-runner.ts';
import type { Rejection } from './decision.ts';

/** The options with which a runner starts a stage of a job. */
export function startOptions({ metadata, spec, status }: RenderJob, pool: string): StartOptions {
  const nodes = nodesToAvoid(status?.attempts ?? []);
  return {
    pool,
    ...omitUndefined({
      owner: metadata.labels?.[labels.owner],
      podTemplate: spec.podTemplate,
      queue: spec.queue,
      avoidNodes: nodes.length === 0 ? undefined : nodes,
    }),
  };
}

/** Nodes on which the job failed in a way that another node may not: a broken GPU, a driver that is too old. */
function nodesToAvoid(attempts: readonly Attempt[]): string[] {
  const nodes = attempts.flatMap(({ node, code }) => (node !== undefined && mayWorkElsewhere(code) ? [node] : []));
  return [...new Set(nodes)];
}

function mayWorkElsewhere(code: string | undefined): boolean {
  return code !== undefined && isErrorCode(code) && errorTable[code].retry === 'elsewhere';
}

/** Codes with which a runner rejects a stage, and whether it may accept the same stage later. */
const rejections: Readonly<Record<string, { readonly temporary: boolean }>> = {
  SPEC_INVALID: { temporary: false },
  INVALID_REQUEST: { temporary: false },
  CONFLICT: { temporary: false },
  FORBIDDEN: { temporary: true },
};

/** A failure to start a stage as its rejection; every other error is rethrown, to be retried. */
export function startRejection(error: unknown): Rejection {
  const rejection = error instanceof CodedError ? rejections[error.code] : undefined;
  if (rejection === undefined) throw error;
  const { code, message, remedy } = toCodedError(error);
  // From the view of the job, its spec is what cannot be rendered.
  const jobCode = code === 'INVALID_REQUEST' ? 'SPEC_INVALID' : code;
  return { error: { code: jobCode, message: cutToBytes(message, bounds.message), remedy }, ...rejection };
}
