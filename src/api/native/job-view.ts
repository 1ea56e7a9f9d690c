import { z } from 'zod';
import { redactUrl } from '../../lib/redact-url.ts';
import { type RenderJob, type RenderJobStatus, renderJob, renderJobStatus } from '../../model/job/render-job.ts';
import { labels } from '../../model/labels.ts';
import type { Progress } from '../../model/status/progress.ts';
import { outputFile } from '../../model/status/result.ts';
import { type ApiContext, liveProgress, outputUrl } from '../context.ts';
import type { Caller } from '../http/auth.ts';

// The Native API replies with the RenderJob itself. Added: a status before the controller has written one, live progress,
// and URLs of outputs.

const nativeOutput = outputFile.extend({
  url: z.string().describe('URL of the file; its s3:// or pvc:// location where the job named a destination.'),
});

const resultSchema = renderJobStatus.shape.result.unwrap();

export const nativeJob = renderJob.extend({
  status: renderJobStatus.extend({ result: resultSchema.extend({ outputs: z.array(nativeOutput) }).optional() }),
});
export type NativeJob = z.output<typeof nativeJob>;

/** Status of a job that the controller has not seen yet. */
const unseen: RenderJobStatus = {
  phase: 'Queued',
  reason: 'Accepted',
  message: 'The job is accepted and waits in the queue.',
  attempt: 1,
  failures: 0,
  disruptions: 0,
};

/** A job as the Native API shows it to a caller; only its owner sees secrets that source URLs can contain. */
export async function nativeView(
  context: ApiContext,
  caller: Caller,
  job: RenderJob,
  base: string,
): Promise<NativeJob> {
  const keys = (job.status?.result?.outputs ?? []).map(({ key }) => key);
  const urls = await Promise.all(keys.map(async (key) => [key, await outputUrl(context, job, key, base)] as const));
  const view = viewNativeJob(job, { progress: liveProgress(context, job), urls: new Map(urls) });
  return job.metadata.labels?.[labels.owner] === caller.owner ? view : withoutSecrets(view);
}

interface NativeExtras {
  readonly progress: Progress | undefined;
  /** URLs by key of the output. */
  readonly urls: ReadonlyMap<string, string>;
}

function viewNativeJob(job: RenderJob, { progress, urls }: NativeExtras): NativeJob {
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

/** The same job with source URLs that have no queries and credentials, which may be secrets. */
export function withoutSecrets<J extends Pick<RenderJob, 'spec'>>(job: J): J {
  const inputs = job.spec.inputs.map((input) =>
    input.url === undefined ? input : { ...input, url: redactUrl(input.url) },
  );
  return { ...job, spec: { ...job.spec, inputs } };
}
