import { z } from 'zod';
import { timestamp } from '../job/primitives.ts';

/** Steps of a stage, in the order in which the worker runs them. */
const progressSteps = ['fetching', 'probing', 'planning', 'analyzing', 'encoding', 'verifying', 'publishing'] as const;
export type ProgressStep = (typeof progressSteps)[number];

export const progress = z
  .strictObject({
    percent: z
      .number()
      .min(0)
      .max(100)
      .describe('Progress of the attempt in percent; it never falls within an attempt.'),
    step: z.enum(progressSteps).describe('Step of the stage that the worker runs.'),
    message: z.string().max(200).optional().describe('The step in words.'),
    fps: z.number().min(0).optional().describe('Frames encoded per second.'),
    speed: z.number().min(0).optional().describe('Seconds of output per second.'),
    etaSeconds: z.number().min(0).optional().describe('Estimated seconds until the end.'),
    updatedAt: timestamp.describe('When the worker reported this.'),
  })
  .describe('Progress of the present attempt.');

export type Progress = z.infer<typeof progress>;

/** A progress message on the bus: a progress update of one attempt, in rising `sequence`. */
export interface ProgressMessage {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly attempt: number;
  /** Rises by one with each message of an attempt; older ones are dropped. */
  readonly sequence: number;
  readonly progress: Progress;
}

/** Whether `candidate` is newer than `known`: of a later attempt, or later in the same one. */
export function isNewer(candidate: ProgressMessage, known: ProgressMessage | undefined): boolean {
  if (known === undefined || candidate.uid !== known.uid) return true;
  if (candidate.attempt !== known.attempt) return candidate.attempt > known.attempt;
  return candidate.sequence > known.sequence;
}

/**
 * The update that follows `known`: `candidate` without a lower percentage within an attempt; `undefined` when it is not
 * newer.
 */
export function nextProgress(
  candidate: ProgressMessage,
  known: ProgressMessage | undefined,
): ProgressMessage | undefined {
  if (!isNewer(candidate, known)) return undefined;
  if (known === undefined || known.uid !== candidate.uid || known.attempt !== candidate.attempt) return candidate;
  const { percent } = known.progress;
  return candidate.progress.percent >= percent
    ? candidate
    : { ...candidate, progress: { ...candidate.progress, percent } };
}
