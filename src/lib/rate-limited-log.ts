/** What this adapter needs of a logger; pino's fits. */
export interface NatsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

const everyMs = 60_000;

/**
 * Says the same thing at most once a minute, and how often it was not said: what comes over a network may come a thousand
 * times a second.
 */
export class RateLimitedLog {
  readonly #log: NatsLog;
  readonly #monotonic: () => number;
  readonly #said = new Map<string, { at: number; kept: number }>();

  /** @param monotonic milliseconds that never go back */
  constructor(log: NatsLog, monotonic: () => number) {
    this.#log = log;
    this.#monotonic = monotonic;
  }

  /** @param message one of a few fixed sentences: each is counted by itself */
  warn(message: string, fields: object): void {
    const now = this.#monotonic();
    const last = this.#said.get(message);
    if (last !== undefined && now - last.at < everyMs) {
      last.kept += 1;
      return;
    }
    this.#said.set(message, { at: now, kept: 0 });
    this.#log.warn(last === undefined || last.kept === 0 ? fields : { ...fields, notSaid: last.kept }, message);
  }

  info(message: string, fields: object): void {
    this.#log.info(fields, message);
  }
}
