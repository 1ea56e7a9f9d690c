import { ConflictError, type JobRef, keyOf, NotFoundError } from '../../../ports/job-store.ts';
import { type ApiCall, mergePatch } from '../client/api-call.ts';
import { hasStatus, statuses } from '../client/api-error.ts';
import { isLater } from '../client/api-object.ts';
import { deleteCall } from '../client/resource-path.ts';
import type { Transport } from '../client/transport.ts';
import type { Reflector } from '../client/watch/reflector.ts';
import { acceptRenderJob, type CachedJob, renderJobPath } from './render-job-object.ts';
import { storeError } from './store-errors.ts';

/** Reads and writes of RenderJobs that bypass the cache; every answer of the API server is put into it. */
export class RenderJobApi {
  readonly #transport: Transport;
  readonly #reflector: Reflector<CachedJob>;

  constructor(transport: Transport, reflector: Reflector<CachedJob>) {
    this.#transport = transport;
    this.#reflector = reflector;
  }

  /** Undefined when it does not exist. */
  async read(ref: JobRef): Promise<CachedJob | undefined> {
    if (ref.namespace === '' || ref.name === '') return undefined;
    try {
      return await this.call({ path: renderJobPath(ref) });
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw storeError(error, ref);
      return undefined;
    }
  }

  /** From memory, else from the API server: another replica may have created it a moment ago. */
  async find(ref: JobRef): Promise<CachedJob | undefined> {
    return this.#cached(ref) ?? (await this.read(ref));
  }

  /** The job at the version that a write was computed from. Any other is a conflict, without a request. */
  async at(ref: JobRef, resourceVersion: string): Promise<CachedJob> {
    const known = this.#cached(ref);
    const behind = known === undefined || isLater(resourceVersion, known.metadata.resourceVersion) !== false;
    const found = behind && known?.metadata.resourceVersion !== resourceVersion ? await this.read(ref) : known;
    if (found === undefined) throw new NotFoundError(`Expected a job ${keyOf(ref)}, but it was removed`);
    if (found.metadata.resourceVersion === resourceVersion) return found;
    throw new ConflictError(
      `Expected version ${resourceVersion} of ${keyOf(ref)}, got ${found.metadata.resourceVersion}: read it again`,
    );
  }

  /** A call that is answered with the job after it. */
  async call(call: ApiCall): Promise<CachedJob> {
    const object = acceptRenderJob(await this.#transport.request(call));
    if (object === undefined) throw new Error('Expected the API server to answer with a RenderJob');
    this.#reflector.observe(object);
    return object;
  }

  async setFinalizers({ job, metadata }: CachedJob, finalizers: readonly string[]): Promise<void> {
    const { uid, resourceVersion } = metadata;
    const body = { metadata: { uid, resourceVersion, finalizers } };
    const call = { method: 'PATCH' as const, path: renderJobPath(job.metadata), contentType: mergePatch, body };
    // A job that is being removed is deleted with its last finalizer.
    if (job.metadata.deletionTimestamp !== undefined && finalizers.length === 0) await this.#transport.request(call);
    else await this.call(call);
  }

  async remove({ job, metadata: { uid } }: CachedJob): Promise<void> {
    const call = deleteCall(renderJobPath(job.metadata), { uid, propagationPolicy: 'Background' });
    const left = acceptRenderJob(await this.#transport.request(call));
    if (left?.job.metadata.deletionTimestamp !== undefined) this.#reflector.observe(left);
  }

  #cached(ref: JobRef): CachedJob | undefined {
    return this.#reflector.cache.get(keyOf(ref));
  }
}
