import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { phases } from '../model/status/lifecycle.ts';
import type { JobStore } from '../ports/job-store.ts';
import type { HealthFacts } from './health.ts';

/** Metrics of requests and jobs, in the Prometheus text format at `/metrics`. */
export function createApiMetrics(
  { store, health }: { readonly store: Pick<JobStore, 'count'>; readonly health: () => Promise<HealthFacts> },
  registry?: Registry,
): ApiMetrics {
  const own = registry ?? new Registry();
  // A shared registry already has the metrics of the process.
  if (registry === undefined) collectDefaultMetrics({ register: own });
  const requests = new Histogram({
    name: 'framewright_http_request_duration_seconds',
    help: 'Time from a request to the end of its reply, by route.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [own],
  });
  const jobs = new Gauge({
    name: 'framewright_jobs',
    help: 'Jobs in the store by phase.',
    labelNames: ['phase'] as const,
    registers: [],
    async collect() {
      // The other metrics must not depend on the store.
      this.reset();
      for (const phase of phases) {
        const count = await store.count({ phases: [phase] }).catch(() => undefined);
        if (count !== undefined) this.set({ phase }, count);
      }
    },
  });
  const workers = new Gauge({
    name: 'framewright_workers',
    help: 'Workers by state: busy, available for jobs, and the maximum of the configuration.',
    labelNames: ['state'] as const,
    registers: [],
    async collect() {
      this.reset();
      const facts = await health().catch(() => undefined);
      if (facts === undefined) return;
      this.set({ state: 'busy' }, facts.busyWorkers);
      this.set({ state: 'available' }, facts.workers);
      this.set({ state: 'maximum' }, facts.maxWorkers);
    },
  });
  own.registerMetric(jobs);
  own.registerMetric(workers);
  return {
    contentType: own.contentType,
    text: () => own.metrics(),
    observe: (app) => {
      app.addHook('onResponse', async (request, reply) => {
        const route = request.routeOptions.url ?? 'none';
        requests.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
      });
    },
  };
}

export interface ApiMetrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Measures every request to a server. */
  observe(app: FastifyInstance): void;
}
