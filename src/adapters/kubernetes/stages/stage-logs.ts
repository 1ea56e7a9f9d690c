import { CodedError } from '../../../errors/coded-error.ts';
import { type StageIdentity, stageName } from '../../../model/job/stage.ts';
import { hasEnded, type StageRun } from '../../../ports/stage-runner.ts';
import { ApiError, hasStatus, statuses } from '../client/api-error.ts';
import { resourcePath } from '../client/resource-path.ts';
import type { Transport } from '../client/transport.ts';
import type { StageChange } from './stage-changes.ts';
import { workerContainer } from './stage-job.ts';
import type { CachedStagePod } from './stage-objects.ts';

/** Access to one stage: `find` returns its present run and pod, or undefined when it does not exist. */
interface StageView {
  readonly transport: Transport;
  readonly find: () => Promise<{ readonly run: StageRun; readonly pod: CachedStagePod | undefined } | undefined>;
  readonly watch: (signal: AbortSignal) => AsyncIterable<StageChange>;
}

/** The log of a stage's pod, through the API server. Empty when the pod was deleted: its log is deleted with it. */
export async function* stageLogs(
  view: StageView,
  identity: StageIdentity,
  { follow, signal }: { readonly follow: boolean; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  signal.addEventListener('abort', stop, { once: true });
  // Subscribed before the first `find`, so that no change is missed in between.
  const changes = view.watch(abort.signal)[Symbol.asyncIterator]();
  const nextChange = async (): Promise<void> => {
    for (let change = await changes.next(); change.done !== true; change = await changes.next())
      if (change.value.uid === identity.uid) return;
  };
  try {
    let read = false;
    while (!signal.aborted) {
      const found = await view.find();
      if (found === undefined) throw new CodedError('NOT_FOUND', `The stage ${stageName(identity)} does not exist`);
      const { run, pod } = found;
      if (!read && pod !== undefined && (pod.runningSince !== undefined || pod.terminated !== undefined)) {
        read = yield* readLog(view.transport, pod, follow && !hasEnded(run), signal);
      }
      if (!follow || hasEnded(run)) return;
      // The stream ends only after the run: a client that has read all of it may rely on that.
      await nextChange();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

/** @returns whether there was a log to read */
async function* readLog(
  transport: Transport,
  { metadata: { namespace, name } }: CachedStagePod,
  follow: boolean,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, boolean> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  signal.addEventListener('abort', stop, { once: true });
  const path = resourcePath({ apiVersion: 'v1', resource: 'pods', namespace, name, subresource: 'log' });
  try {
    const query = { container: workerContainer, follow };
    yield* await transport.stream({ path, query, signal: abort.signal });
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    // Deleted, or not started yet.
    if (hasStatus(error, statuses.notFound) || (error instanceof ApiError && error.status === 400)) return false;
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    // Closes the connection of a reader that stops early.
    stop();
  }
}
