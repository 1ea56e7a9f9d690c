import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { InProcessBus } from '../../adapters/in-process/in-process-bus.ts';
import { DirectoryStore } from '../../adapters/object-store/directory-store.ts';
import { ProcessRunner } from '../../adapters/processes/process-runner.ts';
import type { WorkerCommand } from '../../adapters/processes/worker-process.ts';
import { type DataDirectory, openDataDirectory } from '../../adapters/sqlite/data-directory.ts';
import { Database } from '../../adapters/sqlite/database.ts';
import { SqliteAssetIndex } from '../../adapters/sqlite/sqlite-asset-index.ts';
import { SqliteJobStore } from '../../adapters/sqlite/sqlite-job-store.ts';
import { SqliteKeyStore } from '../../adapters/sqlite/sqlite-key-store.ts';
import { createApiKey } from '../../api/http/api-key.ts';
import type { ApiServices } from '../../api/services.ts';
import type { Config } from '../../config/load-config.ts';
import { allJobs } from '../../controller/cleanup/all-jobs.ts';
import { orphans } from '../../controller/cleanup/orphaned-objects.ts';
import { Controller } from '../../controller/controller.ts';
import { systemClock } from '../../lib/system-clock.ts';
import type { MediaTools } from '../../media/ffmpeg/run/run-tool.ts';
import { intelVendor } from '../../media/gpu/gpu-generation.ts';
import { detectCapabilities } from '../../media/gpu/run/detect-capabilities.ts';
import { listRenderNodes } from '../../media/gpu/run/render-nodes.ts';
import { isTerminal, phases } from '../../model/status/lifecycle.ts';
import type { HealthFacts } from '../../observability/health.ts';
import { createRenderMetrics } from '../../observability/render-metrics.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
import {
  configuredServer,
  deviceFolders,
  listen,
  mediaToolsOf,
  planner,
  policyOf,
  sourceCheck,
} from '../http-server.ts';

/** A running single-box server. Disposing of it ends its workers and leaves their jobs queued for the next start. */
export interface Standalone extends AsyncDisposable {
  /** For example http://127.0.0.1:8080. */
  readonly url: string;
  /** The file of the first admin key, when this start has made it. */
  readonly newKeyFile?: string;
}

/** Time for workers to end on shutdown, in milliseconds: all of a stop has to fit into 10 s. */
const shutdownGraceMs = 6000;

const unfinished = phases.filter((phase) => !isTerminal(phase));

/**
 * Everything on one machine: SQLite, child processes, an in-process bus, a directory of objects. Rejects with a CodedError
 * when the data directory is not usable or another server holds it, or the address cannot be listened on.
 */
