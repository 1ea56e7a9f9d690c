import { z } from 'zod';
import { conditionTypes, phases, reasons } from '../status/lifecycle.ts';
import { progress } from '../status/progress.ts';
import { accelerationReport, jobError, outputFile, precisionReport } from '../status/result.ts';
import { bounds } from './bounds.ts';
import { input } from './inputs.ts';
import { caption, operation, operationInputs } from './operations.ts';
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
      .describe('Further attempts after a failure that may heal; 3 when absent. Lost nodes and drains do not count.'),
    rules: z
      .array(
        z
          .strictObject({
            codes: z.array(z.string().max(40)).min(1).max(32).describe('Error codes that the rule is for.'),
            action: z
              .enum(['Retry', 'Fail', 'Ignore'])
              .describe('Retry and count it, fail at once, or retry without counting.'),
          })
          .describe('What to do on certain errors.'),
      )
      .max(bounds.retryRules)
      .optional()
      .describe('Exceptions to the error table; the first that fits decides.'),
    backoffSeconds: z
      .number()
      .min(0)
      .max(3600)
      .optional()
      .describe('Wait before the first further attempt, doubled each time; 10 when absent.'),
    maxBackoffSeconds: z
      .number()
      .min(0)
      .max(86_400)
      .optional()
      .describe('Longest wait between attempts; 600 when absent.'),
  })
  .describe('What to do after a failed attempt.');

