import { z } from 'zod';
import { conditionTypes, phases, reasons } from '../status/lifecycle.ts';
import { progress } from '../status/progress.ts';
import { accelerationReport, jobError, outputFile, precisionReport } from '../status/result.ts';
import { bounds } from './bounds.ts';
import { input } from './inputs.ts';
import { operation, operationInputs } from './operations.ts';
import { output } from './output.ts';
import { contractCheck } from './output-contract.ts';
import { boundedMap, jobName, labelValue, timestamp } from './primitives.ts';
import { withRules } from './rule.ts';

export const apiGroup = 'framewright.dev';
export const apiVersion = 'framewright.dev/v1alpha1';

const retry = z
  .strictObject({
    limit: z
      .int()
      .min(0)
      .max(10)
      .optional()
      .describe('Retries after a failure that a retry may fix; 3 when absent. Lost nodes and drains do not count.'),
    rules: z
      .array(
        z
          .strictObject({
            codes: z.array(z.string().max(40)).min(1).max(32).describe('Error codes that the rule applies to.'),
            action: z
              .enum(['Retry', 'Fail', 'Ignore'])
              .describe('Retry: retry and count it. Fail: fail without a retry. Ignore: retry without counting it.'),
          })
          .describe('What to do on some errors.'),
      )
      .max(bounds.retryRules)
      .optional()
      .describe('Exceptions to the error table; the first rule with the code of the error applies.'),
    backoffSeconds: z
      .number()
      .min(0)
      .max(3600)
      .optional()
      .describe('Seconds before the first retry, doubled with each further one; 10 when absent.'),
    maxBackoffSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .optional()
      .describe('Longest wait between two attempts in seconds; 600 when absent.'),
  })
  .describe('When a failed attempt is retried.');

/** Resources that a job may request; devices are requested by the pool. */
export const podResources = ['cpu', 'memory', 'ephemeral-storage'] as const;
const isPodResource = (key: string): boolean => podResources.some((name) => name === key);

const quantities = withRules(boundedMap(z.string().max(32), 16, 63), [
  {
    cel: `self.all(key, key in [${podResources.map((name) => `'${name}'`).join(', ')}])`,
    message: `keys must be ${podResources.slice(0, -1).join(', ')} or ${podResources.at(-1)}; devices are requested by the pool`,
    holds: (map) => Object.keys(map).every(isPodResource),
  },
]);
const podLabels = boundedMap(labelValue, 32, 253);

const podTemplate = z
  .strictObject({
    labels: podLabels.optional().describe('Additional labels of the pod.'),
    annotations: boundedMap(z.string().max(1024), 32, 253).optional().describe('Additional annotations of the pod.'),
    nodeSelector: podLabels.optional().describe('Node labels that the pod requires in addition to those of the pool.'),
    requests: quantities.optional().describe('Resource requests of the worker.'),
    limits: quantities.optional().describe('Resource limits of the worker.'),
    scratchSize: z.string().max(32).optional().describe('Size of the scratch volume, for example 50Gi.'),
    priorityClassName: z.string().max(253).optional().describe('PriorityClass of the pod.'),
    serviceAccountName: z.string().max(253).optional().describe('ServiceAccount of the pod.'),
  })
  .describe('Changes to the pod of a stage; only these members of a pod can be changed.');

export const accelerations = ['Required', 'Preferred', 'Disabled'] as const;
export type Acceleration = (typeof accelerations)[number];

