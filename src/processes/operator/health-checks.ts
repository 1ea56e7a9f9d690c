import { Gauge, type Registry } from 'prom-client';
import { livenessProblem } from '../../adapters/kubernetes/client/watch/liveness.ts';
import type { ControllerStats } from '../../controller/controller.ts';
import { phases } from '../../model/status/lifecycle.ts';
import type { JobStore } from '../../ports/job-store.ts';

export interface HealthSources {
  readonly store: Pick<JobStore, 'health'>;
  readonly runner: { readonly lastContactMs: () => Readonly<Record<string, number>> };
  /** Of the controller, while it runs here. */
  readonly stats: () => ControllerStats | undefined;
  /** Whether every cache has been filled once. */
  readonly synced: () => boolean;
}

/** Why the process should be restarted: a queue that is not worked on, or watches that receive nothing. */
export function unhealthy({ store, runner, stats }: HealthSources): string | undefined {
  const { oldestWaitMs = 0, longestRunMs = 0 } = stats() ?? {};
  const lastContactMs = { renderjobs: store.health().lastContactMs, ...runner.lastContactMs() };
  return livenessProblem({ oldestWaitMs, longestRunMs, lastContactMs });
}

/** Why the process could neither lead nor take over immediately. */
export function unready({ synced }: Pick<HealthSources, 'synced'>): string | undefined {
  return synced() ? undefined : 'not all RenderJobs, Jobs, pods and nodes have been listed yet';
}

/** Jobs by phase, counted whenever the metrics are read. */
export function observeJobs(registry: Registry, store: Pick<JobStore, 'count'>): void {
  registry.registerMetric(
    new Gauge({
      name: 'framewright_jobs',
      help: 'RenderJobs by phase.',
      labelNames: ['phase'] as const,
      registers: [],
      async collect() {
        for (const phase of phases) this.set({ phase }, await store.count({ phases: [phase] }));
      },
    }),
  );
}
