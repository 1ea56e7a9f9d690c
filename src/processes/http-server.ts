import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type AddressGuard, createAddressGuard } from '../adapters/sources/address-guard.ts';
import { redactPaths } from '../api/native/redact-paths.ts';
import { createServer } from '../api/server.ts';
import { type ApiServices, defaultApiOptions } from '../api/services.ts';
import { type Config, processEnvironment } from '../config/load-config.ts';
import { defaultPolicy, type Policy } from '../controller/policies/policy.ts';
import { CodedError } from '../errors/coded-error.ts';
import { version } from '../lib/version.ts';
import type { MediaTools } from '../media/ffmpeg/run/run-tool.ts';
import { toolEnvironment } from '../media/ffmpeg/run/tool-environment.ts';
import { detectCapabilities } from '../media/gpu/run/detect-capabilities.ts';
import type { DeviceFolders } from '../media/gpu/run/render-nodes.ts';
import { stageSpecOf } from '../model/job/stage.ts';
import type { Clock } from '../ports/clock.ts';
import { dryRun } from '../worker/dry-run.ts';
import type { InputSources } from '../worker/resolve-inputs.ts';
import { workerEnvironment } from '../worker-protocol/environment.ts';
import { listenFailure } from './listen-failure.ts';

// What a server on one machine and one in a cluster have in common: both are the same routes over other adapters.

/** The FFmpeg of this machine. */
export function mediaToolsOf({ ffmpeg, ffprobe }: Config): MediaTools {
  return { ffmpeg, ffprobe, env: toolEnvironment(processEnvironment()) };
}

export function deviceFolders({ driDir, drmClassDir }: Config): DeviceFolders {
  return { dri: driDir, drmClass: drmClassDir };
}

/** The numbers that an installation sets for all of its jobs. */
export function policyOf({ timeoutSeconds, stallSeconds, ttlSeconds }: Config): Policy {
  return { ...defaultPolicy, timeoutSeconds, stallSeconds, ttlSecondsAfterFinished: ttlSeconds };
}

export interface PlannerParts {
  readonly store: InputSources['store'];
  /** What is allowed of S3; nothing when absent. */
  readonly s3?: InputSources['s3'];
  readonly clock: Clock;
  /** Folders of this machine that a plan may name, and what is told instead. */
  readonly hidden: readonly (readonly [folder: string, name: string])[];
  /** Where what the machine can do is remembered; nowhere when absent. */
  readonly cacheDir?: string;
}

/** Dry runs with the FFmpeg of this machine. */
export function planner(config: Config, { store, s3, clock, hidden, cacheDir }: PlannerParts): ApiServices['plan'] {
  const tools = mediaToolsOf(config);
  const guard = guardOf(config);
  const policy = policyOf(config);
  const { mediaRoot } = config;
  return async (spec) => {
    const identity = { namespace: 'default', name: 'plan', uid: 'plan', attempt: 1, stage: 'render' };
    const { plan, scratchDir } = await dryRun(stageSpecOf(spec, identity, policy), {
      sources: {
        guard,
        store,
        maxInputBytes: config.inputBytes,
        ...(s3 && { s3 }),
        ...(mediaRoot === undefined ? {} : { mediaRoot }),
      },
      tools,
      clock,
      signal: planDeadline(config),
      detect: (signal) =>
        detectCapabilities({
          tools,
          folders: deviceFolders(config),
          signal,
          ...(cacheDir === undefined ? {} : { cacheDir }),
        }),
    });
    return redactPaths(plan, [
      ...hidden,
      [scratchDir, `$${workerEnvironment.scratchDir}`],
      ...(mediaRoot === undefined ? [] : [[mediaRoot, `$${workerEnvironment.mediaRoot}`] as const]),
    ]);
  };
}

/** Refuses early what a worker would refuse later. A name that does not resolve is the client's mistake, not ours. */
export function sourceCheck(config: Config): ApiServices['checkSource'] {
  const guard = guardOf(config);
  return async (url) => {
    try {
      await guard.resolve(url);
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'SOURCE_UNAVAILABLE') throw error;
      throw new CodedError('SOURCE_NOT_FOUND', error.message, { cause: error });
    }
  };
}

/** The HTTP server with the limits of the configuration. */
export function configuredServer(
  config: Config,
  services: ApiServices,
  { logger, registry }: { readonly logger: Logger; readonly registry: Registry },
): FastifyInstance {
  return createServer(services, {
    ...defaultApiOptions,
    version,
    ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    limits: {
      ...defaultApiOptions.limits,
      unfinishedJobs: config.unfinishedJobs,
      fileBytes: config.fileBytes,
      subtitleBytes: config.subtitleBytes,
      streamsPerKey: config.streamsPerKey,
    },
    syncWaitSeconds: config.syncWaitSeconds,
    deprecated: { enabled: config.deprecatedRoutes, sunset: config.sunset },
    logger,
    registry,
  });
}

/** Starts to listen; answers the address. Rejects with `ADDRESS_IN_USE`, or `INVALID_REQUEST` for an address that cannot be opened. */
export async function listen(server: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const remedy = 'Choose another --port (0 is any free one) or --host, or stop the program that uses it.';
    throw listenFailure(error, { host, port, remedy });
  }
}

function guardOf({ sourceHosts, allowedRanges }: Config): AddressGuard {
  return createAddressGuard({ hosts: sourceHosts, allowedRanges });
}

/** A dry run is waited for; one that has to fetch a large input must not keep its request for ever. */
function planDeadline({ syncWaitSeconds }: Config): AbortSignal {
  const abort = new AbortController();
  const error = new CodedError(
    'DEADLINE_EXCEEDED',
    `Expected the plan to be made within ${syncWaitSeconds} s, it was not.`,
    {
      remedy: 'Upload the input first, so that it need not be fetched, or raise FRAMEWRIGHT_SYNC_WAIT_SECONDS.',
    },
  );
  setTimeout(() => abort.abort(error), syncWaitSeconds * 1000).unref();
  return abort.signal;
}
