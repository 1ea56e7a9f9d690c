/** A signal that aborts with the caller's, or after a time. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the clock; the caller's signal still counts. */
  readonly disarm: () => void;
  /** Must be called when the work has ended. */
  readonly clear: () => void;
}

/**
 * AbortSignal.any would keep one listener per call on a signal that lives as long as the process.
 *
 * @param timeoutMs from now
 */
export function startDeadline(timeoutMs: number, parent: AbortSignal): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    disarm: () => clearTimeout(timer),
    clear: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}
