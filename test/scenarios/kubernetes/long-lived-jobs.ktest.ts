import { afterAll, beforeAll, expect, it } from 'vitest';
import { withinSize } from '../../../src/controller/reconcile/status-size.ts';
import { bounds } from '../../../src/model/job/bounds.ts';
import type { RenderJobSpec } from '../../../src/model/job/render-job.ts';
import { gpuNode } from '../../cluster/gpu-node.ts';
import { aStatus } from '../../support/jobs.ts';
import {
  describeWithPlayedPods,
  failure,
  poolOn,
  silentNode,
  success,
  TestController,
} from './controller-on-cluster.ts';

// What kubectl shows of a job, one situation each. SHOW_DESCRIBE=1 prints all of it.

interface Situation {
  readonly name: string;
  readonly when: string;
  readonly spec: Partial<RenderJobSpec>;
  /** What a kubelet says of the pod. */
  readonly pod?: object;
  readonly becomes: readonly [phase: string, reason: string];
  /** In `kubectl describe`. */
  readonly says: readonly RegExp[];
}

const waitingPod = (reason: string, message: string): object => ({
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'worker',
      image: 'w',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason, message } },
    },
  ],
});
const endedPod = (more: object, terminated?: object): object => ({
  phase: 'Failed',
  ...more,
  containerStatuses: [
    {
      name: 'worker',
      image: 'w',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: terminated === undefined ? {} : { terminated },
    },
  ],
});
const at = { startedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:09Z' };
const notFound = 'registry.example.com/framewright-worker:1: not found';

const situations: readonly Situation[] = [
  {
    name: 'no-slot',
    when: 'all slots are in use',
    spec: { pool: 'busy' },
    becomes: ['Queued', 'WaitingForSlot'],
    says: [/Waiting for a free GPU slot in pool busy: 1 of 1 are in use and this job is next; more GPU nodes/],
  },
  {
    name: 'no-gpu',
    when: 'a GPU is required and no node has one',
    spec: { pool: 'empty', acceleration: 'Required' },
    becomes: ['Queued', 'WaitingForGpu'],
    says: [
      /usable GPU node in pool empty: none of its nodes offers gpu.intel.com\/i915; acceleration: Preferred would/,
    ],
  },
  {
    name: 'no-pool',
    when: 'its pool does not exist',
    spec: { pool: 'arc' },
    becomes: ['Queued', 'NoSuchPool'],
    says: [/spec\.pool is arc, which does not exist; existing pools: empty, busy, open, cpu, played\./, /Accepted/],
  },
  {
    name: 'no-kueue',
    when: 'it goes through a queue and Kueue is not configured',
    spec: { queue: 'films' },
    becomes: ['Queued', 'QueueNotConfigured'],
    says: [/spec\.queue is films, and this operator is not configured for Kueue; remove spec\.queue/],
  },
  {
    name: 'unschedulable',
    when: 'its pod cannot be scheduled',
    spec: { pool: 'open', podTemplate: { nodeSelector: { disk: 'optane' } } },
    becomes: ['Starting', 'Unschedulable'],
    says: [/Its pod cannot be scheduled yet: \d+\/\d+ nodes are available: .*affinity\/selector\.$/m],
  },
  {
    name: 'no-image',
    when: 'its image cannot be pulled',
    spec: { pool: 'open' },
    pod: waitingPod('ErrImagePull', notFound),
    becomes: ['Starting', 'ImagePullFailed'],
    says: [/The image registry\S+ cannot be pulled on silent-\S+: registry\S+ not found/, /Warning\s+ImagePullFailed/],
  },
  {
    name: 'no-secret',
    when: 'its container cannot be created',
    spec: { pool: 'open' },
    pod: waitingPod('CreateContainerConfigError', 'secret "s3" not found'),
    becomes: ['Starting', 'ContainerNotStarted'],
    says: [/Its container cannot be started on silent-\S+: CreateContainerConfigError: secret "s3" not found/],
  },
  {
    name: 'out-of-memory',
    when: 'its worker used too much memory',
    spec: { pool: 'open', retry: { limit: 0 } },
    pod: endedPod({}, { exitCode: 137, reason: 'OOMKilled', ...at }),
    becomes: ['Failed', 'RetriesExhausted'],
    says: [
      /more memory than its limit of 2Gi \(OOMKilled\)/,
      /Remedy:\s+Raise limits\.memory of the pool/,
      /Outcome:\s+Failed/,
    ],
  },
  {
    name: 'evicted',
    when: 'its node was low on memory, and it continues with an uncharged attempt',
    spec: { pool: 'open', retry: { limit: 0 } },
    pod: endedPod({ reason: 'Evicted', message: 'The node was low on resource: memory.' }),
    becomes: ['Starting', 'Starting'],
    says: [/Evicted: The node was low on resource: memory/, /Outcome:\s+Disrupted/, /Attempt:\s+2/],
  },
  {
    name: 'no-admission',
    when: 'its node was restarted before it had a GPU',
    spec: { pool: 'open', retry: { limit: 0 } },
    pod: endedPod({ reason: 'UnexpectedAdmissionError', message: 'Allocate failed: no healthy devices present.' }),
    becomes: ['Starting', 'Starting'],
    says: [/UnexpectedAdmissionError: Allocate failed/, /Outcome:\s+Disrupted/],
  },
  {
    name: 'bad-input',
    when: 'its input is not a video',
    spec: { pool: 'played', podTemplate: failure(41, 'INPUT_INVALID', 'Expected a media file, got text.') },
    becomes: ['Failed', 'NotRetryable'],
    says: [/INPUT_INVALID: Expected a media file, got text\./, /Warning\s+NotRetryable/],
  },
  {
    name: 'done',
    when: 'it is done',
    spec: { pool: 'played', podTemplate: success },
    becomes: ['Succeeded', 'Completed'],
    says: [/Rendered on qsv-full at 12\.5 times real time; all outputs passed their checks\./, /Normal\s+Completed/],
  },
  {
    name: 'suspended',
    when: 'it is suspended',
    spec: { suspend: true },
    becomes: ['Queued', 'Suspended'],
    says: [/spec\.suspend is true; set it to false to let the job run\./],
  },
];

describeWithPlayedPods('what kubectl shows of a job', (cluster) => {
  const stack = new AsyncDisposableStack();
  let controller: TestController;
  let nodes: readonly string[] = [];
  beforeAll(async () => {
    controller = stack.use(
      await TestController.start(cluster, {
        pools: (namespace) => [
          poolOn('empty', `empty-${namespace}`),
          poolOn('busy', `busy-${namespace}`),
          poolOn('open', `open-${namespace}`),
          poolOn('cpu', `cpu-${namespace}`, { allocation: { type: 'None' }, maxConcurrent: 5 }),
          poolOn('played', `played-${namespace}`),
        ],
      }),
    );
    const { namespace } = controller;
    nodes = [`busy-${namespace}`, `silent-${namespace}`, `played-${namespace}`];
    await silentNode(cluster, `busy-${namespace}`, { pool: `busy-${namespace}`, slots: 1 });
    await silentNode(cluster, `silent-${namespace}`, { pool: `open-${namespace}` });
    const labels = { 'test.framewright.dev/pool': `played-${namespace}` };
    await cluster.apply(gpuNode(`played-${namespace}`, { labels }));
    await controller.create('holder', { pool: 'busy' });
    await controller.until('holder', 'Starting', 'Starting');
  });
  afterAll(async () => {
    await stack.disposeAsync();
    if (nodes.length > 0) await cluster.run(['delete', 'nodes', ...nodes, '--ignore-not-found', '--wait=false']);
  });

  it.each(situations)('$name: $when', async ({ name, spec, pod, becomes, says }) => {
    await controller.create(name, spec);
    if (pod !== undefined) await controller.setPodStatus(await controller.pod(name), pod);
    await controller.until(name, ...becomes);
    const described = await controller.describe(name);
    if (process.env['SHOW_DESCRIBE'] !== undefined) console.info(described.slice(described.indexOf('Status:')));
    for (const words of says) expect(described).toMatch(words);
  });

  it('is one line per job in a list', async () => {
    const list = await controller.kubectl('get', 'rj', '-o', 'wide');
    if (process.env['SHOW_DESCRIBE'] !== undefined) console.info(list);
    const [head, ...lines] = list.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +PHASE +TYPE +PROGRESS .*REASON +POSITION +MESSAGE +AGE$/);
    expect(lines.find((line) => line.startsWith('no-slot '))).toMatch(
      /Queued .*WaitingForSlot +0 +Waiting for a free GPU slot/,
    );
    expect(lines.find((line) => line.startsWith('done '))).toMatch(/Succeeded .* 100 .*Completed/);
  });

  it('accepts the longest history of a job, cut to size', async () => {
    // The job of another controller: only this test writes its status.
    await controller.create('long', { managedBy: 'example.com/other' });
    const job = await controller.job('long');
    const words = 'é\u0001🎬"'.repeat(200);
    const attempts = Array.from({ length: bounds.attemptsKept }, (_, index) => ({
      number: index + 1,
      node: 'n'.repeat(253),
      reason: words,
    }));
    const error = { code: 'FFMPEG_FAILED' as const, message: words, remedy: words, stderrTail: words + words };
    const status = withinSize({ ...aStatus({ message: words, attempts, error }), attempt: 10, phase: 'Running' });
    const written = await controller.store.writeStatus(
      { namespace: controller.namespace, name: 'long' },
      job?.metadata.resourceVersion ?? '',
      status,
    );
    // Not a character of it became another, or it would be written again and again.
    expect(written.status).toEqual(status);
  });
});
