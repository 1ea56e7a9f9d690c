import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { InProcessBus } from '../../src/adapters/in-process/in-process-bus.ts';
import { DirectoryStore } from '../../src/adapters/object-store/directory-store.ts';
import { AddressGuard } from '../../src/adapters/sources/address-guard.ts';
import { Database } from '../../src/adapters/sqlite/database.ts';
import { SqliteAssetIndex } from '../../src/adapters/sqlite/sqlite-asset-index.ts';
import { SqliteJobStore } from '../../src/adapters/sqlite/sqlite-job-store.ts';
import { SqliteKeyStore } from '../../src/adapters/sqlite/sqlite-key-store.ts';
import { createApiKey } from '../../src/api/http/api-key.ts';
import { createServer } from '../../src/api/server.ts';
import { type ApiOptions, type ApiServices, defaultApiOptions } from '../../src/api/services.ts';
import { CodedError } from '../../src/errors/coded-error.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import type { RenderJob, RenderJobStatus } from '../../src/model/job/render-job.ts';
import type { Progress } from '../../src/model/status/progress.ts';
import type { HealthFacts } from '../../src/observability/health.ts';
import type { Role } from '../../src/ports/key-store.ts';
import type { StageRun } from '../../src/ports/stage-runner.ts';
import { aStatus } from './jobs.ts';

const body = z.record(z.string(), z.unknown());
export type Body = z.output<typeof body>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

export interface ServerSetup {
  readonly options?: Partial<ApiOptions>;
  readonly health?: Partial<HealthFacts>;
  readonly services?: Partial<ApiServices>;
}

const healthy: HealthFacts = {
  storeOk: true,
  qsv: true,
  qsvExpected: true,
  canRun: true,
  workers: 4,
  busyWorkers: 2,
  maxWorkers: 4,
  queued: 2,
};

const runs: readonly StageRun[] = [];

/**
 * The real server on a free loopback port, with the single-box adapters on a temporary folder. Only what starts workers
 * is left out: a test moves jobs by writing their statuses. Every reply is held against the schema of its route.
 */
export class ApiServer implements AsyncDisposable {
  readonly url: string;
  readonly store: SqliteJobStore;
  readonly keys: SqliteKeyStore;
  readonly bus: InProcessBus;
  readonly objects: DirectoryStore;
  readonly app: FastifyInstance;
  readonly folder: string;
  readonly #database: Database;

  private constructor(
    parts: Pick<ApiServer, 'url' | 'store' | 'keys' | 'bus' | 'objects' | 'app' | 'folder'>,
    database: Database,
  ) {
    this.url = parts.url;
    this.store = parts.store;
    this.keys = parts.keys;
    this.bus = parts.bus;
    this.objects = parts.objects;
    this.app = parts.app;
    this.folder = parts.folder;
    this.#database = database;
  }

  static async start({ options = {}, health = {}, services = {} }: ServerSetup = {}): Promise<ApiServer> {
    const folder = await mkdtemp(join(tmpdir(), 'framewright-api-'));
    const database = Database.open(join(folder, 'framewright.db'));
    const store = new SqliteJobStore(database, { clock: systemClock, defaultTtlSeconds: 604_800 });
    const keys = new SqliteKeyStore(database);
    const bus = new InProcessBus();
    const objects = new DirectoryStore({ dir: join(folder, 'objects') });
    const guard = new AddressGuard({ hosts: ['*'], allowedRanges: [] }, async () => [
      { address: '93.184.215.14', family: 4 },
    ]);
    const app = createServer(
      {
        store,
        keys,
        bus,
        objects,
        assets: new SqliteAssetIndex(database),
        clock: systemClock,
        runner: {
          observe: async () => runs,
          logs: () => {
            throw new CodedError('NOT_FOUND', 'The job has no run');
          },
        },
        plan: async () => {
          throw new CodedError('SPEC_INVALID', 'This server has no planner');
        },
        checkSource: async (url) => {
          await guard.resolve(url);
        },
        health: async () => ({ ...healthy, ...health }),
        ...services,
      },
      { ...defaultApiOptions, ...options },
    );
    // In production replies are not checked again; here each must be what the documentation says.
    app.setSerializerCompiler(serializerCompiler);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    return new ApiServer({ url, store, keys, bus, objects, app, folder }, database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
    await this.#database[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true });
  }

  /** A key of a new or known owner. */
  async key(owner = 'ann', role: Role = 'user', namespace = 'default'): Promise<string> {
    const { key, record } = createApiKey({ owner, role, namespace, now: Date.now() });
    await this.keys.add(record);
    return key;
  }

  /** An HTTP client that sends a key with each request. */
  async client(owner?: string, role?: Role, namespace?: string): Promise<Client> {
    return new Client(this.url, await this.key(owner, role, namespace));
  }

  /** Puts a file into the object store; answers its URL. */
  async publish(key: string, content: Uint8Array | string = 'some bytes'): Promise<string> {
    const upload = await this.objects.createUpload(key);
    await writeFile(upload.path, content);
    await this.objects.publish(upload);
    return `${this.url}/assets/${key}`;
  }

  async job(name: string, namespace = 'default'): Promise<RenderJob> {
    const job = await this.store.get({ namespace, name });
    if (job === undefined) throw new Error(`The job ${name} does not exist`);
    return job;
  }

  /** Moves a job as the controller would. */
  async move(name: string, status: Partial<RenderJobStatus>): Promise<RenderJob> {
    const job = await this.job(name);
    return this.store.writeStatus(job.metadata, job.metadata.resourceVersion, aStatus({ ...job.status, ...status }));
  }

  /** Live progress of a job. */
  async progress(name: string, sequence: number, progress: Partial<Progress>): Promise<void> {
    const { metadata, status } = await this.job(name);
    this.bus.publish({
      namespace: metadata.namespace,
      name,
      uid: metadata.uid,
      attempt: status?.attempt ?? 1,
      sequence,
      progress: { percent: 0, step: 'encoding', updatedAt: new Date().toISOString(), ...progress },
    });
  }

  /** Names of all files in the object store, unfinished ones too. */
  async files(): Promise<readonly string[]> {
    const entries = await readdir(join(this.folder, 'objects'), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  }
}

export class Client {
  readonly url: string;
  readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  async send(method: string, path: string, init: RequestInit & { readonly json?: unknown } = {}): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (this.key !== '') headers.set('x-api-key', this.key);
    const { json, ...rest } = init;
    if (json !== undefined) headers.set('content-type', 'application/json');
    const response = await fetch(this.url + path, {
      ...rest,
      method,
      headers,
      ...(json !== undefined && { body: JSON.stringify(json) }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text !== '' ? body.parse(JSON.parse(text)) : {},
    };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, { headers });
  }

  post(path: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, { json, headers });
  }

  /** Makes a job through the Edit API; answers its id. */
  async make(operation: string, json: unknown): Promise<string> {
    const { status, body: reply, text } = await this.post(`/api/${operation}`, json);
    if (status !== 202 || typeof reply['jobId'] !== 'string')
      throw new Error(`Expected 202 with a jobId, got ${status} ${text}`);
    return reply['jobId'];
  }
}
