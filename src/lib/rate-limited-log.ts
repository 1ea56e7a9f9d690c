/** What a rate-limited log writes to; pino's loggers fit. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const intervalMs = 60_000;

/**
 * Writes each warning at most once a minute, with the number of those that were suppressed in between: what comes over a
 * network may come a thousand times a second.
 */
export class RateLimitedLog {
  readonly #log: Log;
  readonly #monotonic: () => number;
  readonly #written = new Map<string, { readonly at: number; suppressed: number }>();

  /** @param monotonic milliseconds that never decrease */
  constructor(log: Log, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  /** @param message one of a few fixed sentences: each is limited on its own */
  warn(message: string, fields: object): void {
    const now = this.#monotonic();
    const last = this.#written.get(message);
    if (last !== undefined && now - last.at < intervalMs) {
      last.suppressed += 1;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    this.#written.set(message, { at: now, suppressed: 0 });
    this.#log.warn(suppressed === 0 ? fields : { ...fields, suppressed }, message);
  }

  /** Not limited. */
  info(message: string, fields: object): void {
    this.#log.info(fields, message);
  }
}
