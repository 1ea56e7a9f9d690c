import type { Logger } from 'pino';
import type { EventRecorder } from '../../adapters/kubernetes/client/events/event-recorder.ts';
import {
  LeaderElection,
  type LeaderElectionOptions,
  type Leadership,
} from '../../adapters/kubernetes/client/lease/leader-election.ts';
import type { RuntimeMetrics } from '../../adapters/kubernetes/client/metrics.ts';
import type { Transport } from '../../adapters/kubernetes/client/transport.ts';
import {
  Controller,
  type ControllerOptions,
  type ControllerPorts,
  type ControllerStats,
} from '../../controller/controller.ts';
import { CodedError } from '../../errors/coded-error.ts';
import { systemClock as clock } from '../../lib/system-clock.ts';

export interface LeaderOptions {
  readonly election: Required<Omit<LeaderElectionOptions, 'clock' | 'random' | 'onError'>> & {
    readonly transport: Transport;
  };
  readonly ports: ControllerPorts;
  readonly controller: ControllerOptions;
  /** The connections of the controller; closed when it does not end in time. */
  readonly work: AsyncDisposable;
  readonly recorder: EventRecorder;
  readonly metrics: RuntimeMetrics;
  readonly log: Logger;
  readonly onLead: (leadership: Leadership) => void;
  /** Removes orphaned outputs and abandoned uploads that are older than this (Unix milliseconds). */
  readonly sweep: (olderThan: number) => Promise<void>;
}

/** The controller and the last events have this long to end, in milliseconds: all of a stop has to fit into 10 s. */
const drainMs = 5_000;
const flushMs = 1_000;
const sweepEveryMs = 3_600_000;
/** Longer than any pause of a worker in one upload. */
const abandonedMs = 24 * 3_600_000;

/** Runs the controller while this process holds the lease, and hands the lease over when it is stopped. */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #drain = new AbortController();
  readonly #withdraw = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  #controller: Controller | undefined;
  #synced = false;
  #running: Promise<void> = Promise.resolve();
  #leading: Promise<void> = Promise.resolve();

  constructor(options: LeaderOptions) {
    this.#options = options;
    // Callers may await it; without one its rejection must not end the process.
    this.#failed.promise.catch(() => undefined);
    options.metrics.controller('renderjob', () => this.#queueStats());
  }

  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Whether the caches are up to date, so that it leads or could. */
  get synced(): boolean {
    return this.#synced;
  }

  get stats(): ControllerStats | undefined {
    return this.#controller?.stats;
  }

  /** @param synced resolves when the caches are up to date: until then the process is not ready */
  start(synced: Promise<unknown>): void {
    this.#running = this.#run(synced).catch((error: unknown) => this.#failed.reject(error));
  }

  /** Lets running reconciles end, then releases the lease. */
  async stop(): Promise<void> {
    this.#drain.abort();
    await within(drainMs, this.#leading);
    // Calls that are still running hang: nothing may be written once another one leads.
    this.#withdraw.abort();
    const slow = setTimeout(() => void this.#options.work[Symbol.asyncDispose](), flushMs);
    await this.#running;
    clearTimeout(slow);
  }

  async #run(synced: Promise<unknown>): Promise<void> {
    const { election: options, log, metrics } = this.#options;
    const { transport, ...lease } = options;
    const { name, namespace, identity } = lease;
    metrics.leading(name, false);
    const withdrawn = new Promise<void>((resolve) => this.#withdraw.signal.addEventListener('abort', () => resolve()));
    await Promise.race([synced, withdrawn]);
    if (this.#withdraw.signal.aborted) return;
    this.#synced = true;
    log.info({ identity, lease: `${namespace}/${name}` }, 'caches are in sync, waiting to lead');
    const election = new LeaderElection(transport, {
      ...lease,
      clock,
      onError: (error) => log.warn({ err: error }, 'failed to read or write the lease'),
    });
    await election.run((leadership) => {
      this.#leading = this.#lead(leadership);
      return this.#leading;
    }, this.#withdraw.signal);
  }

  async #lead(leadership: Leadership): Promise<void> {
    const { election, ports, controller, recorder, metrics, log, onLead } = this.#options;
    onLead(leadership);
    metrics.leading(election.name, true);
    log.info({ identity: election.identity }, 'leading');
    leadership.signal.addEventListener('abort', () => this.#lostLease());
    const signal = AbortSignal.any([leadership.signal, this.#drain.signal]);
    const { observer: queueObserver } = metrics.controller('renderjob', () => this.#queueStats());
    this.#controller = new Controller(ports, { ...controller, queueObserver });
    await Promise.all([this.#controller.run(signal), this.#sweepPeriodically(signal)]);
    await within(flushMs, recorder[Symbol.asyncDispose]());
    // Stopped: the lease is released as soon as this returns, and not acquired again.
    this.#withdraw.abort();
    metrics.leading(election.name, false);
    log.info('no longer leading');
  }

  #lostLease(): void {
    if (this.#drain.signal.aborted) return;
    const { renewDeadlineMs } = this.#options.election;
    this.#failed.reject(
      new CodedError(
        'SERVICE_UNAVAILABLE',
        `The lease was not renewed within ${renewDeadlineMs / 1000} s, or another operator holds it now: this one stops immediately`,
        {
          remedy:
            'None when it is restarted automatically; check the API server and the load of this machine if it happens again.',
        },
      ),
    );
  }

  async #sweepPeriodically(signal: AbortSignal): Promise<void> {
    const { log, sweep } = this.#options;
    while (!signal.aborted) {
      await sweep(clock.now() - abandonedMs).catch((error: unknown) =>
        log.warn({ err: error }, 'failed to remove orphaned files from the object store'),
      );
      await clock.sleep(sweepEveryMs, signal).catch(() => undefined);
    }
  }

  #queueStats(): { depth: number; active: number; longestRunMs: number } | undefined {
    const { stats } = this;
    return stats && { depth: stats.queueDepth, active: stats.active, longestRunMs: stats.longestRunMs };
  }
}

/** Waits for work to end, but at most this long. */
async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
