import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Answered } from './transport.ts';

/** Counters of one controller. Times are milliseconds. */
interface ControllerMetrics {
  /** For the work queue of the controller. */
  readonly observer: {
    readonly added: () => void;
    readonly started: (waited: number) => void;
    readonly ended: (took: number, result: 'done' | 'failed') => void;
  };
}

/** The figures of a queue that its metrics show. */
interface MeasuredQueue {
  readonly depth: number;
  readonly active: number;
  readonly longestRunMs: number;
}

export interface RuntimeMetrics {
  /** For the transport: every answer of the API server. */
  readonly answered: (answer: Answered) => void;
  readonly leading: (election: string, leads: boolean) => void;
  readonly controller: (name: string, queue: () => MeasuredQueue | undefined) => ControllerMetrics;
}

const buckets = [0.001, 0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60];

/**
 * Metrics under the names that controller-runtime and client-go give them, so that existing dashboards and alerts work.
 *
 * @param host of the API server, as client-go labels its requests
 */
export function createRuntimeMetrics(registry: Registry, host: string): RuntimeMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by status code, method and host.',
    labelNames: ['code', 'method', 'host'] as const,
    registers,
  });
  const latency = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by method and host.',
    labelNames: ['verb', 'host'] as const,
    buckets,
    registers,
  });
  const leader = new Gauge({
    name: 'leader_election_master_status',
    help: 'Whether this process leads: 1 or 0.',
    labelNames: ['name'] as const,
    registers,
  });
  return {
    answered: ({ code, method, seconds }) => {
      requests.inc({ code, method, host });
      latency.observe({ verb: method, host }, seconds);
    },
    leading: (name, leads) => leader.set({ name }, leads ? 1 : 0),
    controller: controllerMetrics(registers),
  };
}

function controllerMetrics(registers: Registry[]): RuntimeMetrics['controller'] {
  const reconciles = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciliations by controller and result.',
    labelNames: ['controller', 'result'] as const,
    registers,
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciliations that failed, by controller.',
    labelNames: ['controller'] as const,
    registers,
  });
  const time = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of a reconciliation, by controller.',
    labelNames: ['controller'] as const,
    buckets,
    registers,
  });
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Keys added to the queue.',
    labelNames: ['name'] as const,
    registers,
  });
  const waits = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'Time that a key waited before it was handled.',
    labelNames: ['name'] as const,
    buckets,
    registers,
  });
  const work = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'Time that handling a key took.',
    labelNames: ['name'] as const,
    buckets,
    registers,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Keys that are handled again after a failure.',
    labelNames: ['name'] as const,
    registers,
  });
  const watch = queueGauges(registers);
  return (name, queue) => {
    const controller = { controller: name };
    watch(name, queue);
    errors.inc(controller, 0);
    return {
      observer: {
        added: () => adds.inc({ name }),
        started: (waited) => waits.observe({ name }, waited / 1000),
        ended: (took, result) => {
          time.observe(controller, took / 1000);
          work.observe({ name }, took / 1000);
          reconciles.inc({ ...controller, result: result === 'done' ? 'success' : 'error' });
          if (result === 'done') return;
          errors.inc(controller);
          retries.inc({ name });
        },
      },
    };
  };
}

/** Gauges that are read from the queues when the metrics are scraped. */
function queueGauges(registers: Registry[]): (name: string, queue: () => MeasuredQueue | undefined) => void {
  const queues = new Map<string, () => MeasuredQueue | undefined>();
  const gauge = (metric: string, help: string, label: string, value: (queue: MeasuredQueue) => number): void => {
    void new Gauge({
      name: metric,
      help,
      labelNames: [label],
      registers,
      collect() {
        for (const [name, queue] of queues) {
          const measured = queue();
          if (measured !== undefined) this.set({ [label]: name }, value(measured));
        }
      },
    });
  };
  gauge('workqueue_depth', 'Keys that wait.', 'name', ({ depth }) => depth);
  gauge('controller_runtime_active_workers', 'Handlers that are running.', 'controller', ({ active }) => active);
  gauge(
    'workqueue_longest_running_processor_seconds',
    'How long the longest running handler has been running.',
    'name',
    ({ longestRunMs }) => longestRunMs / 1000,
  );
  return (name, queue) => void queues.set(name, queue);
}