export async function startStandalone(config: Config, log: Logger, entry: string): Promise<Standalone> {
  await using started = new AsyncDisposableStack();
  const data = started.use(openDataDirectory(config.dataDir));
  const database = started.use(Database.open(data.database));
  const clock = systemClock;
  const tools = mediaToolsOf(config);
  const store = new SqliteJobStore(database, { clock, defaultTtlSeconds: config.ttlSeconds });
  const keys = new SqliteKeyStore(database);
  const bus = new InProcessBus();
  const objects = new DirectoryStore({ dir: data.objects });
  const runner = started.use(
    await ProcessRunner.open({
      database,
      runsDirectory: data.runs,
      worker: workerCommand({ config, data, tools, entry }),
      slots: config.workers,
      bus,
      clock,
      node: hostname(),
      onError: (what, error) => log.error({ err: error }, `failed to ${what}`),
      shutdownGraceMs,
    }),
  );
  // The workers of an earlier server are gone: whatever they were writing, nobody will finish.
  await objects.sweep(clock.now());

  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const renders = createRenderMetrics(registry);
  const controller = new Controller(
    { store, runner, bus, objects, clock },
    {
      policy: policyOf(config),
      observer: {
        event: ({ metadata }, level, reason, message) =>
          log[level === 'Warning' ? 'warn' : 'info']({ job: metadata.name, reason }, message),
        attemptEnded: ({ metadata }, attempt) => {
          renders.attemptEnded(attempt);
          const { acceleration, number, outcome } = attempt;
          log.info({ job: metadata.name, attempt: number, outcome, acceleration }, 'attempt ended');
        },
        error: (what, error) => log.error({ err: error }, `failed to ${what}`),
      },
    },
  );
  const stop = new AbortController();
  const running = Promise.all([
    controller.run(stop.signal),
    removeOrphans(store, objects).catch((error: unknown) =>
      log.error({ err: error }, 'failed to remove files that no job refers to'),
    ),
  ]);
  started.defer(async () => {
    stop.abort();
    await running;
  });

  const newKeyFile = await firstKey(keys, data);
  const services: ApiServices = {
    store,
    runner,
    bus,
    objects,
    keys,
    assets: new SqliteAssetIndex(database),
    clock,
    plan: planner(config, {
      store: objects,
      clock,
      hidden: [[data.objects, `$${workerEnvironment.objectsDir}`]],
      cacheDir: capabilityCache(data),
    }),
    checkSource: sourceCheck(config),
    health: () => healthOf(config, data, tools, store),
  };
  const server = configuredServer(config, services, { logger: log, registry });
  started.defer(() => server.close());
  const url = await listen(server, config);

  const owned = started.move();
  return {
    url,
    ...(newKeyFile === undefined ? {} : { newKeyFile }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Shared with the workers, who look there too. */
function capabilityCache({ objects }: DataDirectory): string {
  return join(objects, '.capabilities');
}

/** The worker is this same program, started by its first file. */
function workerCommand({
  config,
  data,
  tools,
  entry,
}: {
  readonly config: Config;
  readonly data: DataDirectory;
  readonly tools: MediaTools;
  readonly entry: string;
}): WorkerCommand {
  return {
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', entry, 'worker'],
    env: {
      ...tools.env,
      [workerEnvironment.objectsDir]: data.objects,
      [workerEnvironment.mediaRoot]: config.mediaRoot ?? '',
      [workerEnvironment.sourceHosts]: config.sourceHosts.join(','),
      [workerEnvironment.allowedRanges]: config.allowedRanges.join(','),
      [workerEnvironment.maxInputBytes]: String(config.inputBytes),
      [workerEnvironment.ffmpeg]: config.ffmpeg,
      [workerEnvironment.ffprobe]: config.ffprobe,
      [workerEnvironment.driDir]: config.driDir,
      [workerEnvironment.drmClassDir]: config.drmClassDir,
      [workerEnvironment.logLevel]: config.logLevel,
    },
  };
}

/** Makes the admin key of a new installation; returns its file, or undefined when there are keys already. */
async function firstKey(keys: SqliteKeyStore, data: DataDirectory): Promise<string | undefined> {
  if ((await keys.list()).length > 0) return undefined;
  const { key, record } = createApiKey({ owner: 'admin', role: 'admin', namespace: 'default', now: systemClock.now() });
  // The file first: a crash in between leaves a key that opens nothing, and the next start makes another.
  await rm(data.adminKey, { force: true });
  await writeFile(data.adminKey, `${key}\n`, { mode: 0o600, flag: 'wx' });
  await keys.add(record);
  return data.adminKey;
}

async function healthOf(config: Config, data: DataDirectory, tools: MediaTools, store: JobStore): Promise<HealthFacts> {
  const signal = AbortSignal.timeout(30_000);
  const folders = deviceFolders(config);
  const capabilities = await detectCapabilities({ tools, folders, signal, cacheDir: capabilityCache(data) }).catch(
    () => undefined,
  );
  const qsv = capabilities?.devices.some(({ encodes }) => encodes.some(({ backend }) => backend !== 'vaapi')) ?? false;
  const intelNode = async (): Promise<boolean> =>
    (await listRenderNodes(folders)).some(({ vendor }) => vendor === intelVendor);
  const storeOk = store.health().synced;
  const canRun = capabilities !== undefined && config.workers > 0;
  return {
    storeOk,
    qsv,
    qsvExpected: config.expectQsv === 'always' || (config.expectQsv === 'auto' && (await intelNode())),
    canRun,
    workers: canRun ? config.workers : 0,
    busyWorkers: storeOk ? Math.min(config.workers, await store.count({ phases: ['Running'] })) : 0,
    maxWorkers: config.workers,
    queued: storeOk ? await store.count({ phases: unfinished }) : 0,
  };
}

/** Removes what a crash between a status and its clean-up has left. */
async function removeOrphans(store: JobStore, objects: ObjectStore): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of objects.list('')) keys.push(key);
  for (const key of await orphans(keys, allJobs(store))) await objects.remove(key);
}
