import type { FastifyBaseLogger } from 'fastify';
import type { Registry } from 'prom-client';
import type { Plan } from '../media/planning/plan.ts';
import type { RenderJobSpec } from '../model/job/render-job.ts';
import type { HealthFacts } from '../observability/health.ts';
import type { AssetIndex } from '../ports/asset-index.ts';
import type { Clock } from '../ports/clock.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { KeyStore } from '../ports/key-store.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { ProgressBus } from '../ports/progress-bus.ts';
import type { StageRun, StageRunner } from '../ports/stage-runner.ts';
import type { Feature } from './jobs/features.ts';

/** Everything that the API uses. */
export interface ApiServices {
  readonly store: JobStore;
  /** The runs of jobs and their logs. */
  readonly runner: Pick<StageRunner, 'logs'> & {
    observe(uid: string, namespace: string): Promise<readonly StageRun[]>;
  };
  readonly bus: ProgressBus;
  readonly objects: ObjectStore;
  readonly keys: KeyStore;
  readonly assets: AssetIndex;
  readonly clock: Clock;
  /** A dry run: the command lines of a job, and the reason for each choice. Rejects with a CodedError. */
  readonly plan: (spec: RenderJobSpec) => Promise<Plan>;
  /** The address guard: rejects with `SOURCE_HOST_NOT_ALLOWED` for a source that may not be fetched. */
  readonly checkSource: (url: string) => Promise<void>;
  /** Throws `SOURCE_FORBIDDEN` for buckets and S3 servers that a worker would reject. Allows all when absent. */
  readonly checkBuckets?: (spec: RenderJobSpec) => void;
  readonly health: () => Promise<HealthFacts>;
  /** Features that only some installations have; none when absent. */
  readonly features?: ReadonlySet<Feature>;
}

export type { HealthFacts };

export interface ApiLimits {
  /** Unfinished jobs of one owner. */
  readonly unfinishedJobs: number;
  /** Size of one uploaded file in bytes. */
  readonly fileBytes: number;
  /** Size of one uploaded subtitle file in bytes. */
  readonly subtitleBytes: number;
  /** Event streams and followed logs that one key may have open. */
  readonly streamsPerKey: number;
  /** Size of any other body in bytes. */
  readonly bodyBytes: number;
  /** Seconds that any other body may take to arrive. */
  readonly bodySeconds: number;
}

export interface ApiOptions {
  readonly version: string;
  /** Base of the URLs in replies, without a slash at its end; the `Host` of the request when absent. */
  readonly publicUrl?: string;
  readonly limits: ApiLimits;
  /** How long `delivery: "sync"` waits for the end of a job before it answers 202. */
  readonly syncWaitSeconds: number;
  /** The deprecated `/api/v1` routes. */
  readonly deprecated: {
    readonly enabled: boolean;
    /** When they end, as an ISO 8601 date; sent as the HTTP date of the `Sunset` header (RFC 8594). */
    readonly sunset: string;
  };
  /** Interval of heartbeat comments on event streams. */
  readonly heartbeatSeconds: number;
  /** Value of `Retry-After` on 409 `QUEUE_DEPTH_EXCEEDED`, 429 and 503. */
  readonly retryAfterSeconds: number;
  readonly logger?: FastifyBaseLogger;
  /** Registry of the metrics; a new one when absent. */
  readonly registry?: Registry;
}

export const defaultApiOptions = {
  version: '0.0.0',
  limits: {
    unfinishedJobs: 20,
    fileBytes: 2 * 1024 ** 3,
    subtitleBytes: 1024 ** 2,
    streamsPerKey: 100,
    bodyBytes: 1024 ** 2,
    bodySeconds: 30,
  },
  syncWaitSeconds: 60,
  deprecated: { enabled: true, sunset: '2026-07-01' },
  heartbeatSeconds: 15,
  retryAfterSeconds: 10,
} as const satisfies ApiOptions;
