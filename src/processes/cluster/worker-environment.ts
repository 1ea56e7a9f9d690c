import type { EnvironmentVariable, Pool } from '../../adapters/kubernetes/pools/pool.ts';
import type { Config } from '../../config/load-config.ts';
import { workerVariables } from '../../worker-protocol/environment.ts';

/** The settings that workers need too. */
export type StageConfig = Pick<Config, 'objects' | 's3' | 'nats' | 'sources' | 'log'>;

/**
 * The pools with the environment that every worker needs: where objects and progress go, and where inputs may come from.
 * A variable of a pool overrides. None of these values is a secret: secrets are references in the pool.
 */
export function withStageEnvironment(pools: readonly Pool[], config: StageConfig): readonly Pool[] {
  const common = stageEnvironment(config);
  const { claim: claimName, dir: mountPath } = config.objects;
  const volume = claimName === undefined || mountPath === undefined ? {} : { objectsVolume: { claimName, mountPath } };
  return pools.map((pool) => {
    const own = pool.environment ?? [];
    const names = new Set(own.map(({ name }) => name));
    return { ...pool, ...volume, environment: [...common.filter(({ name }) => !names.has(name)), ...own] };
  });
}

function stageEnvironment({ objects, s3, nats, sources, log }: StageConfig): EnvironmentVariable[] {
  const variables = workerVariables({
    objectsDir: s3.bucket === undefined ? objects.dir : undefined,
    s3Bucket: s3.bucket,
    s3Prefix: s3.prefix || undefined,
    s3Endpoint: s3.endpoint,
    s3Region: s3.region,
    s3ForcePathStyle: s3.forcePathStyle || undefined,
    s3SourceBuckets: nonEmpty(s3.sourceBuckets),
    s3DestinationBuckets: nonEmpty(s3.destinationBuckets),
    s3Endpoints: nonEmpty(s3.endpoints),
    natsUrl: nats.url === undefined || hasLogin(nats.url) ? undefined : nats.url,
    // Passed on when empty too: an empty list allows no host, an absent one every public host.
    sourceHosts: sources.hosts,
    allowedRanges: nonEmpty(sources.allowedRanges),
    maxInputBytes: sources.maxInputBytes,
    logLevel: log.level,
  });
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

/** Every pod stores its variables: what is a worker's default anyway is left out. */
function nonEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** Whether a NATS URL contains a password or a token, which anyone who may read pods could read. */
export function hasLogin(natsUrl: string): boolean {
  return natsUrl.includes('@');
}
