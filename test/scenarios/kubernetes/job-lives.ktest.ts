import { writeFile } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { gpuNode } from '../../cluster/gpu-node.ts';
import {
  describeWithPlayedPods,
  failure,
  poolOn,
  silentNode,
  success,
  TestController,
  type TestControllerOptions,
} from './controller-on-cluster.ts';

const patience = { timeout: 90_000, interval: 100 };

// Every request about a job and every fault, once each on a real control plane.
describeWithPlayedPods('the life of a job on a cluster', (cluster) => {
  let stack = new AsyncDisposableStack();
  afterEach(async () => {
    await stack.disposeAsync();
    stack = new AsyncDisposableStack();
  });

  async function start(options: Omit<TestControllerOptions, 'pools'> = {}, silent = false): Promise<TestController> {
    const controller = stack.use(
      await TestController.start(cluster, { ...options, pools: (namespace) => [poolOn('gpu', `gpu-${namespace}`)] }),
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
  const untilDeleted = (controller: TestController, what: string): Promise<void> =>
    vi.waitFor(async () => expect(await controller.kubectl('get', what, '-o', 'name')).toBe(''), patience);

  it('is cancelled while it runs: its pod ends, and no other starts', async () => {
    const controller = await start();
    await controller.create('film');
    await controller.until('film', 'Running', 'Rendering');
    await controller.patch('film', { cancelled: true });
    const { status } = await controller.until('film', 'Cancelled', 'Cancelled');
    expect(status?.attempts).toMatchObject([{ number: 1, outcome: 'Cancelled' }]);
    await untilDeleted(controller, 'pods');
  });

  it('is suspended while it runs, returns to the queue, and resumes as another attempt', async () => {
    const controller = await start();
    await controller.create('film');
    await controller.until('film', 'Running', 'Rendering');
    await controller.patch('film', { suspend: true });
    await controller.until('film', 'Queued', 'Suspended');
    await untilDeleted(controller, 'pods');
    await controller.patch('film', { suspend: false });
    const { status } = await controller.until('film', 'Running', 'Rendering');
    expect(status).toMatchObject({ attempt: 2, failures: 0, attempts: [{ outcome: 'Suspended' }, { number: 2 }] });
  });

  it('is stopped at its time limit', async () => {
    const controller = await start({ policy: { timeoutSlackSeconds: 0 } });
    await controller.create('film', { timeoutSeconds: 1 });
    const { status } = await controller.until('film', 'Failed', 'DeadlineExceeded');
    expect(status?.message).toBe('DEADLINE_EXCEEDED: The attempt did not finish within 1 s.');
  });

  it('is retried up to its limit, except after an error that its rules exclude', async () => {
    const controller = await start({ policy: { backoffSeconds: 0.1 } });
    const podTemplate = failure(14, 'FFMPEG_FAILED', 'FFmpeg ended with 1.');
    await controller.create('twice', { retry: { limit: 1 }, podTemplate });
    const rules = [{ codes: ['FFMPEG_FAILED'], action: 'Fail' as const }];
    await controller.create('once', { retry: { limit: 1, rules }, podTemplate });
    const { status } = await controller.until('twice', 'Failed', 'RetriesExhausted');
    expect(status).toMatchObject({ attempt: 2, failures: 2, attempts: [{ code: 'FFMPEG_FAILED' }, { exitCode: 14 }] });
    expect((await controller.until('once', 'Failed', 'NotRetryable')).status).toMatchObject({ attempt: 1 });
  });

  it('prefers another node after the GPU of one has failed', async () => {
    const controller = await start({ policy: { backoffSeconds: 0.1 } });
    await controller.create('film', { retry: { limit: 1 }, podTemplate: failure(21, 'GPU_FAILED', 'The GPU hung.') });
    await controller.until('film', 'Failed', 'RetriesExhausted');
    const path = 'jsonpath={.spec.template.spec.affinity.nodeAffinity..values}';
    expect(await controller.kubectl('get', 'job', 'film-2-render', '-o', path)).toBe(
      `["node-${controller.namespace}"]`,
    );
  });

  it('is removed with its Jobs, pods and files when its retention time is over', async () => {
    const controller = await start();
    await controller.create('film', { ttlSecondsAfterFinished: 3, podTemplate: success });
    const { metadata } = await controller.until('film', 'Succeeded', 'Completed');
    const upload = await controller.objects.createUpload(`${metadata.uid}-1-main.mp4`);
    await writeFile(upload.path, 'a film');
    await controller.objects.publish(upload);
    await untilDeleted(controller, 'rj,jobs,pods');
    expect(await controller.objects.stat(upload.key)).toBeUndefined();
  });

  it('is deleted without its clean-up, with a message, when its files cannot be removed in time', async () => {
    const controller = await start({ policy: { cleanUpSeconds: 2 }, objects: unreachable });
    await controller.create('film', { podTemplate: success });
    await controller.until('film', 'Succeeded', 'Completed');
    await controller.kubectl('delete', 'rj', 'film', '--timeout=60s');
    const described = await vi.waitFor(async () => {
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
    expect(described).toContain('Files and runs of the job may remain: not done within 2 s.');
  });

  it('is deleted immediately when its annotation keeps its files', async () => {
    const controller = await start({ objects: unreachable });
    await controller.create('film', { podTemplate: success });
    await controller.until('film', 'Succeeded', 'Completed');
    await controller.kubectl('delete', 'rj', 'film', '--wait=false');
    await vi.waitFor(
      async () => expect((await controller.job('film'))?.metadata.deletionTimestamp).toBeDefined(),
      patience,
    );
    await controller.kubectl('annotate', 'rj', 'film', 'framewright.dev/skip-clean-up=true');
    await untilDeleted(controller, 'rj');
  });

  it('fails, uncharged, within the time limit of a start when its image cannot be pulled', async () => {
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

  it('reports why its namespace rejects its pod', async () => {
    const controller = await start();
    await controller.kubectl('create', 'quota', 'none', '--hard=pods=0');
    await controller.create('film');
    await vi.waitFor(
      async () => {
        // Looked at more often than it would be by itself.
        await controller.patch('film', { priority: Date.now() % 100 });
        const { status } = (await controller.job('film')) ?? {};
        expect(status?.reason).toBe('PodRejected');
        expect(status?.message).toMatch(/^Its pod cannot be created: Error creating: .*exceeded quota: none/);
      },
      { ...patience, interval: 1000 },
    );
  });

  it('waits while its Job is rejected, and fails at the time limit of a start', async () => {
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

  it('continues on another node when its node does not report the requested end', async () => {
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
          { outcome: 'Disrupted', reason: expect.stringContaining('has not reported its end') as unknown },
          {},
        ],
      });
    }, patience);
  });
});

/** An object store that is unavailable. */
const unreachable: NonNullable<TestControllerOptions['objects']> = (real) => ({
  ...real,
  list: () => {
    throw new Error('The object store cannot be reached');
  },
});
