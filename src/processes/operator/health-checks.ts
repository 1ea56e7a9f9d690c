import { Gauge, type Registry } from 'prom-client';
import { livenessProblem } from '../../adapters/kubernetes/client/watch/liveness.ts';
import type { ControllerStats } from '../../controller/controller.ts';
import { phases } from '../../model/status/lifecycle.ts';
import type { JobStore } from '../../ports/job-store.ts';

export interface VitalSources {
  readonly store: Pick<JobStore, 'health'>;
  readonly runner: { readonly lastContactMs: () => Readonly<Record<string, number>> };
  /** Of the controller, while it runs here. */
  readonly stats: () => ControllerStats | undefined;
  /** Whether everything has been read once. */
  readonly synced: () => boolean;
}

/** Why the process should be restarted: work that nobody does, watches that hear nothing. */
export function unhealthy({ store, runner, stats }: VitalSources): string | undefined {
  const { oldestWaitMs = 0, longestRunMs = 0 } = stats() ?? {};
  const lastContactMs = { renderjobs: store.health().lastContactMs, ...runner.lastContactMs() };
  return livenessProblem({ oldestWaitMs, longestRunMs, lastContactMs });
}

/** Why it could neither lead nor take over at once. */
export function unready({ synced }: Pick<VitalSources, 'synced'>): string | undefined {
  return synced() ? undefined : 'not all RenderJobs, Jobs, pods and nodes are known yet';
}

/** Jobs by phase, counted when someone asks for the metrics. */
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
