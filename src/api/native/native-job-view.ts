import { z } from 'zod';
import { redactUrl } from '../../lib/redact-url.ts';
import { type RenderJob, type RenderJobStatus, renderJob, renderJobStatus } from '../../model/job/render-job.ts';
import type { Progress } from '../../model/status/progress.ts';
import { outputFile } from '../../model/status/result.ts';

// The Native API answers the RenderJob itself. Added: a status from the first moment, live progress, URLs of outputs.

const nativeOutput = outputFile.extend({
  url: z
    .string()
    .describe('Where the file can be fetched; s3:// or pvc:// with its place where the job named a destination.'),
});

const resultSchema = renderJobStatus.shape.result.unwrap();

export const nativeJob = renderJob.extend({
  status: renderJobStatus.extend({ result: resultSchema.extend({ outputs: z.array(nativeOutput) }).optional() }),
});
export type NativeJob = z.output<typeof nativeJob>;

/** What is true of a job that the controller has not seen yet. */
const unseen: RenderJobStatus = {
  phase: 'Queued',
  reason: 'Accepted',
  message: 'The job is accepted and waits for its turn.',
  attempt: 1,
  failures: 0,
  disruptions: 0,
};

/** Keys of the outputs whose URLs a view needs. */
export function outputKeys({ status }: Pick<RenderJob, 'status'>): string[] {
  return (status?.result?.outputs ?? []).map(({ key }) => key);
}

export interface NativeExtras {
  readonly progress?: Progress | undefined;
  /** URLs by key of the output. */
  readonly urls: ReadonlyMap<string, string>;
}

export function viewNativeJob(job: RenderJob, { progress, urls }: NativeExtras): NativeJob {
  const { result, ...status } = job.status ?? unseen;
  const live = status.phase === 'Running' ? newer(progress, status.progress) : status.progress;
  return {
    ...job,
    status: {
      ...status,
      ...(live !== undefined && { progress: live }),
      ...(result !== undefined && {
        result: {
          ...result,
          outputs: result.outputs.map((output) => ({ ...output, url: urls.get(output.key) ?? '' })),
        },
      }),
    },
  };
}

function newer(live: Progress | undefined, known: Progress | undefined): Progress | undefined {
  if (live === undefined || known === undefined) return live ?? known;
  return live.percent >= known.percent ? live : known;
}

/** The same job for the eyes of others than its owner: source URLs lose their queries and credentials, which may be secrets. */
export function withoutSecrets<J extends Pick<RenderJob, 'spec'>>(job: J): J {
  const inputs = job.spec.inputs.map((input) =>
    input.url === undefined ? input : { ...input, url: redactUrl(input.url) },
  );
  return { ...job, spec: { ...job.spec, inputs } };
}
