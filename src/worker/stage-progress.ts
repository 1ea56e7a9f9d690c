import { createProgressEstimator, type ProgressPart } from '../media/ffmpeg/progress-estimate.ts';
import type { ProgressSample } from '../media/ffmpeg/progress-parser.ts';
import type { Plan } from '../media/planning/plan.ts';
import type { Progress, ProgressStep } from '../model/status/progress.ts';
import type { Clock } from '../ports/clock.ts';

export interface StageProgress {
  /** `fraction` (0 to 1) of a step is done. */
  at(step: Exclude<ProgressStep, 'encoding' | 'analyzing'>, fraction: number): void;
  /** Sets the plan, from which the share of each process follows. */
  planned(plan: Plan): void;
  /** A progress sample of a process of the plan, by its name. */
  process(kind: 'encoding' | 'analyzing', name: string, expectedSeconds: number, sample: ProgressSample): void;
}

/** Shares of the steps around the encoding in percent, measured on short and long jobs; the rest is encoding. */
const shares = { probing: 1, planning: 1, verifying: 4, publishing: 1 } as const;
const fetchingShare = 10;
const encodingShare = 83;

/** One percentage over all steps of a stage. `report` is called for every change and is expected to throttle. */
export function createStageProgress(
  options: { readonly fetches: boolean; readonly clock: Pick<Clock, 'monotonic'> },
  report: (progress: Omit<Progress, 'updatedAt'>) => void,
): StageProgress {
  const { fetches, clock } = options;
  const around = (encoding: readonly ProgressPart[]): ProgressPart[] => [
    { name: 'fetching', weight: fetches ? fetchingShare : 0 },
    { name: 'probing', weight: shares.probing },
    { name: 'planning', weight: shares.planning },
    ...encoding,
    { name: 'verifying', weight: shares.verifying },
    { name: 'publishing', weight: shares.publishing },
  ];
  const estimator = createProgressEstimator(around([{ name: 'encoding', weight: encodingShare }]));

  return {
    at(step, fraction) {
      report({ ...estimator.advance(step, fraction, clock.monotonic()), step });
    },
    planned({ steps, analyses }) {
      // An analysis only decodes: it takes about a fifth of the encode that follows.
      const analysisShare = analyses.length > 0 ? encodingShare / 5 : 0;
      const left = encodingShare - analysisShare;
      estimator.setParts(
        around([
          ...analyses.map(({ id }) => ({ name: `analyzing ${id}`, weight: analysisShare / analyses.length })),
          ...steps.map(({ name, weight }) => ({ name: `encoding ${name}`, weight: left * weight })),
        ]),
      );
    },
    process(kind, name, expectedSeconds, { outTimeSeconds = 0, fps, speed, end }) {
      const fraction = end ? 1 : expectedSeconds > 0 ? outTimeSeconds / expectedSeconds : 0;
      const estimate = estimator.advance(`${kind} ${name}`, fraction, clock.monotonic());
      report({
        ...estimate,
        step: kind,
        message: name,
        ...(fps !== undefined && { fps }),
        ...(speed !== undefined && { speed }),
      });
    },
  };
}
