import { collectDefaultMetrics, Registry } from 'prom-client';
import { z } from 'zod';
import { createRuntimeMetrics } from '../../src/adapters/kubernetes/client/metrics.ts';
import { createApiMetrics } from '../../src/observability/metrics.ts';
import { createRenderMetrics } from '../../src/observability/render-metrics.ts';
import { progressAge } from '../../src/processes/cluster/progress-bus.ts';
import { observeJobs } from '../../src/processes/operator/health-checks.ts';
import { generatedFrom, page, table } from './markdown.ts';

const Metric = z.object({
  name: z.string(),
  type: z.string(),
  help: z.string(),
  labelNames: z.array(z.string()),
});
type Metric = z.infer<typeof Metric>;

/** Metrics are described here and never read, so their sources are not used. */
const unread = (): Promise<never> => Promise.reject(new Error('Expected metrics to be described only, got a scrape'));

const store = { count: unread };

/** The registry of each process with the metrics that the process registers (`src/processes/`). */
const registries: Readonly<Record<string, (registry: Registry) => void>> = {
  standalone: (registry) => {
    createRenderMetrics(registry);
    createApiMetrics({ store, health: unread }, registry);
  },
  api: (registry) => {
    createRuntimeMetrics(registry, 'kubernetes.default.svc');
    progressAge(registry);
    createApiMetrics({ store, health: unread }, registry);
  },
  operator: (registry) => {
    createRuntimeMetrics(registry, 'kubernetes.default.svc');
    progressAge(registry);
    createRenderMetrics(registry);
    observeJobs(registry, store);
  },
};

/** `metrics.md`: every metric of the processes that serve. */
export function metricsPage(): string {
  const own = byName(Object.entries(registries).map(([process, fill]) => [process, filled(fill)] as const));
  const shared = filled((registry) => collectDefaultMetrics({ register: registry }));
  return page(
    generatedFrom('the registries of the processes'),
    '# Metrics',
    'In the Prometheus text format at `/metrics`: of the REST API for `framewright standalone` and `framewright api`, of the ' +
      'metrics port for `framewright operator`. Times are seconds.',
    table(
      ['metric', 'type', 'labels', 'of', 'meaning'],
      own.map(({ metric, processes }) => [...cells(metric).slice(0, 3), processes.join(', '), metric.help]),
    ),
    '## Node.js process',
    'Every process has the default metrics of prom-client, on Linux:',
    table(['metric', 'type', 'labels', 'meaning'], shared.map(cells)),
  );
}

function cells({ name, type, labelNames, help }: Metric): [string, string, string, string] {
  return [`\`${name}\``, type, labelNames.map((label) => `\`${label}\``).join(', '), help];
}

function filled(fill: (registry: Registry) => void): readonly Metric[] {
  const registry = new Registry();
  fill(registry);
  return registry.getMetricsAsArray().map((metric) => Metric.parse(metric));
}

/** Each metric once, with the processes that have it; a metric has the same type and labels in all of them. */
function byName(
  lists: readonly (readonly [process: string, metrics: readonly Metric[]])[],
): readonly { readonly metric: Metric; readonly processes: readonly string[] }[] {
  const found = new Map<string, { metric: Metric; processes: string[] }>();
  for (const [process, metrics] of lists) {
    for (const metric of metrics) {
      const known = found.get(metric.name);
      if (known === undefined) found.set(metric.name, { metric, processes: [process] });
      else known.processes.push(process);
    }
  }
  return [...found.values()].toSorted((a, b) => a.metric.name.localeCompare(b.metric.name, 'en'));
}
