import { z } from 'zod';

// Replies of a server as the command line reads them. Unknown members are ignored and missing or mistyped ones are absent,
// since the server may have another version.

const text = z.string().optional().catch(undefined);
const figure = z.number().optional().catch(undefined);

/** A list whose elements are read leniently; empty when it is none. */
function list<Element extends z.ZodType>(element: Element): z.ZodType<z.output<Element>[]> {
  return z.array(element).catch([]);
}

/** An object with lenient members; `undefined` when it is absent or none. */
function members<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape).optional().catch(undefined);
}

/** Text, or empty text. */
const word = z.string().catch('');

const fallback = z.object({ from: word, message: word });

const acceleration = members({ backend: text, fallbacks: list(fallback) });

const precision = members({
  method: text,
  copiedFrames: figure,
  encodedFrames: figure,
  encoded: list(z.object({ start: figure, end: figure })),
  startErrorSeconds: figure,
  endErrorSeconds: figure,
  why: text,
});

/** How a trim was made and how exact it is. */
export type PrecisionReply = z.infer<typeof precision>;

const output = z.object({
  name: z.string().catch('main'),
  kind: z.string().catch('video'),
  key: word,
  url: text,
  bytes: figure,
  width: figure,
  height: figure,
  durationSeconds: figure,
  videoCodec: text,
  audioCodec: text,
});

/** One published file of a job. */
export type OutputReply = z.infer<typeof output>;

const attempt = z.object({ number: figure, outcome: text, node: text, reason: text, acceleration });

const job = z.object({
  metadata: members({
    name: text,
    creationTimestamp: text,
    labels: z.record(z.string(), z.unknown()).optional().catch(undefined),
  }),
  status: members({
    type: text,
    phase: text,
    reason: text,
    message: text,
    attempt: figure,
    startedAt: text,
    finishedAt: text,
    progress: members({ percent: figure, step: text, fps: figure, speed: figure, etaSeconds: figure }),
    attempts: list(attempt),
    result: members({
      speed: figure,
      encodeSeconds: figure,
      processes: figure,
      acceleration,
      precision,
      outputs: list(output),
    }),
    error: members({ code: z.string(), message: word, remedy: text, stderrTail: text }),
  }),
});

/** A RenderJob. */
export type JobReply = z.infer<typeof job>;

export function readJob(reply: unknown): JobReply {
  return job.catch({ metadata: undefined, status: undefined }).parse(reply);
}

/** The jobs of a page of the list, as the server sent them. */
export function readJobList(reply: unknown): readonly unknown[] {
  return z
    .object({ items: z.array(z.unknown()).catch([]) })
    .catch({ items: [] })
    .parse(reply).items;
}

const step = z.object({
  name: text,
  argv: list(z.string()),
  placements: list(z.object({ what: word, runsOn: word, why: word })),
});

const plan = z.object({
  backend: z.string().catch('unknown'),
  device: text,
  fallbacks: list(fallback),
  analyses: list(z.object({ id: text, argv: list(z.string()) })),
  steps: list(step),
  precision,
  estimate: members({ seconds: figure }),
  notes: list(z.string()),
});

/** The reply to a dry run. */
export type PlanReply = z.infer<typeof plan>;

export function readPlan(reply: unknown): PlanReply {
  const empty = { fallbacks: [], analyses: [], steps: [], notes: [] };
  return plan
    .catch({ ...empty, backend: 'unknown', device: undefined, precision: undefined, estimate: undefined })
    .parse(reply);
}

const rejection = z.object({
  code: text,
  detail: text,
  message: text,
  remedy: text,
  details: list(z.object({ path: word, message: word })),
});

/** Problem details of the Native API (RFC 9457) or the error envelope of the Edit API. */
export type RejectionReply = z.infer<typeof rejection>;

/** @param body text of the reply; anything but a JSON object is read as an empty one */
export function readRejection(body: string): RejectionReply {
  const empty = { code: undefined, detail: undefined, message: undefined, remedy: undefined, details: [] };
  return rejection.catch(empty).parse(parsedOrUndefined(body));
}

/** An uploaded file; `undefined` when the reply is none. */
export const uploadedFile = z.object({
  id: z.string(),
  /** The address that operations of the Edit API take. */
  url: z.string(),
});

export type UploadedFile = z.infer<typeof uploadedFile>;

/** A text as JSON; `undefined` when it is none. */
export function parsedOrUndefined(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
