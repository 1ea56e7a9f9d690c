import type { Clock } from '../../../../ports/clock.ts';
import { hasStatus, isAlreadyExists, isConflict, statuses } from '../api-error.ts';
import type { Transport } from '../transport.ts';
import { type LeaseRecord, leasePath, microTime, readLease, writeLease } from './lease-record.ts';
import { LeaseWatch } from './lease-watch.ts';

export interface LeaderElectionOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unique for each process, over all time: a restarted process is another candidate. */
  readonly identity: string;
  /** How long other candidates wait after the last renewal that they observed. */
  readonly leaseMs?: number;
  /** A leader that could not renew for this long stops; well below `leaseMs`, so that it has stopped when others start. */
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly onError?: (error: unknown) => void;
}

export interface Leadership {
  /** Aborts when leadership has ended, or may have ended. */
  readonly signal: AbortSignal;
  /** Whether writes are allowed at this moment; exact even when the event loop was too busy to abort the signal. */
  readonly mayWrite: () => boolean;
  /** Of the Lease: the same for all leaders that it had, and for no other. */
  readonly leaseUid: string;
}

/** Shortest time between two reads of the lease of another process. */
const observeMs = 500;

/** Elects one of several processes as the leader, by a Lease. */
export class LeaderElection {
  readonly #transport: Transport;
  readonly #options: Required<Omit<LeaderElectionOptions, 'onError'>> & Pick<LeaderElectionOptions, 'onError'>;
  readonly #watch = new LeaseWatch();
  readonly #path: string;
  #observeFailed = false;

  constructor(transport: Transport, options: LeaderElectionOptions) {
    this.#transport = transport;
    this.#options = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 1_000, random: Math.random, ...options };
    const { leaseMs, renewDeadlineMs, retryMs } = this.#options;
    if (!(retryMs < renewDeadlineMs && renewDeadlineMs < leaseMs)) {
      throw new Error(
        `Expected retryMs < renewDeadlineMs < leaseMs, got ${retryMs}, ${renewDeadlineMs} and ${leaseMs}: a leader must stop before the next one starts`,
      );
    }
    this.#path = leasePath(options.namespace, options.name);
  }

