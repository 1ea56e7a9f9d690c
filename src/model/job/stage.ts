import { z } from 'zod';
import { bounds } from './bounds.ts';
import { input } from './inputs.ts';
import { operation } from './operations.ts';
import { output } from './output.ts';
import { accelerations, type RenderJob, type RenderJobSpec } from './render-job.ts';

/** Identifies one stage of one attempt: (uid, attempt, stage) is unique forever. */
export interface StageIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly attempt: number;
  readonly stage: string;
}

/** The one document that a worker reads: at most 64 KiB of JSON in the environment, and no secret in it. */
export const stageSpec = z.strictObject({
  version: z.literal(1),
  identity: z.strictObject({
    namespace: z.string().min(1),
    name: z.string().min(1),
    uid: z.string().min(1),
    attempt: z.int().min(1),
    stage: z.string().min(1),
  }),
  inputs: z.array(input).min(1).max(bounds.inputs),
  operations: z.array(operation).max(bounds.operations),
  output,
  acceleration: z.enum(accelerations),
  /** Longest time of the attempt, in seconds. */
  timeoutSeconds: z.int().min(1),
  /** An encoder without progress for this long is stopped, in seconds. */
  stallSeconds: z.number().gt(0),
});

export type StageSpec = z.infer<typeof stageSpec>;

/** Names of the stages of a job, in order. A stage starts when the one before it has succeeded. */
export function stagesOf(_job: RenderJob): readonly [string, ...string[]] {
  return ['render'];
}

export interface StageDefaults {
  readonly timeoutSeconds: number;
  readonly stallSeconds: number;
}

/** The document for a worker: the spec of a job with defaults, and the identity of the stage. */
export function stageSpecOf(spec: RenderJobSpec, identity: StageIdentity, defaults: StageDefaults): StageSpec {
  return {
    version: 1,
    identity: { ...identity },
    inputs: spec.inputs,
    operations: spec.operations ?? [],
    output: spec.output ?? {},
    acceleration: spec.acceleration ?? 'Preferred',
    timeoutSeconds: spec.timeoutSeconds ?? defaults.timeoutSeconds,
    stallSeconds: defaults.stallSeconds,
  };
}

/** `<name>-<attempt>-<stage>`: the name of the Kubernetes Job or process that runs a stage, the same for each start. */
export function stageName({ name, attempt, stage }: StageIdentity): string {
  return `${name}-${attempt}-${stage}`;
}
