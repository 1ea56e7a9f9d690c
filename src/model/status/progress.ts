import { z } from 'zod';
import { timestamp } from '../job/primitives.ts';

/** Steps of a stage, in the order in which the worker runs them. */
export const progressSteps = [
  'fetching',
  'probing',
  'planning',
  'analyzing',
  'encoding',
  'verifying',
  'publishing',
] as const;
export type ProgressStep = (typeof progressSteps)[number];

export const progress = z
  .strictObject({
    percent: z
      .number()
      .min(0)
      .max(100)
      .describe('Share of the attempt that is done, 0 to 100; never falls within an attempt.'),
    step: z.enum(progressSteps).describe('What the worker is doing.'),
    message: z.string().max(200).optional().describe('The same in words.'),
    fps: z.number().min(0).optional().describe('Frames encoded per second.'),
    speed: z.number().min(0).optional().describe('Seconds of output made per second.'),
    etaSeconds: z.number().min(0).optional().describe('Seconds until the end, estimated.'),
    updatedAt: timestamp.describe('When the worker said so.'),
  })
  .describe('How far the present attempt is.');

export type Progress = z.infer<typeof progress>;

/** A progress message on the bus: news of one attempt, in rising `sequence`. */
export interface ProgressMessage {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly attempt: number;
  /** Rises by one with each message of an attempt; older ones are dropped. */
  readonly sequence: number;
  readonly progress: Progress;
}

/** Whether `candidate` is news after `known`: a later attempt, or later in the same one. */
export function isNewer(candidate: ProgressMessage, known: ProgressMessage | undefined): boolean {
  if (known === undefined || candidate.uid !== known.uid) return true;
  if (candidate.attempt !== known.attempt) return candidate.attempt > known.attempt;
  return candidate.sequence > known.sequence;
}

/**
 * What may be told of `candidate` after `known`: nothing when it is no news, and never a lower percentage within an
 * attempt.
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
