import { labels } from '../../model/labels.ts';
import { type JobReply, type OutputReply, readJob } from '../client/replies.ts';

/** A published file of a job, as far as the command line shows it. */
export interface OutputView {
  readonly name: string;
  readonly kind: string;
  readonly key: string;
  readonly bytes: number | undefined;
  readonly summary: string;
}

/** What the command line shows of a job. */
export interface JobView {
  readonly name: string;
  readonly type: string;
  readonly phase: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly attempt: number;
  readonly percent: number | undefined;
  readonly step: string | undefined;
  readonly fps: number | undefined;
  readonly speed: number | undefined;
  readonly etaSeconds: number | undefined;
  readonly node: string | undefined;
  readonly createdAt: string | undefined;
  readonly finishedAt: string | undefined;
  readonly backend: string | undefined;
  readonly encodeSeconds: number | undefined;
  readonly outputs: readonly OutputView[];
  readonly error: NonNullable<JobReply['status']>['error'];
}

/** Reads a RenderJob as a server sent it; what is missing or of another type is shown as missing. */
export function jobView(job: unknown): JobView {
  const { metadata, status } = readJob(job);
  const { progress, result, attempts = [] } = status ?? {};
  const last = attempts.at(-1);
  const label = metadata?.labels?.[labels.type];
  return {
    name: metadata?.name ?? '',
    type: status?.type ?? (typeof label === 'string' ? label : ''),
    // A job without a status has not been reconciled yet, so it is queued.
    phase: status?.phase ?? 'Queued',
    reason: status?.reason,
    message: status?.message,
    attempt: status?.attempt ?? 1,
    percent: progress?.percent,
    step: progress?.step,
    fps: progress?.fps,
    speed: progress?.speed ?? result?.speed,
    etaSeconds: progress?.etaSeconds,
    node: last?.node,
    createdAt: metadata?.creationTimestamp,
    finishedAt: status?.finishedAt,
    backend: result?.acceleration?.backend ?? last?.acceleration?.backend,
    encodeSeconds: result?.encodeSeconds,
    outputs: (result?.outputs ?? []).map(outputView),
    error: status?.error,
  };
}

function outputView({ name, kind, key, bytes, ...output }: OutputReply): OutputView {
  const { width, height, durationSeconds, videoCodec, audioCodec } = output;
  const codecs = [videoCodec, audioCodec].filter((codec) => codec !== undefined);
  const facts = [
    width && height ? `${width}x${height}` : undefined,
    durationSeconds === undefined ? undefined : `${durationSeconds.toFixed(2)} s`,
    codecs.length > 0 ? codecs.join('/') : undefined,
  ];
  return { name, kind, key, bytes, summary: facts.filter((fact) => fact !== undefined).join('  ') };
}

export function isFinished({ phase }: JobView): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}
