import { labels } from '../../model/labels.ts';
import { list, number, text } from '../client/json.ts';

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
  readonly error:
    | {
        readonly code: string;
        readonly message: string;
        readonly remedy: string | undefined;
        readonly stderrTail: string | undefined;
      }
    | undefined;
}

/** Reads a RenderJob as a server sent it; what is missing or of another type is shown as missing. */
export function jobView(job: unknown): JobView {
  const attempts = list(job, 'status', 'attempts');
  const code = text(job, 'status', 'error', 'code');
  return {
    name: text(job, 'metadata', 'name') ?? '',
    type: text(job, 'status', 'type') ?? text(job, 'metadata', 'labels', labels.type) ?? '',
    // A job that no controller has looked at yet is queued.
    phase: text(job, 'status', 'phase') ?? 'Queued',
    reason: text(job, 'status', 'reason'),
    message: text(job, 'status', 'message'),
    attempt: number(job, 'status', 'attempt') ?? 1,
    percent: number(job, 'status', 'progress', 'percent'),
    step: text(job, 'status', 'progress', 'step'),
    fps: number(job, 'status', 'progress', 'fps'),
    speed: number(job, 'status', 'progress', 'speed') ?? number(job, 'status', 'result', 'speed'),
    etaSeconds: number(job, 'status', 'progress', 'etaSeconds'),
    node: text(attempts.at(-1), 'node'),
    createdAt: text(job, 'metadata', 'creationTimestamp'),
    finishedAt: text(job, 'status', 'finishedAt'),
    backend:
      text(job, 'status', 'result', 'acceleration', 'backend') ?? text(attempts.at(-1), 'acceleration', 'backend'),
    encodeSeconds: number(job, 'status', 'result', 'encodeSeconds'),
    outputs: list(job, 'status', 'result', 'outputs').map(outputView),
    error:
      code === undefined
        ? undefined
        : {
            code,
            message: text(job, 'status', 'error', 'message') ?? '',
            remedy: text(job, 'status', 'error', 'remedy'),
            stderrTail: text(job, 'status', 'error', 'stderrTail'),
          },
  };
}

function outputView(output: unknown): OutputView {
  const [width, height] = [number(output, 'width'), number(output, 'height')];
  const duration = number(output, 'durationSeconds');
  const codecs = [text(output, 'videoCodec'), text(output, 'audioCodec')].filter((codec) => codec !== undefined);
  const facts = [
    width && height ? `${width}x${height}` : undefined,
    duration === undefined ? undefined : `${duration.toFixed(2)} s`,
    codecs.length > 0 ? codecs.join('/') : undefined,
  ];
  return {
    name: text(output, 'name') ?? 'main',
    kind: text(output, 'kind') ?? 'video',
    key: text(output, 'key') ?? '',
    bytes: number(output, 'bytes'),
    summary: facts.filter((fact) => fact !== undefined).join('  '),
  };
}

export function isFinished({ phase }: JobView): boolean {
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Cancelled';
}