export const renderJobSpec = withRules(
  z
    .strictObject({
      inputs: z.array(input).min(1).max(bounds.inputs).describe('Input files; the timeline starts as the first one.'),
      operations: z
        .array(operation)
        .max(bounds.operations)
        .optional()
        .describe('Operations, applied in this order. Without any, the first input is encoded as output defines.'),
      output: output.optional(),
      acceleration: z
        .enum(accelerations)
        .optional()
        .describe(
          'Whether an Intel GPU must encode (Required), is used where possible (Preferred, the default) or is not used (Disabled).',
        ),
      pool: labelValue.optional().describe('Pool that the job runs in; the operator chooses one when absent.'),
      queue: labelValue.optional().describe('Kueue queue that admits the job.'),
      priority: z
        .int()
        .min(-100)
        .max(100)
        .optional()
        .describe('Jobs with a higher priority start first; 0 when absent.'),
      suspend: z
        .boolean()
        .optional()
        .describe('true keeps the job from running and stops a running attempt; false lets it run again.'),
      cancelled: z.boolean().optional().describe('true cancels the job; it cannot be set back to false.'),
      timeoutSeconds: z
        .int()
        .min(1)
        .max(bounds.timelineSeconds)
        .optional()
        .describe('Longest time of one attempt in seconds; 6 hours when absent.'),
      retry: retry.optional(),
      ttlSecondsAfterFinished: z
        .int()
        .min(0)
        .max(31_536_000)
        .optional()
        .describe('Seconds after its end until the job and its files are removed; 7 days when absent.'),
      podTemplate: podTemplate.optional(),
      managedBy: z
        .string()
        .max(63)
        .optional()
        .describe(
          'Controller that manages the job; the operator ignores jobs with a value other than framewright.dev/operator.',
        ),
    })
    .describe('What to render.'),
  [
    {
      cel: 'self.inputs.all(i, self.inputs.exists_one(j, j.name == i.name))',
      message: 'the names of inputs must differ',
      holds: ({ inputs }) => new Set(inputs.map(({ name }) => name)).size === inputs.length,
      path: ['inputs'],
    },
    {
      // CEL's cost budget does not allow three nested lists: the worker finds unknown names in the lists of merge.
      cel:
        '!has(self.operations) || self.operations.all(o, (!has(o.addAudio) || self.inputs.exists(i, i.name == o.addAudio.input)) && ' +
        '(!has(o.watermark) || self.inputs.exists(i, i.name == o.watermark.input)) && ' +
        '(!has(o.subtitle) || !has(o.subtitle.input) || self.inputs.exists(i, i.name == o.subtitle.input)))',
      message: 'operations must refer to inputs by their names',
      holds: ({ inputs, operations }) => {
        const names = new Set(inputs.map(({ name }) => name));
        return (operations ?? []).flatMap(operationInputs).every((name) => names.has(name));
      },
      path: ['operations'],
    },
  ],
);

export type RenderJobSpec = z.infer<typeof renderJobSpec>;

const condition = z
  .strictObject({
    type: z.enum(conditionTypes).describe('Type of the condition.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether the condition is met.'),
    reason: z.string().max(64).describe('Reason for the status, in one CamelCase word.'),
    message: z.string().max(bounds.message).describe('Reason for the status, in one sentence.'),
    lastTransitionTime: timestamp.describe('When the status last changed.'),
    observedGeneration: z.int().min(0).optional().describe('Generation of the spec that the condition is based on.'),
  })
  .describe('One condition of the job.');

const attempt = z
  .strictObject({
    number: z.int().min(1).describe('Number of the attempt, from 1.'),
    jobName: z.string().max(253).optional().describe('Name of the Kubernetes Job that runs it.'),
    podName: z.string().max(253).optional().describe('Name of the pod.'),
    pool: z.string().max(63).optional().describe('Pool in which it has a slot.'),
    node: z.string().max(253).optional().describe('Node or machine that ran it.'),
    acceleration: accelerationReport.optional(),
    startedAt: timestamp.optional().describe('When it started to run.'),
    finishedAt: timestamp.optional().describe('When it ended.'),
    exitCode: z.int().optional().describe('Exit code of the worker.'),
    outcome: z
      .enum(['Succeeded', 'Failed', 'Disrupted', 'Cancelled', 'Suspended'])
      .optional()
      .describe('How it ended; Disrupted attempts do not count towards the retry limit.'),
    code: z.string().max(40).optional().describe('Error code of a failure.'),
    reason: z.string().max(bounds.message).optional().describe('Why it ended that way, in one sentence.'),
  })
  .describe('One attempt to render the job.');