  /**
   * Waits for leadership, leads, and waits again after leadership was lost, until the signal aborts. Then `lead` ends first,
   * and the lease is released, so that the next leader need not wait for it to expire.
   *
   * @param lead must end when its signal aborts; its rejection ends the run
   */
  async run(lead: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const startedAt = this.#options.clock.monotonic();
      const lease = await this.#tryAcquire(startedAt);
      if (lease !== undefined) await this.#lead(lease, startedAt, lead, signal);
      else await this.#waitToObserve(signal);
    }
  }

  /** @returns the lease when it is ours now */
  async #tryAcquire(now: number): Promise<LeaseRecord | undefined> {
    this.#observeFailed = false;
    try {
      const found = await this.#read();
      if (found === undefined) return await this.#write({ transitions: 0 });
      // Observed at the time after the read, compared with the time before it: a slow answer must not age the lease.
      this.#watch.observe(found, this.#options.clock.monotonic());
      const ours = found.holder === this.#options.identity;
      if (!ours && !this.#watch.isFree(found, now)) return undefined;
      return await this.#write({ transitions: found.transitions + (ours ? 0 : 1), version: found.version });
    } catch (error) {
      // Another candidate was faster.
      if (isConflict(error) || isAlreadyExists(error)) return undefined;
      this.#observeFailed = true;
      this.#options.onError?.(error);
      return undefined;
    }
  }

  async #lead(
    acquired: LeaseRecord,
    acquiredAt: number,
    lead: (leadership: Leadership) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, renewDeadlineMs } = this.#options;
    // The time before the call that renewed it: the answer may have been late.
    let renewedAt = acquiredAt;
    let lease = acquired;
    const ended = new AbortController();
    const stop = (): void => ended.abort(new Error('no longer the leader'));
    signal.addEventListener('abort', stop, { once: true });
    const mayWrite = (): boolean => !ended.signal.aborted && clock.monotonic() - renewedAt < renewDeadlineMs;
    const renewing = (async () => {
      while (!ended.signal.aborted) {
        await this.#pause(ended.signal);
        if (ended.signal.aborted) return;
        const startedAt = clock.monotonic();
        const left = renewedAt + renewDeadlineMs - startedAt;
        const outcome = left > 0 ? await this.#renew(lease, left, ended.signal) : undefined;
        if (outcome !== undefined) ({ lease } = outcome);
        if (outcome?.renewed === true) renewedAt = startedAt;
        if (outcome === undefined || !mayWrite()) stop();
      }
    })();
    try {
      if (!signal.aborted) await lead({ signal: ended.signal, mayWrite, leaseUid: acquired.uid });
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      await renewing;
      await this.#release();
    }
  }

  /** @returns undefined when another process holds it; otherwise the present lease, and whether it was renewed */
  async #renew(
    lease: LeaseRecord,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly lease: LeaseRecord; readonly renewed: boolean } | undefined> {
    try {
      return { lease: await this.#write({ ...lease, timeoutMs, signal }), renewed: true };
    } catch (error) {
      if (!signal.aborted) this.#options.onError?.(error);
      if (!isConflict(error) && !hasStatus(error, statuses.notFound)) return { lease, renewed: false };
    }
    // A renewal may have been executed although its answer was lost: then the version has changed, but not the holder.
    const found = await this.#read().catch(() => lease);
    return found?.holder === this.#options.identity ? { lease: found, renewed: false } : undefined;
  }

  async #release(): Promise<void> {
    const { namespace, name, identity } = this.#options;
    try {
      // A renewal that was still running may come between the read and the write, once.
      for (let tries = 0; tries < 2; tries += 1) {
        const found = await this.#read();
        if (found?.holder !== identity) return;
        const body = writeLease({ namespace, name }, { ...found, holder: '', durationMs: 1_000 });
        const call = { method: 'PUT' as const, path: this.#path, body, timeoutMs: 2_000 };
        const released = await this.#transport.request(call).catch((error: unknown) => {
          if (isConflict(error)) return undefined;
          throw error;
        });
        if (released !== undefined) return;
      }
    } catch (error) {
      this.#options.onError?.(error);
    }
  }

  async #read(): Promise<LeaseRecord | undefined> {
    const { retryMs } = this.#options;
    try {
      return readLease(await this.#transport.request({ path: this.#path, timeoutMs: 5 * retryMs }));
    } catch (error) {
      if (hasStatus(error, statuses.notFound)) return undefined;
      throw error;
    }
  }

  async #write(change: {
    readonly transitions: number;
    readonly version?: string;
    readonly acquireTime?: string;
    readonly timeoutMs?: number;
    readonly signal?: AbortSignal;
  }): Promise<LeaseRecord> {
    const { namespace, name, identity, leaseMs, clock, retryMs } = this.#options;
    const renewTime = microTime(clock.now());
    const { transitions, version, acquireTime = renewTime } = change;
    const record = { holder: identity, durationMs: leaseMs, transitions, renewTime, acquireTime };
    const body = writeLease({ namespace, name }, version === undefined ? record : { ...record, version });
    const target =
      version === undefined
        ? { method: 'POST' as const, path: leasePath(namespace) }
        : { method: 'PUT' as const, path: this.#path };
    const { signal, timeoutMs = 5 * retryMs } = change;
    const call = { ...target, body, timeoutMs, ...(signal === undefined ? {} : { signal }) };
    return readLease(await this.#transport.request(call));
  }

  /** Short, so that a released lease is taken soon; shorter when the lease expires before that. */
  async #waitToObserve(signal: AbortSignal): Promise<void> {
    const { clock, retryMs, random } = this.#options;
    if (this.#observeFailed) return this.#pause(signal);
    const left = this.#watch.freeIn(clock.monotonic());
    const wait = Math.min(retryMs, observeMs) * (1 + 0.2 * random());
    await clock.sleep(left > 0 ? Math.min(wait, left + 1) : wait, signal).catch(() => undefined);
  }

  /** With some jitter, so that candidates do not ask at the same moments. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { clock, retryMs, random } = this.#options;
    await clock.sleep(retryMs * (1 + 0.2 * random()), signal).catch(() => undefined);
  }
}
