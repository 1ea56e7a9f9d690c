import { Counter, type Registry } from 'prom-client';
import { fallbackCause } from '../media/encoders/fallback-cause.ts';
import type { Attempt } from '../model/job/render-job.ts';

export interface RenderMetrics {
  /** Counts an attempt at its end; each may be told once. */
  attemptEnded(attempt: Pick<Attempt, 'acceleration' | 'outcome'>): void;
}

/** Counters of where attempts were encoded, and of every backend that was not used. Counted from the start of the process. */
export function createRenderMetrics(registry: Registry): RenderMetrics {
  const renders = new Counter({
    name: 'framewright_renders_total',
    help: 'Attempts that ended, by the backend that they were encoded on (none: ended before there was a plan) and their outcome.',
    labelNames: ['backend', 'outcome'] as const,
    registers: [registry],
  });
  const fallbacks = new Counter({
    name: 'framewright_encoder_fallbacks_total',
    help: 'Better backends that an attempt did not use, by the class of the reason.',
    labelNames: ['from', 'cause'] as const,
    registers: [registry],
  });
  return {
    attemptEnded({ acceleration, outcome = 'Failed' }) {
      renders.inc({ backend: acceleration?.backend ?? 'none', outcome: outcome.toLowerCase() });
      for (const { from, reason } of acceleration?.fallbacks ?? [])
        fallbacks.inc({ from, cause: fallbackCause(reason) });
    },
  };
}
