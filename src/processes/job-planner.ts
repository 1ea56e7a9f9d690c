import { redactPaths } from '../api/native/redact-paths.ts';
import type { ApiServices } from '../api/services.ts';
import type { Config } from '../config/load-config.ts';
import { CodedError } from '../errors/coded-error.ts';
import { omitUndefined } from '../lib/omit-undefined.ts';
import { detectCapabilities } from '../media/gpu/run/detect-capabilities.ts';
import { stageSpecOf } from '../model/job/stage.ts';
import type { Clock } from '../ports/clock.ts';
import { dryRun } from '../worker/dry-run.ts';
import type { InputSources } from '../worker/resolve-inputs.ts';
import { workerEnvironment } from '../worker-protocol/environment.ts';
import { policyOf } from './job-policy.ts';
import { deviceFolders, mediaToolsOf } from './media-tools.ts';
import { addressGuardOf } from './source-check.ts';

export interface PlannerParts {
  readonly store: InputSources['store'];
  /** Which buckets inputs may name; none when absent. */
  readonly s3?: InputSources['s3'];
  readonly clock: Clock;
  /** Folders of this machine that a plan may name, and the names that replies show instead. */
  readonly hidden: readonly (readonly [folder: string, name: string])[];
  /** Where the capabilities of the machine are cached; not cached when absent. */
  readonly cacheDir?: string;
}

/** Dry runs with the FFmpeg of this machine. */
export function jobPlanner(
  { media, sources, jobs, server }: Pick<Config, 'media' | 'sources' | 'jobs' | 'server'>,
  { store, s3, clock, hidden, cacheDir }: PlannerParts,
): ApiServices['plan'] {
  const tools = mediaToolsOf(media);
  const guard = addressGuardOf(sources);
  const policy = policyOf(jobs);
  const folders = deviceFolders(media);
  const { mediaRoot, maxInputBytes } = sources;
  return async (spec) => {
    const identity = { namespace: 'default', name: 'plan', uid: 'plan', attempt: 1, stage: 'render' };
    const { plan, scratchDir } = await dryRun(stageSpecOf(spec, identity, policy), {
      sources: omitUndefined({ guard, store, maxInputBytes, s3, mediaRoot }),
      tools,
      clock,
      signal: planDeadline(server.syncWaitSeconds),
      detect: (signal) => detectCapabilities(omitUndefined({ tools, folders, signal, cacheDir })),
    });
    return redactPaths(plan, [
      ...hidden,
      [scratchDir, `$${workerEnvironment.scratchDir}`],
      ...(mediaRoot === undefined ? [] : [[mediaRoot, `$${workerEnvironment.mediaRoot}`] as const]),
    ]);
  };
}

/** The client waits for a dry run; one that has to fetch a large input must not keep its request open for ever. */
function planDeadline(seconds: number): AbortSignal {
  const abort = new AbortController();
  const error = new CodedError('DEADLINE_EXCEEDED', `The plan was not ready within ${seconds} s.`, {
    remedy: 'Upload the input first, so that it need not be fetched, or raise FRAMEWRIGHT_SYNC_WAIT_SECONDS.',
  });
  setTimeout(() => abort.abort(error), seconds * 1000).unref();
  return abort.signal;
}
