import { clusterSettings as cluster } from '../config/cluster-settings.ts';
import type { Config } from '../config.ts';
import type { EnvironmentVariable, Pool } from '../kubernetes/pool.ts';
import { workerEnvironment as worker } from '../worker/environment.ts';

/** What of the configuration the workers need too. */
export type StageConfig = Pick<
  Config,
  | 'objectsDir'
  | 's3Bucket'
  | 's3Prefix'
  | 's3Endpoint'
  | 's3Region'
  | 's3ForcePathStyle'
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
  return pools.map((pool) => {
    const own = pool.environment ?? [];
    const names = new Set(own.map(({ name }) => name));
    return { ...pool, environment: [...common.filter(({ name }) => !names.has(name)), ...own] };
  });
}

function stageEnvironment(config: StageConfig): EnvironmentVariable[] {
  const { objectsDir, s3Bucket, natsUrl } = config;
  const store: readonly Variable[] =
    s3Bucket === undefined
      ? [[worker.objectsDir, objectsDir]]
      : [
          [cluster.s3Bucket.variable, s3Bucket],
          [cluster.s3Prefix.variable, config.s3Prefix],
          [cluster.s3Endpoint.variable, config.s3Endpoint],
          [cluster.s3Region.variable, config.s3Region],
          [cluster.s3ForcePathStyle.variable, config.s3ForcePathStyle ? 'on' : undefined],
        ];
  const variables: readonly Variable[] = [
    ...store,
    [cluster.natsUrl.variable, natsUrl === undefined || holdsLogin(natsUrl) ? undefined : natsUrl],
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
