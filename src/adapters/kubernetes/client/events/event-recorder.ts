import { cutToBytes } from '../../../../lib/text.ts';
import type { Clock } from '../../../../ports/clock.ts';
import { mergePatch } from '../api-call.ts';
import { hasStatus, statuses } from '../api-error.ts';
import { microTime } from '../lease/lease-record.ts';
import { resourcePath } from '../resource-path.ts';
import type { Transport } from '../transport.ts';
import { type EventFacts, type Series, seriesEndMs, seriesKey } from './event-series.ts';

const apiVersion = 'events.k8s.io/v1';

export interface EventRecorderOptions {
  /** `reportingController`, for example framewright.dev/operator. */
  readonly controller: string;
  /** `reportingInstance`: which of its processes. */
  readonly instance: string;
  readonly clock: Clock;
  /** Milliseconds between two writes of the count of a series. */
  readonly seriesMs?: number;
  /** Events that wait to be written; more are dropped and counted. */
  readonly capacity?: number;
  readonly onError?: (error: unknown) => void;
}

/**
 * Writes Kubernetes Events (events.k8s.io/v1), which give the history beside the status. Recording never waits and never
 * fails: nothing depends on an event. A repeated event only increases a count, which is written from time to time.
 */
export class EventRecorder implements AsyncDisposable {
  readonly #transport: Transport;
  readonly #options: Required<Omit<EventRecorderOptions, 'onError'>> & Pick<EventRecorderOptions, 'onError'>;
  readonly #series = new Map<string, Series>();
  readonly #waiting = new Set<Series>();
  #writing: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;
  #sequence = 0;
  /** Events that were not written because too many waited. */
  dropped = 0;

  constructor(transport: Transport, options: EventRecorderOptions) {
    this.#transport = transport;
    this.#options = { seriesMs: 30_000, capacity: 1_000, ...options };
    this.#timer = setInterval(() => this.#tick(), this.#options.seriesMs).unref();
  }

  record(facts: EventFacts): void {
    const now = this.#options.clock.now();
    const key = seriesKey(facts);
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastAt <= seriesEndMs) {
      known.count += 1;
      known.lastAt = now;
      return;
    }
    if (this.#waiting.size >= this.#options.capacity) {
      this.dropped += 1;
      return;
    }
    this.#sequence += 1;
    const name = `${facts.regarding.name}.${now.toString(16)}${this.#sequence.toString(16).padStart(4, '0')}`;
    const series = { facts, name, firstAt: now, lastAt: now, count: 1, written: 0 };
    this.#series.set(key, series);
    this.#enqueue(series);
  }

  /** Tries to write everything that waits, counts included. */
  async flush(): Promise<void> {
    this.#tick();
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  #tick(): void {
    const now = this.#options.clock.now();
    for (const [key, series] of this.#series) {
      if (series.count > series.written) this.#enqueue(series);
      else if (now - series.lastAt > seriesEndMs) this.#series.delete(key);
    }
  }

  #enqueue(series: Series): void {
    this.#waiting.add(series);
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined;
    });
  }

  async #drain(): Promise<void> {
    for (const series of this.#waiting) {
      this.#waiting.delete(series);
      await this.#write(series).catch((error: unknown) => this.#options.onError?.(error));
    }
  }

  async #write(series: Series): Promise<void> {
    const { count, written } = series;
    // Before the request, because an event is not worth a second try.
    series.written = count;
    const { namespace } = series.facts.regarding;
    if (written > 0) {
      const body = { series: { count, lastObservedTime: microTime(series.lastAt) } };
      const patch = { method: 'PATCH' as const, path: eventPath(namespace, series.name), body };
      try {
        await this.#transport.request({ ...patch, contentType: mergePatch });
        return;
      } catch (error) {
        // Events are removed after an hour.
        if (!hasStatus(error, statuses.notFound)) throw error;
      }
    }
    await this.#transport.request({
      method: 'POST',
      path: eventPath(namespace),
      body: this.#eventOf(series, namespace),
    });
  }

  #eventOf({ facts, name, firstAt, lastAt, count }: Series, namespace: string): object {
    const { regarding, type, reason, action, note } = facts;
    return {
      apiVersion,
      kind: 'Event',
      metadata: { name, namespace },
      eventTime: microTime(firstAt),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance,
      regarding,
      type,
      reason,
      action,
      note: cutToBytes(note, 1024),
      ...(count > 1 ? { series: { count, lastObservedTime: microTime(lastAt) } } : {}),
    };
  }
}

function eventPath(namespace: string, name?: string): string {
  return resourcePath({ apiVersion, resource: 'events', namespace, name });
}
