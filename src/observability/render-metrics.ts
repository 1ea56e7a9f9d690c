import { Counter, type Registry } from 'prom-client';
import type { Attempt } from '../model/job/render-job.ts';

export interface RenderMetrics {
  /** Counts an attempt that ended; call it once per attempt. */
  attemptEnded(attempt: Pick<Attempt, 'acceleration' | 'outcome'>): void;
}

/** Counters of the encoder backend of every attempt, and of every backend that was not used, since the process started. */
export function createRenderMetrics(registry: Registry): RenderMetrics {
  const renders = new Counter({
    name: 'framewright_renders_total',
    help: 'Attempts that ended, by encoder backend (none: the attempt ended before its plan was made) and outcome.',
    labelNames: ['backend', 'outcome'] as const,
    registers: [registry],
  });
  const fallbacks = new Counter({
    name: 'framewright_encoder_fallbacks_total',
    help: 'Better encoder backends that an attempt did not use, by the cause of the fallback.',
    labelNames: ['from', 'cause'] as const,
    registers: [registry],
  });
  return {
    attemptEnded({ acceleration, outcome = 'Failed' }) {
      renders.inc({ backend: acceleration?.backend ?? 'none', outcome: outcome.toLowerCase() });
      for (const { from, cause } of acceleration?.fallbacks ?? []) fallbacks.inc({ from, cause });
    },
  };
}
