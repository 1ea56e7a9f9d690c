import { ConflictError, type JobRef, keyOf, NotFoundError } from '../../../ports/job-store.ts';
import { hasStatus, statuses } from '../client/api-error.ts';
import { isLater } from '../client/api-object.ts';
import { deleteCall } from '../client/resource-path.ts';
import { type ApiCall, mergePatch, type Transport } from '../client/transport.ts';
import type { Reflector } from '../client/watch/reflector.ts';
import { acceptRenderJob, type CachedJob, renderJobPath } from './render-job-object.ts';
import { storeError } from './store-errors.ts';

/** Reads and writes of RenderJobs past the cache; whatever the API server answers goes into it at once. */
export class RenderJobApi {
  readonly #transport: Transport;
  readonly #reflector: Reflector<CachedJob>;

  constructor(transport: Transport, reflector: Reflector<CachedJob>) {
    this.#transport = transport;
    this.#reflector = reflector;
  }

  /** Undefined when there is none. */
  async read(ref: JobRef): Promise<CachedJob | undefined> {
    if (ref.namespace === '' || ref.name === '') return undefined;
    try {
      return await this.call({ path: renderJobPath(ref) });
    } catch (error) {
      if (!hasStatus(error, statuses.notFound)) throw storeError(error, ref);
      return undefined;
    }
  }

  /** From memory, else as the API server has it: another replica may have made it a moment ago. */
  async find(ref: JobRef): Promise<CachedJob | undefined> {
    return this.#cached(ref) ?? (await this.read(ref));
  }

  /** The job at the version that a write was computed from; no other is worth a request. */
  async at(ref: JobRef, resourceVersion: string): Promise<CachedJob> {
    const known = this.#cached(ref);
    const behind = known === undefined || isLater(resourceVersion, known.metadata.resourceVersion) !== false;
    const found = behind && known?.metadata.resourceVersion !== resourceVersion ? await this.read(ref) : known;
    if (found === undefined) throw new NotFoundError(`Expected a job ${keyOf(ref)}, got none: it was removed`);
    if (found.metadata.resourceVersion === resourceVersion) return found;
    throw new ConflictError(
      `Expected version ${resourceVersion} of ${keyOf(ref)}, got ${found.metadata.resourceVersion}: read it again`,
    );
  }

  /** A call that is answered with the job as it is then. */
  async call(call: ApiCall): Promise<CachedJob> {
    const object = acceptRenderJob(await this.#transport.request(call));
    if (object === undefined) throw new Error('Expected the API server to answer with a RenderJob, got something else');
    this.#reflector.observe(object);
    return object;
  }

  async setFinalizers({ job, metadata }: CachedJob, finalizers: readonly string[]): Promise<void> {
    const { uid, resourceVersion } = metadata;
    const body = { metadata: { uid, resourceVersion, finalizers } };
    const call = { method: 'PATCH' as const, path: renderJobPath(job.metadata), contentType: mergePatch, body };
    // Without the last finalizer a job that is being removed is gone with this answer.
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