const webhook = z
  .strictObject({
    url: z
      .string()
      .max(bounds.url)
      .regex(/^https?:\/\//, 'must be an http or https URL')
      .describe('Where to POST.'),
    secretRef: z.string().max(253).optional().describe('Name of the Secret with the signing key.'),
    events: z
      .array(z.enum(['terminal', 'progress']))
      .max(2)
      .optional()
      .describe('What to tell; terminal when absent.'),
  })
  .describe('Whom to tell about the job (Standard Webhooks).');

/** What a job may ask for beyond its pool; devices come with the pool. */
export const podResources = ['cpu', 'memory', 'ephemeral-storage'] as const;
const isPodResource = (key: string): boolean => podResources.some((name) => name === key);

const quantities = withRules(boundedMap(z.string().max(32), 16, 63), [
  {
    cel: `self.all(key, key in [${podResources.map((name) => `'${name}'`).join(', ')}])`,
    message: `keys must be ${podResources.slice(0, -1).join(', ')} or ${podResources.at(-1)}; devices come with the pool`,
    holds: (map) => Object.keys(map).every(isPodResource),
  },
]);
const podLabels = boundedMap(labelValue, 32, 253);

const podTemplate = z
  .strictObject({
    labels: podLabels.optional().describe('Further labels of the pod.'),
    annotations: boundedMap(z.string().max(1024), 32, 253).optional().describe('Further annotations of the pod.'),
    nodeSelector: podLabels.optional().describe('Further node labels to require.'),
    requests: quantities.optional().describe('Resource requests of the worker.'),
    limits: quantities.optional().describe('Resource limits of the worker.'),
    scratchSize: z.string().max(32).optional().describe('Size of the scratch volume, for example 50Gi.'),
    priorityClassName: z.string().max(253).optional().describe('PriorityClass of the pod.'),
    serviceAccountName: z.string().max(253).optional().describe('ServiceAccount of the pod.'),
  })
  .describe('Bounded changes to the pod of a stage.');

export const accelerations = ['Required', 'Preferred', 'Disabled'] as const;
export type Acceleration = (typeof accelerations)[number];

export const renderJobSpec = withRules(
  z
    .strictObject({
      inputs: z
        .array(input)
        .min(1)
        .max(bounds.inputs)
        .describe('Files to work on; the first is the start of the timeline.'),
      operations: z
        .array(operation)
        .max(bounds.operations)
        .optional()
        .describe('What to do, in order; an empty list encodes to what output asks for.'),
      output: output.optional(),
      acceleration: z
        .enum(accelerations)
        .optional()
        .describe('Whether an Intel GPU must, should (the default) or must not encode.'),
      pool: labelValue.optional().describe('Pool of nodes to use; chosen by the operator when absent.'),
      queue: labelValue.optional().describe('Kueue queue to go through.'),
      priority: z.int().min(-100).max(100).optional().describe('Higher goes first; 0 when absent.'),
      suspend: z.boolean().optional().describe('true keeps the job from running, and ends a running attempt.'),
      cancelled: z.boolean().optional().describe('true ends the job for good; it cannot be taken back.'),
      timeoutSeconds: z
        .int()
        .min(1)
        .max(bounds.timelineSeconds)
        .optional()
        .describe('Longest time of one attempt; 6 hours when absent.'),
      retry: retry.optional(),
      ttlSecondsAfterFinished: z
        .int()
        .min(0)
        .max(31_536_000)
        .optional()
        .describe('Seconds after the end until job and files are removed; 7 days when absent.'),
      webhook: webhook.optional(),
      podTemplate: podTemplate.optional(),
      managedBy: z
        .string()
        .max(63)
        .optional()
        .describe('Name of the controller in charge; another than framewright.dev/operator leaves the job alone.'),
    })
    .describe('What to render.'),
  [
    {
      cel: 'self.inputs.all(i, self.inputs.exists_one(j, j.name == i.name))',
      message: 'names of inputs must differ',
      holds: ({ inputs }) => new Set(inputs.map(({ name }) => name)).size === inputs.length,
      path: ['inputs'],
    },
    {
      // Unknown names in merge lists are found by the worker too; CEL's cost budget does not allow three nested lists.
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
    type: z.enum(conditionTypes).describe('What the condition is about.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
    reason: z.string().max(64).describe('One word why.'),
    message: z.string().max(bounds.message).describe('One sentence why.'),
    lastTransitionTime: timestamp.describe('When it last changed.'),
    observedGeneration: z.int().min(0).optional().describe('Generation of the spec that it is about.'),
  })
  .describe('One aspect of the state of the job.');

const attempt = z
  .strictObject({
    number: z.int().min(1).describe('Number of the attempt, from 1.'),
    jobName: z.string().max(253).optional().describe('Name of the Kubernetes Job of the present stage.'),
    podName: z.string().max(253).optional().describe('Name of its pod.'),
    pool: z.string().max(63).optional().describe('Pool that it was admitted to.'),
    node: z.string().max(253).optional().describe('Node or machine that ran it.'),
    acceleration: accelerationReport.optional(),
    startedAt: timestamp.optional().describe('When it started to run.'),
    finishedAt: timestamp.optional().describe('When it ended.'),
    exitCode: z.int().optional().describe('Exit code of the worker.'),
    outcome: z
      .enum(['Succeeded', 'Failed', 'Disrupted', 'Cancelled', 'Suspended'])
      .optional()
      .describe('How it ended; disrupted ones do not count towards the retry limit.'),
    code: z.string().max(40).optional().describe('Error code.'),
    reason: z.string().max(bounds.message).optional().describe('One sentence why it ended so.'),
  })
  .describe('One attempt.');

export const renderJobStatus = z
  .strictObject({
    phase: z.enum(phases).describe('Queued, Starting, Running, Succeeded, Failed or Cancelled.'),
    reason: z.enum(reasons).describe('One word: why the job waits, runs or ended.'),
    message: z.string().max(bounds.message).describe('One sentence: why the job waits, runs or ended.'),
    type: z.string().max(40).optional().describe('The operations in short.'),
    observedGeneration: z.int().min(0).optional().describe('Generation of the spec that this status is about.'),
    attempt: z.int().min(1).describe('Number of the present attempt.'),
    failures: z.int().min(0).describe('Attempts that failed and count towards the retry limit.'),
    disruptions: z.int().min(0).describe('Attempts that were lost through no fault of the job.'),
    queuedAt: timestamp.optional().describe('When the job was first seen.'),
    startedAt: timestamp.optional().describe('When the first attempt started to run.'),
    finishedAt: timestamp.optional().describe('When the job ended.'),
    nextAttemptAt: timestamp.optional().describe('When the next attempt may start.'),
    progress: progress.optional(),
    conditions: z.array(condition).max(bounds.conditions).optional().describe('The state in aspects.'),
    attempts: z.array(attempt).max(bounds.attemptsKept).optional().describe('The latest attempts, oldest first.'),
    result: z
      .strictObject({
        outputs: z.array(outputFile).max(bounds.outputs).describe('Published files.'),
        acceleration: accelerationReport.optional(),
        precision: precisionReport.optional(),
        checks: z.array(contractCheck).max(32).optional().describe('Checks that the outputs passed.'),
        speed: z.number().min(0).optional().describe('Seconds of output made per second of encoding.'),
        encodeSeconds: z.number().min(0).optional().describe('Seconds that FFmpeg ran.'),
        processes: z.int().min(0).optional().describe('Number of FFmpeg processes.'),
        report: z.string().max(255).optional().describe('Key of the full report.'),
        captions: z.array(caption).max(bounds.captions).optional().describe('Captions of a transcription.'),
      })
      .optional()
      .describe('What came out.'),
    error: jobError.optional(),
  })
  .describe('What the controller knows about the job.');

export type RenderJobStatus = z.infer<typeof renderJobStatus>;
export type Condition = z.infer<typeof condition>;
export type Attempt = z.infer<typeof attempt>;

export const objectMeta = z.object({
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

/** A RenderJob as a person writes it: without what the store adds, and without a status. */
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
