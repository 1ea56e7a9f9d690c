/** Aborts its signal when nothing was seen for a time, or when the parent's aborts. */
export class SilenceWatchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #follow = (): void => this.#controller.abort(this.#parent.reason);
  readonly #timer: NodeJS.Timeout;

  /** @param silenceMs a connection over which nothing comes any more looks just like one with no news */
  constructor(silenceMs: number, parent: AbortSignal) {
    this.#parent = parent;
    this.#timer = setTimeout(
      () => this.#controller.abort(new Error(`no sign of life for ${silenceMs / 1000} s`)),
      silenceMs,
    );
    if (parent.aborted) this.#follow();
    else parent.addEventListener('abort', this.#follow, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  seen(): void {
    this.#timer.refresh();
  }

  /** Ends what runs under its signal too. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#parent.removeEventListener('abort', this.#follow);
    this.#controller.abort(new Error('no longer needed'));
  }
}
