import { OperatorProcess } from '../support/operator-process.ts';

/** Keeps so many operator processes running, as a Deployment does: one that ends, for whatever reason, is replaced. */
export class Deployment implements AsyncDisposable {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #stop = new AbortController();
  readonly #running = new Set<OperatorProcess>();
  readonly #replicas: Promise<void>[];
  /** What operators that ended had said last. */
  readonly ends: string[] = [];

  constructor(environment: Readonly<Record<string, string>>, replicas: number) {
    this.#environment = environment;
    this.#replicas = Array.from({ length: replicas }, () => this.#keep());
  }

  /** Kills the one that has run longest (`kill -9`); answers whether there was one. */
  killOldest(): boolean {
    const [oldest] = this.#running;
    if (oldest === undefined) return false;
    this.#running.delete(oldest);
    return oldest.child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const operator of this.#running) operator.child.kill('SIGKILL');
    await Promise.all(this.#replicas);
  }

  async #keep(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // An operator that does not start, because the API server is unavailable, is restarted too.
      const operator = await OperatorProcess.start(this.#environment).catch((error: unknown) => String(error));
      if (typeof operator === 'string') {
        this.ends.push(operator.slice(-600));
        continue;
      }
      this.#running.add(operator);
      if (this.#stop.signal.aborted) operator.child.kill('SIGKILL');
      const { output } = await operator.ended;
      this.#running.delete(operator);
      this.ends.push(output.slice(-600));
    }
  }
}
