import { z } from 'zod';
import { renderJobBody } from '../../../src/adapters/kubernetes/jobs/render-job-object.ts';
import type { Pool } from '../../../src/adapters/kubernetes/pools/pool.ts';
import { stageJob } from '../../../src/adapters/kubernetes/stages/stage-job.ts';
import { defaultPolicy } from '../../../src/controller/policies/policy.ts';
import type { RenderJobSpec } from '../../../src/model/job/render-job.ts';
import { stageSpecOf } from '../../../src/model/job/stage.ts';
import { labels } from '../../../src/model/labels.ts';

/** Where all objects of the benchmarks are. */
export const namespace = 'bench';

/** More slots than there are jobs, no device: nothing is waited for. */
export const pool = {
  name: 'cpu',
  image: 'worker',
  allocation: { type: 'None' },
  maxConcurrent: 100_000,
} as const satisfies Pool;

/** How the operator makes Jobs, here as in its process. */
const stageOptions = { graceSeconds: 8, timeoutSlackSeconds: 30 };

const owners = 50;

export function nameOf(index: number): string {
  return `job-${index}`;
}

function specOf(index: number): RenderJobSpec {
  return {
    inputs: [{ name: 'main', url: `https://media.example.com/clips/clip-${index}.mp4` }],
    operations: [{ trim: { start: 1, end: 5 } }],
    acceleration: 'Disabled',
  };
}

/** A RenderJob as the API makes it. */
export function renderJob(index: number): object {
  const owner = `owner-${index % owners}`;
  const job = { namespace, name: nameOf(index), spec: specOf(index), labels: { [labels.owner]: owner } };
  return renderJobBody(job, String(Date.now() * 1000).padStart(16, '0'));
}

/** The very Job that the operator makes of `renderJob(index)`, but for the uid of its owner. */
export function bareJob(index: number, uid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`): object {
  const identity = { namespace, name: nameOf(index), uid, attempt: 1, stage: 'render' };
  return stageJob(stageSpecOf(specOf(index), identity, defaultPolicy), pool, stageOptions);
}

const withSpec = z.object({ spec: z.record(z.string(), z.unknown()) });

/** A JobSet of that one Job, filled in as JobSet's webhook does it. */
export function jobSet(index: number): object {
  const { spec } = withSpec.parse(bareJob(index));
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: nameOf(index), namespace },
    spec: {
      successPolicy: { operator: 'All' },
      startupPolicy: { startupPolicyOrder: 'AnyOrder' },
      network: { enableDNSHostnames: true, publishNotReadyAddresses: true },
      replicatedJobs: [{ name: 'render', replicas: 1, template: { spec: { ...spec, completionMode: 'Indexed' } } }],
    },
  };
}

/** Collections that the benchmarks fill. */
export const collections = {
  renderJobs: `/apis/framewright.dev/v1alpha1/namespaces/${namespace}/renderjobs`,
  jobs: `/apis/batch/v1/namespaces/${namespace}/jobs`,
  jobSets: `/apis/jobset.x-k8s.io/v1alpha2/namespaces/${namespace}/jobsets`,
} as const;
