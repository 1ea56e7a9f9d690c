import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { InProcessBus } from '../../adapters/in-process/in-process-bus.ts';
import { DirectoryStore } from '../../adapters/object-store/directory-store.ts';
import { ProcessRunner } from '../../adapters/processes/process-runner.ts';
import { type DataDirectory, openDataDirectory } from '../../adapters/sqlite/data-directory.ts';
import { Database } from '../../adapters/sqlite/database.ts';
import { SqliteAssetIndex } from '../../adapters/sqlite/sqlite-asset-index.ts';
import { SqliteJobStore } from '../../adapters/sqlite/sqlite-job-store.ts';
import { SqliteKeyStore } from '../../adapters/sqlite/sqlite-key-store.ts';
import { createApiKey } from '../../api/http/api-key.ts';
import type { ApiServices } from '../../api/services.ts';
import type { Config } from '../../config/load-config.ts';
import { allJobs } from '../../controller/cleanup/all-jobs.ts';
import { orphanedObjects } from '../../controller/cleanup/orphaned-objects.ts';
import { Controller, type ControllerObserver } from '../../controller/controller.ts';
import { untilAborted } from '../../lib/abort.ts';
import { systemClock as clock } from '../../lib/system-clock.ts';
import { createRenderMetrics, type RenderMetrics } from '../../observability/render-metrics.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { workerEnvironment } from '../../worker-protocol/environment.ts';
import { configuredServer, listen } from '../http-server.ts';
import { jobPlanner } from '../job-planner.ts';
import { policyOf } from '../job-policy.ts';
import type { RunningServer } from '../run-server.ts';
import { sourceCheck } from '../source-check.ts';
import { standaloneHealth } from './standalone-health.ts';
import { workerCommand } from './worker-command.ts';

/** Time for workers to end on shutdown, in milliseconds: the whole stop has to fit into 10 s. */
const shutdownGraceMs = 6000;

export interface StandaloneOptions {
  readonly config: Config;
  readonly log: Logger;
  /** The program file that starts workers. */
  readonly entry: string;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

/**
 * Everything on one machine: SQLite, child processes, an in-process bus, a directory of objects. Disposing of it ends its
 * workers and leaves their jobs queued for the next start. Rejects with a CodedError when the data directory is not usable
 * or another server holds it, or the address cannot be listened on; with the signal's reason as soon as that is aborted.
 */
export async function startStandalone({ config, log, entry, signal }: StandaloneOptions): Promise<RunningServer> {
  await using started = new AsyncDisposableStack();
  const data = started.use(openDataDirectory(config.standalone.dataDir));
  const database = started.use(Database.open(data.database));
  const stores = openStores(database, { data, config });
  const bus = new InProcessBus();
  const opening = ProcessRunner.open({
    database,
    runsDirectory: data.runs,
    worker: workerCommand(config, { entry, objectsDir: data.objects }),
    slots: config.standalone.workers,
    bus,
    clock,
    node: hostname(),
    onError: (what, error) => log.error({ err: error }, `failed to ${what}`),
    shutdownGraceMs,
  });
  const runner = started.use(await untilAborted(opening, signal));
  // No worker of an earlier server runs any more, so no upload in progress will be finished.
  await untilAborted(stores.objects.sweep(clock.now()), signal);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ports = { ...stores, bus, runner, clock };
  startController(started, ports, { config, log, renders: createRenderMetrics(registry) });
  const newKeyFile = await createFirstKey(stores.keys, data);
  signal.throwIfAborted();

  const services = apiServices(config, { ...ports, assets: new SqliteAssetIndex(database) }, data);
  const server = configuredServer(config, services, { logger: log, registry });
  started.defer(() => server.close());
  const url = await listen(server, config.server);
  const owned = started.move();
  return {
    url,
    notices: newKeyFile === undefined ? [] : [`wrote the first admin key to ${newKeyFile}`],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Stores {
  readonly store: SqliteJobStore;
  readonly keys: SqliteKeyStore;
  readonly objects: DirectoryStore;
}

type Ports = Stores & Pick<ApiServices, 'bus' | 'clock'> & { readonly runner: ProcessRunner };

function openStores(
  database: Database,
  { data, config }: { readonly data: DataDirectory; readonly config: Pick<Config, 'jobs'> },
): Stores {
  return {
    store: new SqliteJobStore(database, { clock, defaultTtlSeconds: config.jobs.ttlSeconds }),
    keys: new SqliteKeyStore(database),
    objects: new DirectoryStore({ dir: data.objects }),
  };
}

/** Runs the controller, and removes orphaned outputs once, until the stack is disposed of. */
function startController(
  started: AsyncDisposableStack,
  ports: Ports,
  {
    config,
    log,
    renders,
  }: {
    readonly config: Pick<Config, 'jobs'>;
    readonly log: Logger;
    readonly renders: RenderMetrics;
  },
): void {
  const controller = new Controller(ports, { policy: policyOf(config.jobs), observer: createObserver(log, renders) });
  const stop = new AbortController();
  const running = Promise.all([
    controller.run(stop.signal),
    removeOrphanedOutputs(ports.store, ports.objects).catch((error: unknown) =>
      log.error({ err: error }, 'failed to remove orphaned outputs'),
    ),
  ]);
  started.defer(async () => {
    stop.abort();
    await running;
  });
}

/** Writes what the controller does into the log and the metrics. */
function createObserver(log: Logger, renders: RenderMetrics): ControllerObserver {
  return {
    event: ({ metadata }, level, reason, message) =>
      log[level === 'Warning' ? 'warn' : 'info']({ job: metadata.name, reason }, message),
    attemptEnded: ({ metadata }, attempt) => {
      renders.attemptEnded(attempt);
      const { acceleration, number, outcome } = attempt;
      log.info({ job: metadata.name, attempt: number, outcome, acceleration }, 'attempt ended');
    },
    error: (what, error) => log.error({ err: error }, `failed to ${what}`),
  };
}

function apiServices(
  config: Config,
  ports: Ports & Pick<ApiServices, 'assets'>,
  { objects: objectsDir }: DataDirectory,
): ApiServices {
  const { store, objects } = ports;
  // Workers use the same cache.
  const cacheDir = join(objectsDir, '.capabilities');
  const hidden = [[objectsDir, `$${workerEnvironment.objectsDir}`]] as const;
  return {
    ...ports,
    plan: jobPlanner(config, { store: objects, clock, hidden, cacheDir }),
    checkSource: sourceCheck(config.sources),
    health: () => standaloneHealth(config, { store, cacheDir }),
  };
}

/** Creates the admin key of a new installation; returns its file, or undefined when there are keys already. */
async function createFirstKey(keys: SqliteKeyStore, data: DataDirectory): Promise<string | undefined> {
  if ((await keys.list()).length > 0) return undefined;
  const { key, record } = createApiKey({ owner: 'admin', role: 'admin', namespace: 'default', now: clock.now() });
  // The file first: after a crash in between, the key in it is not valid and the next start writes another one.
  await rm(data.adminKey, { force: true });
  await writeFile(data.adminKey, `${key}\n`, { mode: 0o600, flag: 'wx' });
  await keys.add(record);
  return data.adminKey;
}

/** Removes files that a crash between a status and its clean-up has left. */
async function removeOrphanedOutputs(store: JobStore, objects: ObjectStore): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of objects.list('')) keys.push(key);
  for (const key of await orphanedObjects(keys, allJobs(store))) await objects.remove(key);
}