export const renderJobStatus = z
  .strictObject({
    phase: z.enum(phases).describe('Phase of the job: Queued, Starting, Running, Succeeded, Failed or Cancelled.'),
    reason: z.enum(reasons).describe('Why the job waits, runs or has ended, in one CamelCase word.'),
    message: z.string().max(bounds.message).describe('Why the job waits, runs or has ended, in one sentence.'),
    queuePosition: z
      .int()
      .min(0)
      .optional()
      .describe(
        'Number of jobs that are ahead of this one while it waits for a slot; updated when it has halved or doubled.',
      ),
    type: z
      .string()
      .max(40)
      .optional()
      .describe('Type of the job: its only operation, transcode without operations, render with several.'),
    observedGeneration: z.int().min(0).optional().describe('Generation of the spec that the status is based on.'),
    attempt: z.int().min(1).describe('Number of the present attempt.'),
    failures: z.int().min(0).describe('Number of failed attempts that count towards the retry limit.'),
    disruptions: z
      .int()
      .min(0)
      .describe(
        'Number of attempts that ended without a fault of the job, such as those on a lost node; they do not count.',
      ),
    queuedAt: timestamp.optional().describe('When the controller first observed the job.'),
    startedAt: timestamp.optional().describe('When the first attempt started to run.'),
    finishedAt: timestamp.optional().describe('When the job ended.'),
    nextAttemptAt: timestamp.optional().describe('Earliest start of the next attempt.'),
    progress: progress.optional(),
    conditions: z.array(condition).max(bounds.conditions).optional().describe('Conditions of the job.'),
    attempts: z.array(attempt).max(bounds.attemptsKept).optional().describe('The latest attempts, oldest first.'),
    result: z
      .strictObject({
        outputs: z.array(outputFile).max(bounds.outputs).describe('Published files.'),
        acceleration: accelerationReport.optional(),
        precision: precisionReport.optional(),
        checks: z.array(contractCheck).max(32).optional().describe('Checks that the outputs passed.'),
        speed: z.number().min(0).optional().describe('Seconds of output per second of encoding.'),
        encodeSeconds: z.number().min(0).optional().describe('Seconds that FFmpeg ran.'),
        processes: z.int().min(0).optional().describe('Number of FFmpeg processes.'),
        report: z.string().max(255).optional().describe('Key of the full report in the object store.'),
      })
      .optional()
      .describe('Result of a job that has succeeded.'),
    error: jobError.optional(),
  })
  .describe('State of the job as the controller observes it.');

export type RenderJobStatus = z.infer<typeof renderJobStatus>;
export type Condition = z.infer<typeof condition>;
export type Attempt = z.infer<typeof attempt>;

const objectMeta = z.object({
  name: jobName,
  namespace: labelValue,
  uid: z.string().min(1).max(64),
  resourceVersion: z.string().min(1),
  generation: z.int().min(1),
  creationTimestamp: timestamp,
  deletionTimestamp: timestamp.optional(),
  labels: z.record(z.string().max(253), labelValue).optional(),
  annotations: z.record(z.string().max(253), z.string().max(8192)).optional(),
});

export const renderJob = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('RenderJob'),
  metadata: objectMeta,
  spec: renderJobSpec,
  status: renderJobStatus.optional(),
});

/** A RenderJob as a store holds it. */
export type RenderJob = z.infer<typeof renderJob>;

/** A RenderJob as a client writes it: without a status and without the members that the store adds. */
export const renderJobManifest = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('RenderJob'),
  metadata: z
    .strictObject({
      name: jobName.optional(),
      generateName: z.string().max(40).optional(),
      namespace: labelValue.optional(),
      labels: z.record(z.string().max(253), labelValue).optional(),
      annotations: z.record(z.string().max(253), z.string().max(8192)).optional(),
    })
    .optional(),
  spec: renderJobSpec,
});

export type RenderJobManifest = z.infer<typeof renderJobManifest>;
