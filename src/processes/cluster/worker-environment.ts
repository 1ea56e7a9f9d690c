import type { EnvironmentVariable, Pool } from '../../adapters/kubernetes/pools/pool.ts';
import type { Config } from '../../config/load-config.ts';
import { workerEnvironment as worker } from '../../worker-protocol/environment.ts';

/** What of the configuration the workers need too. */
export type StageConfig = Pick<
  Config,
  | 'objectsDir'
  | 'objectsClaim'
  | 's3Bucket'
  | 's3Prefix'
  | 's3Endpoint'
  | 's3Region'
  | 's3ForcePathStyle'
  | 's3SourceBuckets'
  | 's3DestinationBuckets'
  | 's3Endpoints'
  | 'natsUrl'
  | 'sourceHosts'
  | 'allowedRanges'
  | 'inputBytes'
  | 'logLevel'
>;

type Variable = readonly [name: string, value: string | undefined];

/**
 * The pools with what every worker has to know: where objects and progress go, and where inputs may come from. What a
 * pool says of a variable itself goes before. Nothing here is a secret: those are references in the pool.
 */
export function withStageEnvironment(pools: readonly Pool[], config: StageConfig): readonly Pool[] {
  const common = stageEnvironment(config);
  const { objectsClaim: claimName, objectsDir: mountPath } = config;
  const volume = claimName === undefined || mountPath === undefined ? {} : { objectsVolume: { claimName, mountPath } };
  return pools.map((pool) => {
    const own = pool.environment ?? [];
    const names = new Set(own.map(({ name }) => name));
    return { ...pool, ...volume, environment: [...common.filter(({ name }) => !names.has(name)), ...own] };
  });
}

function stageEnvironment(config: StageConfig): EnvironmentVariable[] {
  const { objectsDir, s3Bucket, natsUrl } = config;
  const store: readonly Variable[] = [
    [worker.objectsDir, s3Bucket === undefined ? objectsDir : undefined],
    [worker.s3Bucket, s3Bucket],
    [worker.s3Prefix, config.s3Prefix],
    [worker.s3Endpoint, config.s3Endpoint],
    [worker.s3Region, config.s3Region],
    [worker.s3ForcePathStyle, config.s3ForcePathStyle ? 'on' : undefined],
    [worker.s3SourceBuckets, config.s3SourceBuckets.join(',')],
    [worker.s3DestinationBuckets, config.s3DestinationBuckets.join(',')],
    [worker.s3Endpoints, config.s3Endpoints.join(',')],
  ];
  const variables: readonly Variable[] = [
    ...store,
    [worker.natsUrl, natsUrl === undefined || holdsLogin(natsUrl) ? undefined : natsUrl],
    [worker.sourceHosts, config.sourceHosts.join(',')],
    [worker.allowedRanges, config.allowedRanges.join(',')],
    [worker.maxInputBytes, String(config.inputBytes)],
    [worker.logLevel, config.logLevel],
  ];
  return variables.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [{ name, value }]));
}

/** Whether a NATS URL holds a password or a token: everyone who may read pods would read it. */
export function holdsLogin(natsUrl: string): boolean {
  return natsUrl.includes('@');
}
