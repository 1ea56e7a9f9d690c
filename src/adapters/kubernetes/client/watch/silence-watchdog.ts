/** Aborts its signal when it was not reset for a time, or when the parent's aborts. */
export class SilenceWatchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #abortWithParent = (): void => this.#controller.abort(this.#parent.reason);
  readonly #timer: NodeJS.Timeout;

  /** @param silenceMs a dead connection looks like one without changes */
  constructor(silenceMs: number, parent: AbortSignal) {
    this.#parent = parent;
    this.#timer = setTimeout(() => this.#controller.abort(new Error(`no data for ${silenceMs / 1000} s`)), silenceMs);
    if (parent.aborted) this.#abortWithParent();
    else parent.addEventListener('abort', this.#abortWithParent, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reset(): void {
    this.#timer.refresh();
  }

  /** Also ends everything that runs under its signal. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#abortWithParent);
    this.#controller.abort(new Error('no longer needed'));
  }
}
