import { writeFile } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import {
  ClusterController,
  type ClusterControllerOptions,
  describeWithPlayedPods,
  failure,
  poolOn,
  silentNode,
  success,
} from './controller-on-cluster.ts';

const patience = { timeout: 90_000, interval: 100 };

// Each change that a client can request and each failure, once on a real control plane.
describeWithPlayedPods('the life of a job on a cluster', (cluster) => {
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });

  async function start(
    options: Omit<ClusterControllerOptions, 'pools'> = {},
    silent = false,
  ): Promise<ClusterController> {
    const controller = stack.use(
      await ClusterController.start(cluster, { ...options, pools: (namespace) => [poolOn('gpu', `gpu-${namespace}`)] }),
    );
    const name = `node-${controller.namespace}`;
    const pool = `gpu-${controller.namespace}`;
    stack.defer(async () => {
      await cluster.run(['delete', 'node', name, '--ignore-not-found', '--wait=false']);
    });
    if (silent) await silentNode(cluster, name, { pool });
    else await cluster.apply(gpuNode(name, { labels: { 'test.framewright.dev/pool': pool } }));
    return controller;
  }
  const gone = (controller: ClusterController, what: string): Promise<void> =>
    vi.waitFor(async () => expect(await controller.kubectl('get', what, '-o', 'name')).toBe(''), patience);

  it('is cancelled while it runs: its pod ends, and no attempt follows', async () => {
    const controller = await start();
    await controller.create('film');
    await controller.until('film', 'Running', 'Rendering');
    await controller.patch('film', { cancelled: true });
    const { status } = await controller.until('film', 'Cancelled', 'Cancelled');
    expect(status?.attempts).toMatchObject([{ number: 1, outcome: 'Cancelled' }]);
    await gone(controller, 'pods');
  });

  it('is suspended while it runs, is queued again, and resumes as another attempt', async () => {
    const controller = await start();
    await controller.create('film');
    await controller.until('film', 'Running', 'Rendering');
    await controller.patch('film', { suspend: true });
    await controller.until('film', 'Queued', 'Suspended');
    await gone(controller, 'pods');
    await controller.patch('film', { suspend: false });
    const { status } = await controller.until('film', 'Running', 'Rendering');
    expect(status).toMatchObject({ attempt: 2, failures: 0, attempts: [{ outcome: 'Suspended' }, { number: 2 }] });
  });

  it('is stopped when it exceeds its timeout', async () => {
    const controller = await start({ policy: { timeoutSlackSeconds: 0 } });
    await controller.create('film', { timeoutSeconds: 1 });
    const { status } = await controller.until('film', 'Failed', 'DeadlineExceeded');
    expect(status?.message).toBe('DEADLINE_EXCEEDED: The attempt did not finish within 1 s.');
  });

  it('is retried up to its limit, and not after an error that its own rules exclude', async () => {
    const controller = await start({ policy: { backoffSeconds: 0.1 } });
    const podTemplate = failure(14, 'FFMPEG_FAILED', 'FFmpeg ended with 1.');
    await controller.create('twice', { retry: { limit: 1 }, podTemplate });
    const rules = [{ codes: ['FFMPEG_FAILED'], action: 'Fail' as const }];
    await controller.create('once', { retry: { limit: 1, rules }, podTemplate });
    const { status } = await controller.until('twice', 'Failed', 'RetriesExhausted');
    expect(status).toMatchObject({ attempt: 2, failures: 2, attempts: [{ code: 'FFMPEG_FAILED' }, { exitCode: 14 }] });
    expect((await controller.until('once', 'Failed', 'NotRetryable')).status).toMatchObject({ attempt: 1 });
  });

  it('runs on another node after the GPU of one has failed', async () => {
    const controller = await start({ policy: { backoffSeconds: 0.1 } });
    await controller.create('film', { retry: { limit: 1 }, podTemplate: failure(21, 'GPU_FAILED', 'The GPU hung.') });
    await controller.until('film', 'Failed', 'RetriesExhausted');
    const path = 'jsonpath={.spec.template.spec.affinity.nodeAffinity..values}';
    expect(await controller.kubectl('get', 'job', 'film-2-render', '-o', path)).toBe(
      `["node-${controller.namespace}"]`,
    );
  });

  it('is removed with its Jobs, pods and files when its retention time has ended', async () => {
    const controller = await start();
    await controller.create('film', { ttlSecondsAfterFinished: 3, podTemplate: success });
    const { metadata } = await controller.until('film', 'Succeeded', 'Completed');
    const upload = await controller.objects.createUpload(`${metadata.uid}-1-main.mp4`);
    await writeFile(upload.path, 'a film');
    await controller.objects.publish(upload);
    await gone(controller, 'rj,jobs,pods');
    expect(await controller.objects.stat(upload.key)).toBeUndefined();
  });

  it('is removed without its clean-up when that has failed for too long, with an event', async () => {
    const controller = await start({ policy: { cleanUpSeconds: 2 }, objects: unreachable });
    await controller.create('film', { podTemplate: success });
    await controller.until('film', 'Succeeded', 'Completed');
    await controller.kubectl('delete', 'rj', 'film', '--timeout=60s');
    const messages = await vi.waitFor(async () => {
      const events = await controller.kubectl(
        'get',
        'events',
        '-o',
        'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
      );
      expect(events).toContain('CleanUpFailing');
      expect(events).toContain('CleanUpGivenUp');
      return events;
    }, patience);
    expect(messages).toContain('Files and runs of the job may remain: not done within 2 s.');
  });

  it('is removed immediately when an annotation says that its files stay', async () => {
    const controller = await start({ objects: unreachable });
    await controller.create('film', { podTemplate: success });
    await controller.until('film', 'Succeeded', 'Completed');
    await controller.kubectl('delete', 'rj', 'film', '--wait=false');
    await vi.waitFor(
      async () => expect((await controller.job('film'))?.metadata.deletionTimestamp).toBeDefined(),
      patience,
    );
    await controller.kubectl('annotate', 'rj', 'film', 'framewright.dev/skip-clean-up=true');
    await gone(controller, 'rj');
  });

  it('fails within the start limit when its image cannot be pulled, and is not charged for it', async () => {
    const controller = await start({ policy: { cannotStartSeconds: 1 } }, true);
    await controller.create('film', { retry: { limit: 0 } });
    const waiting = { reason: 'ImagePullBackOff', message: 'Back-off pulling image "worker:1"' };
    const worker = { name: 'worker', image: 'w', imageID: '', ready: false, restartCount: 0, state: { waiting } };
    for (const attempt of [1, 2]) {
      const pod = await controller.pod('film', attempt);
      await controller.setPodStatus(pod, { phase: 'Pending', containerStatuses: [worker] });
      await vi.waitFor(async () => {
        expect(await controller.kubectl('get', 'pod', pod, '-o', 'jsonpath={.metadata.deletionTimestamp}')).not.toBe(
          '',
        );
      }, patience);
      await controller.kubectl('delete', 'pod', pod, '--force', '--grace-period=0', '--ignore-not-found');
    }
    const { status } = await controller.until('film', 'Failed', 'StartFailed');
    expect(status).toMatchObject({
      failures: 0,
      disruptions: 2,
      error: {
        code: 'IMAGE_UNAVAILABLE',
        message: expect.stringMatching(/cannot be pulled on .* \(given up after 1 s\)/) as unknown,
      },
    });
  });

  it('explains why its pod is rejected', async () => {
    const controller = await start();
    await controller.kubectl('create', 'quota', 'none', '--hard=pods=0');
    await controller.create('film');
    await vi.waitFor(
      async () => {
        // Observed more often than without a change.
        await controller.patch('film', { priority: Date.now() % 100 });
        const { status } = (await controller.job('film')) ?? {};
        expect(status?.reason).toBe('PodRejected');
        expect(status?.message).toMatch(/^Its pod cannot be created: Error creating: .*exceeded quota: none/);
      },
      { ...patience, interval: 1000 },
    );
  });

  it('waits when its Job is rejected for now, and fails when it is rejected for good', async () => {
    const controller = await start();
    await controller.kubectl('create', 'quota', 'none', '--hard=count/jobs.batch=0');
    await controller.kubectl('wait', 'quota/none', '--for=jsonpath={.status.hard}', '--timeout=60s');
    await controller.create('quota');
    const { status } = await controller.until('quota', 'Queued', 'JobRejected');
    expect(status?.message).toMatch(/is retried every 30 s: .*exceeded quota: none/);
    await controller.kubectl('delete', 'quota', 'none');
    await controller.create('odd', { podTemplate: { limits: { memory: 'much' } } });
    expect((await controller.until('odd', 'Failed', 'NotRetryable')).status?.error).toMatchObject({
      code: 'SPEC_INVALID',
      message: expect.stringContaining('quantities must match') as unknown,
    });
  });

  it('runs on another node when its node does not report a requested end', async () => {
    const controller = await start({ policy: { nodeSilenceSeconds: 1 } }, true);
    await controller.create('film', { retry: { limit: 0 } });
    const pod = await controller.pod('film');
    const state = { running: { startedAt: new Date().toISOString() } };
    const worker = { name: 'worker', image: 'w', imageID: '', ready: true, restartCount: 0, state };
    await controller.setPodStatus(pod, { phase: 'Running', containerStatuses: [worker] });
    await controller.until('film', 'Running', 'Rendering');
    await controller.kubectl('delete', 'pod', pod, '--grace-period=1', '--wait=false');
    await vi.waitFor(async () => {
      expect((await controller.job('film'))?.status).toMatchObject({
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

/** An object store that is unavailable. */
const unreachable: NonNullable<ClusterControllerOptions['objects']> = (real) => ({
  ...real,
  list: () => {
    throw new Error('The object store cannot be reached');
  },
});
