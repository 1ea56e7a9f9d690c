import { CodedError, toCodedError } from '../../errors/coded-error.ts';
import { errorTable, isErrorCode } from '../../errors/error-table.ts';
import { cutToBytes } from '../../lib/text.ts';
import { bounds } from '../../model/job/bounds.ts';
import type { RenderJob } from '../../model/job/render-job.ts';
import { labels } from '../../model/labels.ts';
import type { StartOptions } from '../../ports/stage-runner.ts';
import type { Refusal } from './decision.ts';

/** What a runner is told of a job besides its stage. */
export function startOptions({ metadata, spec, status }: RenderJob, pool: string): StartOptions {
  const owner = metadata.labels?.[labels.owner];
  const avoidNodes = nodesToAvoid(status?.attempts ?? []);
  return {
    pool,
    ...(owner === undefined ? {} : { owner }),
    ...(spec.podTemplate === undefined ? {} : { podTemplate: spec.podTemplate }),
    ...(spec.queue === undefined ? {} : { queue: spec.queue }),
    ...(avoidNodes.length === 0 ? {} : { avoidNodes }),
  };
}

/** Nodes on which the job failed in a way that another node may not: a broken GPU, a driver that is too old. */
function nodesToAvoid(attempts: NonNullable<NonNullable<RenderJob['status']>['attempts']>): string[] {
  const nodes = attempts.flatMap(({ node, code }) => (node !== undefined && failsElsewhere(code) ? [node] : []));
  return [...new Set(nodes)];
}

function failsElsewhere(code: string | undefined): boolean {
  return code !== undefined && isErrorCode(code) && errorTable[code].retry === 'elsewhere';
}

/** Codes with which a runner refuses a stage as it is, and those that may pass. Every other failure is no refusal. */
const refusals: Readonly<Record<string, 'for good' | 'at present'>> = {
  SPEC_INVALID: 'for good',
  INVALID_REQUEST: 'for good',
  CONFLICT: 'for good',
  FORBIDDEN: 'at present',
};

/** A failure to start a stage as a refusal of it; what is none is thrown on, to be tried again. */
export function refusalOf(error: unknown): Refusal {
  const kind = error instanceof CodedError ? refusals[error.code] : undefined;
  if (kind === undefined) throw error;
  const { code, message, remedy } = toCodedError(error);
  // For the job it is its spec that cannot be carried out.
  const told = code === 'INVALID_REQUEST' ? 'SPEC_INVALID' : code;
  return {
    error: { code: told, message: cutToBytes(message, bounds.message), remedy },
    passing: kind === 'at present',
  };
}
