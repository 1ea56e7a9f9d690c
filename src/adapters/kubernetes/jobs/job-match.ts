import { jobType } from '../../../model/job/job-type.ts';
import type { RenderJob } from '../../../model/job/render-job.ts';
import { labels } from '../../../model/labels.ts';
import type { JobFilter } from '../../../ports/job-store.ts';

/** Whether a job passes a filter. A job without a status is queued. */
export function matches({ metadata, spec, status }: RenderJob, filter: JobFilter): boolean {
  const { namespace, owner, type, phases, text, node, since, asset } = filter;
  return (
    (namespace === undefined || metadata.namespace === namespace) &&
    (owner === undefined || metadata.labels?.[labels.owner] === owner) &&
    (type === undefined || (metadata.labels?.[labels.type] ?? jobType(spec)) === type) &&
    (phases === undefined || phases.includes(status?.phase ?? 'Queued')) &&
    (text === undefined || metadata.name.toLowerCase().includes(text.toLowerCase())) &&
    (since === undefined || Date.parse(metadata.creationTimestamp) >= since) &&
    (asset === undefined || spec.inputs.some((input) => input.asset === asset)) &&
    (node === undefined || (status?.attempts ?? []).some((attempt) => attempt.node === node))
  );
}
