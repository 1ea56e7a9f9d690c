import { z } from 'zod';

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  ownerReferences: z.array(z.looseObject({ uid: z.string(), controller: z.boolean().optional() })).optional(),
});

const condition = z.looseObject({ type: z.string(), status: z.string() });

export const renderJobRecord = z.looseObject({
  metadata,
  spec: z.looseObject({ suspend: z.boolean().optional(), cancelled: z.boolean().optional() }),
  status: z
    .looseObject({
      phase: z.enum(['Queued', 'Starting', 'Running', 'Succeeded', 'Failed', 'Cancelled']),
      reason: z.string(),
      message: z.string(),
      attempt: z.number(),
      failures: z.number(),
      disruptions: z.number(),
      progress: z.looseObject({ percent: z.number() }).optional(),
    })
    .optional(),
});

export const jobRecord = z.looseObject({
  metadata,
  spec: z.looseObject({ suspend: z.boolean().optional() }),
  status: z.looseObject({ conditions: z.array(condition).optional() }).optional(),
});

export const podRecord = z.looseObject({
  metadata,
  spec: z.looseObject({ nodeName: z.string().optional() }),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
});

export const eventRecord = z.looseObject({ metadata });

type Kinds = {
  readonly RenderJob: z.infer<typeof renderJobRecord>;
  readonly Job: z.infer<typeof jobRecord>;
  readonly Pod: z.infer<typeof podRecord>;
  readonly Event: z.infer<typeof eventRecord>;
};

export type Kind = keyof Kinds;

/** One change of one object, from the API server: the object as of that version. */
export type Recorded = {
  readonly [K in Kind]: {
    readonly kind: K;
    readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
    readonly version: bigint;
    /** When the recorder heard of it, in milliseconds of its own clock. */
    readonly receivedAt: number;
    /** Whether changes of the object before this one may be missing. */
    readonly afterGap: boolean;
    readonly object: Kinds[K];
  };
}[Kind];

export type Recording<K extends Kind> = Extract<Recorded, { readonly kind: K }>['object'];

/** Whether a pod may do work now or later. Nothing schedules one that is being removed. */
export function isLivePod({ metadata: { deletionTimestamp }, spec, status }: Recording<'Pod'>): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return false;
  return spec.nodeName !== undefined || deletionTimestamp === undefined;
}

export function isOverJob({ status }: Recording<'Job'>): boolean {
  return status?.conditions?.some(({ type, status: is }) => endings.has(type) && is === 'True') === true;
}

const endings: ReadonlySet<string> = new Set(['Complete', 'Failed', 'SuccessCriteriaMet', 'FailureTarget']);
