import { CodedError } from '../../../errors/coded-error.ts';
import { ConflictError, type JobRef, keyOf, NotFoundError } from '../../../ports/job-store.ts';
import { ApiError, statuses, UnreachableError } from '../client/api-error.ts';

/** The error of a store for an error of the API server. */
export function storeError(error: unknown, ref: JobRef): Error {
  if (error instanceof UnreachableError) {
    return new CodedError('SERVICE_UNAVAILABLE', 'The Kubernetes API server could not be reached', { cause: error });
  }
  if (!(error instanceof ApiError)) return error instanceof Error ? error : new Error(String(error));
  const { status } = error;
  if (status === statuses.notFound) {
    return new NotFoundError(`Expected a job ${keyOf(ref)}, but it was removed`, { cause: error });
  }
  if (status === statuses.conflict) {
    return new ConflictError(`Expected ${keyOf(ref)} at the version it was read, but it changed: read it again`, {
      cause: error,
    });
  }
  if (status === statuses.invalid || status === 400) {
    const details = error.causes.map(({ field, message }) => ({ path: field, message }));
    return new CodedError('INVALID_REQUEST', error.message, { cause: error, details });
  }
  if (status === statuses.tooManyRequests || status >= 500) {
    return new CodedError('SERVICE_UNAVAILABLE', 'The Kubernetes API server is overloaded or down', { cause: error });
  }
  return error;
}
