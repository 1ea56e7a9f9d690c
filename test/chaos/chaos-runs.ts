import type { Parameters } from 'fast-check';

/**
 * How long chaos lasts. In CI a few runs of each property; `FRAMEWRIGHT_CHAOS_RUNS=500` for a long soak. A failure
 * prints its seed and path: `FRAMEWRIGHT_CHAOS_SEED` and `FRAMEWRIGHT_CHAOS_PATH` play it again.
 */
export function chaosRuns<T>(inCi: number): Parameters<T> {
  const { FRAMEWRIGHT_CHAOS_RUNS: runs, FRAMEWRIGHT_CHAOS_SEED: seed, FRAMEWRIGHT_CHAOS_PATH: path } = process.env;
  return {
    numRuns: numberOf(runs) ?? inCi,
    seed: numberOf(seed) ?? Date.now() % 2 ** 31,
    ...(path === undefined || path === '' ? {} : { path }),
    // With the cause of the failure, even where causes are not printed.
    includeErrorInReport: true,
    // A run takes seconds and no two are equal: shrinking would take hours and show little.
    endOnFailure: true,
  };
}

/** Longest time of a test of so many runs, in milliseconds. */
export function timeFor(inCi: number, secondsPerRun: number): number {
  return (numberOf(process.env['FRAMEWRIGHT_CHAOS_RUNS']) ?? inCi) * secondsPerRun * 1000 + 60_000;
}

/** How many of the last changes a failure prints. */
export function chaosLines(): number {
  return numberOf(process.env['FRAMEWRIGHT_CHAOS_LINES']) ?? 60;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`Expected a whole number, got ${text}`);
  return value;
}
