import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { RenderJobStatus } from '../../../src/model/job/render-job.ts';
import type { StageResult } from '../../../src/model/status/result.ts';
import { bareJob } from './bodies.ts';

/** What a worker leaves behind after a short edit. */
export function result(uid: string): StageResult {
  return {
    version: 1,
    exitCode: 0,
    outputs: [
      {
        name: 'main',
        kind: 'video',
        key: `${uid}-1-main.mp4`,
        mediaType: 'video/mp4',
        bytes: 1_000_000,
        durationSeconds: 4,
        width: 1920,
        height: 1080,
        videoCodec: 'h264',
        audioCodec: 'aac',
      },
    ],
    acceleration: { backend: 'qsv-full', fallbacks: [] },
    timings: { fetchSeconds: 0.5, encodeSeconds: 1, verifySeconds: 0.2, totalSeconds: 1.8, speed: 4 },
    processes: 1,
  };
}

/** The status of a job that is done, as the controller leaves it. */
export function succeeded(uid: string, name: string): RenderJobStatus {
  const at = new Date().toISOString();
  const { outputs = [], acceleration } = result(uid);
  const message = 'Rendered on qsv-full at 4.0 times real time; all outputs passed their checks.';
  const condition = (type: 'Accepted' | 'Admitted' | 'Running' | 'Complete', is: 'True' | 'False', reason: string) => ({
    type,
    status: is,
    reason,
    message: type === 'Complete' ? message : 'The job is well-formed and will be carried out.',
    lastTransitionTime: at,
    observedGeneration: 1,
  });
  return {
    phase: 'Succeeded',
    reason: 'Completed',
    message,
    type: 'trim',
    attempt: 1,
    failures: 0,
    disruptions: 0,
    queuedAt: at,
    startedAt: at,
    finishedAt: at,
    progress: { percent: 100, step: 'publishing', updatedAt: at },
    attempts: [
      {
        number: 1,
        jobName: `${name}-1-render`,
        podName: `${name}-1-render-abcde`,
        node: 'gpu-node-1',
        startedAt: at,
        finishedAt: at,
        exitCode: 0,
        outcome: 'Succeeded',
        reason: 'All outputs passed their checks.',
      },
    ],
    result: { outputs, ...(acceleration === undefined ? {} : { acceleration }), speed: 4 },
    observedGeneration: 1,
    conditions: [
      condition('Accepted', 'True', 'Accepted'),
      condition('Admitted', 'True', 'Admitted'),
      condition('Running', 'False', 'Ended'),
      condition('Complete', 'True', 'Completed'),
    ],
  };
}

const jobShape = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    ownerReferences: z.array(z.looseObject({ uid: z.string() })),
  }),
  spec: z.looseObject({
    template: z.looseObject({ metadata: z.looseObject({ labels: z.record(z.string(), z.string()) }) }),
  }),
});

/** Its Job, complete, as it is in etcd. */
export function finishedJob(index: number, renderJobUid: string): z.infer<typeof jobShape> {
  const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const made = bareJob(index, renderJobUid);
  const { metadata, spec, ...rest } = jobShape.parse(made);
  const condition = { type: 'Complete', status: 'True', lastProbeTime: at, lastTransitionTime: at };
  return {
    ...rest,
    metadata: { ...metadata, uid: randomUUID(), generation: 1, creationTimestamp: at },
    spec: {
      ...spec,
      completionMode: 'NonIndexed',
      suspend: false,
      manualSelector: false,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': renderJobUid } },
    },
    status: { conditions: [condition], startTime: at, completionTime: at, succeeded: 1, terminating: 0, ready: 0 },
  };
}
