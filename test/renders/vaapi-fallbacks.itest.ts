import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StageSpec } from '../../src/model/job/stage.ts';
import { countFrames } from '../support/backend-jobs.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';
import { type Bench, createBench, makeClip, stageOf } from '../support/worker-harness.ts';
import { runWorkerOn, type WorkerRun } from '../support/worker-run.ts';

/** A trial has 30 frames: what fails later fails in a job alone, which has 50. */
const inJobs = 40;
const noSession = 'session@1=unsupported';
/** Fewer trials: two of H.264 and two of 8-bit HEVC. */
const few = ['va-av1', 'va-vp9', 'va-10bit'] as const;

describeOnSoftwareGpu('the fallback chain from Quick Sync over VA-API to the CPU', (gpus) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await createBench();
    await makeClip(join(bench.objects, 'clip.mp4'), 2);
  });
  afterEach(() => bench.close());

  /** A worker that detects what the GPU can do. */
  const run = async (
    faults: Faults,
    spec: Partial<StageSpec>,
  ): Promise<{ readonly ran: WorkerRun; readonly gpu: SoftwareGpu }> => {
    const gpu = await gpus.create(bench.dir, faults);
    const { tools, folders } = gpu;
    const ran = await runWorkerOn(bench, stageOf(spec), {
      FRAMEWRIGHT_FFMPEG: tools.ffmpeg,
      FRAMEWRIGHT_FFPROBE: tools.ffprobe,
      FRAMEWRIGHT_DRI_DIR: folders.dri,
      FRAMEWRIGHT_DRM_CLASS_DIR: folders.drmClass,
    });
    return { ran, gpu };
  };
  const reasons = ({ result }: WorkerRun): Record<string, string> =>
    Object.fromEntries(result.acceleration?.fallbacks.map(({ from, message }) => [from, message]) ?? []);
  const oneWholeOutput = async (ran: WorkerRun, gpu: SoftwareGpu): Promise<void> => {
    expect(ran.keys).toEqual(['uid-1-main.mp4']);
    expect(await countFrames(gpu.tools, ran.path())).toBe(50);
  };

  const lost = [
    ['is lost in mid-stream', `va-encode@${inJobs}=device-lost`, /Failed to end picture encode issue/],
    ['hangs in mid-stream', `va-sync@${inJobs}=gpu-hang`, /Failed to sync to output buffer completion/],
  ] as const;

  it.each(lost)('falls back to the CPU when VA-API %s, and publishes one whole output', async (_what, fault, said) => {
    const { ran, gpu } = await run({ fail: [noSession, fault], reject: few }, { acceleration: 'Preferred' });
    expect(ran.result).toMatchObject({ exitCode: 0, acceleration: { backend: 'software' } });
    const found = reasons(ran);
    for (const backend of ['qsv-full', 'qsv-encode']) expect(found[backend]).toMatch(/^no session on .*MFX session/);
    expect(found['vaapi']).toMatch(said);
    await oneWholeOutput(ran, gpu);
    // It had begun on the GPU.
    const closed = eventsOf(await gpu.trace(), 'va.encode.close');
    expect(closed.some(({ frames }) => frames > 30 && frames < 50)).toBe(true);
  });

  it.each(lost)('fails with a remedy when VA-API %s and a GPU is required', async (_what, fault, said) => {
    const { ran } = await run({ fail: [noSession, fault], reject: few }, { acceleration: 'Required' });
    expect(ran.status).not.toBe(0);
    expect(ran.result.error).toMatchObject({
      code: 'GPU_FAILED',
      message: expect.stringMatching(said) as unknown,
      remedy: expect.stringMatching(/\S/) as unknown,
    });
    expect(ran.keys).toEqual([]);
  });

  it('ends on the CPU where VA-API has no encoder either, with the reason for every backend', async () => {
    const { ran, gpu } = await run({ fail: [noSession], reject: ['va-encode'] }, { acceleration: 'Preferred' });
    expect(ran.result).toMatchObject({ exitCode: 0, acceleration: { backend: 'software' } });
    const found = reasons(ran);
    expect(Object.keys(found)).toEqual(['qsv-full', 'qsv-encode', 'vaapi']);
    for (const reason of Object.values(found)) expect(reason).toMatch(/MFX session|No usable encoding entrypoint/);
    await oneWholeOutput(ran, gpu);
  });

  it('fails with a remedy where VA-API has no encoder either and a GPU is required', async () => {
    const { ran } = await run({ fail: [noSession], reject: ['va-encode'] }, { acceleration: 'Required' });
    expect(ran.result.error).toMatchObject({
      code: 'GPU_UNAVAILABLE',
      message: expect.stringContaining('MFX session') as unknown,
      remedy: expect.stringMatching(/\S/) as unknown,
    });
    expect(ran.keys).toEqual([]);
  });

  it('names the codec that VA-API does not encode', async () => {
    const output = { container: 'mp4', video: { codec: 'av1', preset: 'performance' } } as const;
    const { ran } = await run({ fail: [noSession], reject: few }, { acceleration: 'Required', output });
    expect(ran.result.error).toMatchObject({
      code: 'GPU_UNAVAILABLE',
      message: expect.stringContaining('vaapi: no device encodes av1 with 8 bits here') as unknown,
    });
    expect(ran.keys).toEqual([]);
  });

  it('uses the full engine of VA-API where firmware for the low-power one is missing', async () => {
    const reject = [...few, 'nohuc'] as const;
    const output = { video: { bitrate: '1M', preset: 'performance' } } as const;
    const { ran, gpu } = await run({ fail: [noSession], reject }, { acceleration: 'Required', output });
    expect(ran.result).toMatchObject({ exitCode: 0, acceleration: { backend: 'vaapi' } });
    expect(eventsOf(await gpu.trace(), 'va.encode.init').at(-1)).toMatchObject({
      lowPower: false,
      rateControl: 'VBR',
      targetKbps: 1000,
    });
    await oneWholeOutput(ran, gpu);
  });
});
