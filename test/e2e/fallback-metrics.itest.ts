import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { gpuEnvironment } from '../support/gpu-environment.ts';
import { describeOnSoftwareGpu, type Faults } from '../support/software-gpu.ts';
import { Standalone } from '../support/standalone.ts';
import { makeClip } from '../support/worker-harness.ts';

const job = z.object({
  metadata: z.object({ name: z.string() }),
  status: z
    .object({
      phase: z.string(),
      attempts: z.array(z.object({ acceleration: z.unknown().optional() })).optional(),
      error: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).optional(),
    })
    .optional(),
});
type Job = z.infer<typeof job>;

describeOnSoftwareGpu('a server whose jobs fall back to another backend', (gpus) => {
  let dir: string;
  let media: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-ladder-metrics-'));
    media = await mkdtemp(join(dir, 'media-'));
    await makeClip(join(media, 'clip.mp4'), 1);
  });
  afterAll(() => rm(dir, { recursive: true }));

  const serverOn = async (faults: Faults): Promise<Standalone> => {
    const gpu = await gpus.create(dir, faults);
    return Standalone.start({ mediaRoot: media, workers: 1, env: await gpuEnvironment(gpu, ['h264_qsv']) });
  };

  const render = async (server: Standalone, acceleration: string): Promise<Job> => {
    const made = await server.post('/apis/render-jobs', {
      inputs: [{ name: 'main', file: 'clip.mp4' }],
      output: { video: { codec: 'h264', bitrate: '1M', resolution: { height: 90 } } },
      acceleration,
      retry: { limit: 0 },
    });
    const { metadata } = job.parse(await made.json());
    for (;;) {
      const now = job.parse(await server.json(`/apis/render-jobs/${metadata.name}`));
      if (['Succeeded', 'Failed'].includes(now.status?.phase ?? '')) return now;
      await sleep(100);
    }
  };

  it('reports the backend and the cause of the fallback in the result, the logs and the metrics', async () => {
    await using server = await serverOn({ fail: ['decode-init@1=invalid-parameters'] });
    const { metadata, status } = await render(server, 'Required');
    expect(status).toMatchObject({
      phase: 'Succeeded',
      attempts: [
        {
          acceleration: {
            backend: 'qsv-encode',
            fallbacks: [
              {
                from: 'qsv-full',
                cause: 'unsupported-parameters',
                message: expect.stringContaining('invalid video parameters') as unknown,
              },
            ],
          },
        },
      ],
    });

    const log = await (await server.fetch(`/apis/render-jobs/${metadata.name}/logs`)).text();
    expect(log).toMatch(/"backend":"qsv-full".*"msg":"encoder backend failed, trying the next one"/);
    expect(log).toMatch(
      /"backend":"qsv-encode".*invalid video parameters.*"msg":"fell back to another encoder backend"/,
    );
    expect(server.output).toMatch(/"backend":"qsv-encode".*invalid video parameters.*"msg":"attempt ended"/);

    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    expect(metrics).toMatch(/^framewright_renders_total\{backend="qsv-encode",outcome="succeeded"\} 1$/m);
    expect(metrics).toMatch(
      /^framewright_encoder_fallbacks_total\{from="qsv-full",cause="unsupported-parameters"\} 1$/m,
    );
    // A restart of the process would start counting again; one reply more does not.
    expect(await (await fetch(new URL('/metrics', server.url))).text()).toMatch(
      /backend="qsv-encode",outcome="succeeded"\} 1$/m,
    );
  });

  it('counts what never came to a backend, and why none would do', async () => {
    await using server = await serverOn({ fail: ['session@1=unsupported'] });
    const required = await render(server, 'Required');
    expect(required.status).toMatchObject({
      phase: 'Failed',
      error: {
        code: 'GPU_UNAVAILABLE',
        message: expect.stringContaining('Error creating a MFX session') as unknown,
        remedy: expect.stringContaining('framewright probe') as unknown,
      },
    });
    expect((await render(server, 'Preferred')).status).toMatchObject({ phase: 'Succeeded' });
    const metrics = await (await fetch(new URL('/metrics', server.url))).text();
    expect(metrics).toMatch(/^framewright_renders_total\{backend="none",outcome="failed"\} 1$/m);
    expect(metrics).toMatch(/^framewright_renders_total\{backend="software",outcome="succeeded"\} 1$/m);
    expect(metrics).toMatch(/^framewright_encoder_fallbacks_total\{from="qsv-full",cause="no-session"\} 1$/m);
  });
});
