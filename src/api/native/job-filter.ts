import { z } from 'zod';
import { omitUndefined } from '../../lib/omit-undefined.ts';
import { phases } from '../../model/status/lifecycle.ts';
import type { JobFilter } from '../../ports/job-store.ts';
import type { Caller } from '../http/auth.ts';
import { visibleTo } from '../jobs/job-access.ts';

const phaseList = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => [value].flat().flatMap((text) => text.split(',')))
  .pipe(z.array(z.enum(phases)).min(1).max(12));

const instant = z
  .string()
  .max(40)
  .transform((text, context) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
    if (!Number.isNaN(value)) return value;
    context.addIssue({ code: 'custom', message: 'must be an ISO 8601 instant or Unix milliseconds' });
    return z.NEVER;
  });

/** The query of `GET /apis/render-jobs`. */
export const jobQuery = z.strictObject({
  phase: phaseList.optional().describe('Only these phases, separated by commas.'),
  owner: z.string().min(1).max(63).optional().describe('Only jobs of this owner.'),
  type: z
    .string()
    .min(1)
    .max(40)
    .optional()
    .describe('Only jobs of this type: an operation, transcode, or render for several.'),
  node: z.string().min(1).max(253).optional().describe('Only jobs that ran on this node.'),
  since: instant.optional().describe('Only jobs created at or after this instant: ISO 8601 or Unix milliseconds.'),
  text: z.string().min(1).max(63).optional().describe('Only jobs whose name contains this, in any case.'),
  namespace: z.string().min(1).max(63).optional().describe('Only jobs of this namespace; for admins.'),
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Most jobs in the reply.'),
  cursor: z.string().max(200).optional().describe('`cursor` of the previous page.'),
});

type JobQuery = z.output<typeof jobQuery>;

/** The requested jobs among those that a caller may see; `undefined` when the query asks only for others. */
export function filterFor(caller: Caller, query: JobQuery): JobFilter | undefined {
  const seen = visibleTo(caller);
  const { owner = seen.owner, namespace = seen.namespace, phase, type, node, since, text } = query;
  if (seen.owner !== undefined && owner !== seen.owner) return undefined;
  if (seen.namespace !== undefined && namespace !== seen.namespace) return undefined;
  return omitUndefined({ namespace, owner, phases: phase, type, node, since, text });
}
