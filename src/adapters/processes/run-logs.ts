import type { Clock } from '../../ports/clock.ts';
import { BoundedLog, type LogLimits, logLimits, type Shrunk } from './bounded-log.ts';

export interface RunLogsOptions {
  readonly clock: Clock;
  readonly limits?: LogLimits | undefined;
  readonly onError: (action: string, error: unknown) => void;
}

/** How often the sizes of the logs of live runs are checked, in milliseconds. */
const checkMs = 1000;

/** Keeps the logs of live runs within their size. */
export class RunLogs implements Disposable {
  readonly #options: RunLogsOptions;
  readonly #live = new Map<string, BoundedLog>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: RunLogsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      for (const log of this.#live.values()) this.#trim(log);
    }, checkMs).unref();
  }

  begin(name: string, path: string): void {
    const { clock, limits = logLimits } = this.#options;
    this.#live.set(name, new BoundedLog(path, { clock, limits }));
  }

  /** Cuts the log a last time: nothing is written to it any more. */
  end(name: string): void {
    const log = this.#live.get(name);
    if (log !== undefined) this.#trim(log);
    this.#live.delete(name);
  }

  /** How far the log has shrunk; for a reader, which may begin before the run and end after it. */
  shrunkOf(name: string): () => Shrunk {
    let log = this.#live.get(name);
    return () => {
      log ??= this.#live.get(name);
      return log?.shrunk ?? { from: 0, by: 0 };
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #trim(log: BoundedLog): void {
    try {
      log.trim();
    } catch (error) {
      this.#options.onError('shorten a log', error);
    }
  }
}
