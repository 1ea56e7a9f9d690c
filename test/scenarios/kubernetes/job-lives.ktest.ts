import { writeFile } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import {
  Brain,
  type BrainOptions,
  describeWithPlayedPods,
  failure,
  poolOn,
  silentNode,
  success,
} from './controller-on-cluster.ts';

const patience = { timeout: 90_000, interval: 100 };

// What a person can wish of a job, and what befalls it, once each on a real control plane.
describeWithPlayedPods('the life of a job on a cluster', (cluster) => {
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });

  async function start(options: Omit<BrainOptions, 'pools'> = {}, silent = false): Promise<Brain> {
    const brain = stack.use(
      await Brain.start(cluster, { ...options, pools: (namespace) => [poolOn('gpu', `gpu-${namespace}`)] }),
    );
    const name = `node-${brain.namespace}`;
    const pool = `gpu-${brain.namespace}`;
    stack.defer(async () => {
      await cluster.run(['delete', 'node', name, '--ignore-not-found', '--wait=false']);
    });
    if (silent) await silentNode(cluster, name, { pool });
    else await cluster.apply(gpuNode(name, { labels: { 'test.framewright.dev/pool': pool } }));
    return brain;
  }
  const gone = (brain: Brain, what: string): Promise<void> =>
    vi.waitFor(async () => expect(await brain.kubectl('get', what, '-o', 'name')).toBe(''), patience);

  it('is cancelled while it runs: its pod ends, nothing follows', async () => {
    const brain = await start();
    await brain.create('film');
    await brain.until('film', 'Running', 'Rendering');
    await brain.wish('film', { cancelled: true });
    const { status } = await brain.until('film', 'Cancelled', 'Cancelled');
    expect(status?.attempts).toMatchObject([{ number: 1, outcome: 'Cancelled' }]);
    await gone(brain, 'pods');
  });

  it('is suspended while it runs, goes back to the queue, and resumes as another attempt', async () => {
    const brain = await start();
    await brain.create('film');
    await brain.until('film', 'Running', 'Rendering');
    await brain.wish('film', { suspend: true });
    await brain.until('film', 'Queued', 'Suspended');
    await gone(brain, 'pods');
    await brain.wish('film', { suspend: false });
    const { status } = await brain.until('film', 'Running', 'Rendering');
    expect(status).toMatchObject({ attempt: 2, failures: 0, attempts: [{ outcome: 'Suspended' }, { number: 2 }] });
  });

  it('is ended when it takes longer than it may', async () => {
    const brain = await start({ policy: { timeoutSlackSeconds: 0 } });
    await brain.create('film', { timeoutSeconds: 1 });
    const { status } = await brain.until('film', 'Failed', 'DeadlineExceeded');
    expect(status?.message).toBe('DEADLINE_EXCEEDED: Expected the attempt to end within 1 s, it did not.');
  });

  it('is tried again as often as it says, and not after a rule of its own says otherwise', async () => {
    const brain = await start({ policy: { backoffSeconds: 0.1 } });
    const podTemplate = failure(14, 'FFMPEG_FAILED', 'FFmpeg ended with 1.');
    await brain.create('twice', { retry: { limit: 1 }, podTemplate });
    const rules = [{ codes: ['FFMPEG_FAILED'], action: 'Fail' as const }];
    await brain.create('once', { retry: { limit: 1, rules }, podTemplate });
    const { status } = await brain.until('twice', 'Failed', 'RetriesExhausted');
    expect(status).toMatchObject({ attempt: 2, failures: 2, attempts: [{ code: 'FFMPEG_FAILED' }, { exitCode: 14 }] });
    expect((await brain.until('once', 'Failed', 'NotRetryable')).status).toMatchObject({ attempt: 1 });
  });

  it('goes to another node after the GPU of one has failed, where there is another', async () => {
    const brain = await start({ policy: { backoffSeconds: 0.1 } });
    await brain.create('film', { retry: { limit: 1 }, podTemplate: failure(21, 'GPU_FAILED', 'The GPU hung.') });
    await brain.until('film', 'Failed', 'RetriesExhausted');
    const path = 'jsonpath={.spec.template.spec.affinity.nodeAffinity..values}';
    expect(await brain.kubectl('get', 'job', 'film-2-render', '-o', path)).toBe(`["node-${brain.namespace}"]`);
  });

  it('is removed with its Jobs, pods and files when its retention time is over', async () => {
    const brain = await start();
    await brain.create('film', { ttlSecondsAfterFinished: 3, podTemplate: success });
    const { metadata } = await brain.until('film', 'Succeeded', 'Completed');
    const upload = await brain.objects.createUpload(`${metadata.uid}-1-main.mp4`);
    await writeFile(upload.path, 'a film');
    await brain.objects.publish(upload);
    await gone(brain, 'rj,jobs,pods');
    expect(await brain.objects.stat(upload.key)).toBeUndefined();
  });

  it('goes without its clean-up when its files cannot be removed for too long, and says so', async () => {
    const brain = await start({ policy: { cleanUpSeconds: 2 }, objects: unreachable });
    await brain.create('film', { podTemplate: success });
    await brain.until('film', 'Succeeded', 'Completed');
    await brain.kubectl('delete', 'rj', 'film', '--timeout=60s');
    const told = await vi.waitFor(async () => {
      const events = await brain.kubectl(
        'get',
        'events',
        '-o',
        'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
      );
      expect(events).toContain('CleanUpFailing');
      expect(events).toContain('CleanUpGivenUp');
      return events;
    }, patience);
    expect(told).toContain('Files and runs of the job may be left behind: not done within 2 s.');
  });

  it('goes at once when a person says that its files may stay', async () => {
    const brain = await start({ objects: unreachable });
    await brain.create('film', { podTemplate: success });
    await brain.until('film', 'Succeeded', 'Completed');
    await brain.kubectl('delete', 'rj', 'film', '--wait=false');
    await vi.waitFor(async () => expect((await brain.job('film'))?.metadata.deletionTimestamp).toBeDefined(), patience);
    await brain.kubectl('annotate', 'rj', 'film', 'framewright.dev/skip-clean-up=true');
    await gone(brain, 'rj');
  });

  it('fails within the time that a start may take when its image cannot be pulled, and is not charged for it', async () => {
    const brain = await start({ policy: { cannotStartSeconds: 1 } }, true);
    await brain.create('film', { retry: { limit: 0 } });
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "worker:1"' };
    const worker = { name: 'worker', image: 'w', imageID: '', ready: false, restartCount: 0, state: { waiting } };
    for (const attempt of [1, 2]) {
      const pod = await brain.pod('film', attempt);
      await brain.say(pod, { phase: 'Pending', containerStatuses: [worker] });
      await vi.waitFor(async () => {
        expect(await brain.kubectl('get', 'pod', pod, '-o', 'jsonpath={.metadata.deletionTimestamp}')).not.toBe('');
      }, patience);
      await brain.kubectl('delete', 'pod', pod, '--force', '--grace-period=0', '--ignore-not-found');
    }
    const { status } = await brain.until('film', 'Failed', 'StartFailed');
    expect(status).toMatchObject({
      failures: 0,
      disruptions: 2,
      error: {
        code: 'IMAGE_UNAVAILABLE',
        message: expect.stringMatching(/cannot be pulled on .* \(given up after 1 s\)/) as unknown,
      },
    });
  });

  it('says why its namespace lets no pod be made', async () => {
    const brain = await start();
    await brain.kubectl('create', 'quota', 'none', '--hard=pods=0');
    await brain.create('film');
    await vi.waitFor(
      async () => {
        // Looked at more often than it would be by itself.
        await brain.wish('film', { priority: Date.now() % 100 });
        const { status } = (await brain.job('film')) ?? {};
        expect(status?.reason).toBe('PodRejected');
        expect(status?.message).toMatch(/^Its pod cannot be created: Error creating: .*exceeded quota: none/);
      },
      { ...patience, interval: 1000 },
    );
  });

  it('waits when its Job is refused, and fails when it never could be made', async () => {
    const brain = await start();
    await brain.kubectl('create', 'quota', 'none', '--hard=count/jobs.batch=0');
    await brain.kubectl('wait', 'quota/none', '--for=jsonpath={.status.hard}', '--timeout=60s');
    await brain.create('quota');
    const { status } = await brain.until('quota', 'Queued', 'JobRejected');
    expect(status?.message).toMatch(/tried again every 30 s: .*exceeded quota: none/);
    await brain.kubectl('delete', 'quota', 'none');
    await brain.create('odd', { podTemplate: { limits: { memory: 'much' } } });
    expect((await brain.until('odd', 'Failed', 'NotRetryable')).status?.error).toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining('quantities must match') as unknown,
    });
  });

  it('goes on elsewhere when its node says nothing of the end that was asked for', async () => {
    const brain = await start({ policy: { nodeSilenceSeconds: 1 } }, true);
    await brain.create('film', { retry: { limit: 0 } });
    const pod = await brain.pod('film');
    const state = { running: { startedAt: new Date().toISOString() } };
    const worker = { name: 'worker', image: 'w', imageID: '', ready: true, restartCount: 0, state };
    await brain.say(pod, { phase: 'Running', containerStatuses: [worker] });
    await brain.until('film', 'Running', 'Rendering');
    await brain.kubectl('delete', 'pod', pod, '--grace-period=1', '--wait=false');
    await vi.waitFor(async () => {
      expect((await brain.job('film'))?.status).toMatchObject({
        attempt: 2,
        disruptions: 1,
        attempts: [
          { outcome: 'Disrupted', reason: expect.stringContaining('has not said that it did') as unknown },
          {},
        ],
      });
    }, patience);
  });
});

/** A place for objects that is away. */
const unreachable: NonNullable<BrainOptions['objects']> = (real) => ({
  ...real,
  list: () => {
    throw new Error('The object store cannot be reached');
  },
});
