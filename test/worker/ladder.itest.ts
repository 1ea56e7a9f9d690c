import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/local/system-clock.ts';
import type { Capabilities } from '../../src/media/capabilities.ts';
import { detectCapabilities } from '../../src/media/run/detect-capabilities.ts';
import type { StageResult } from '../../src/model/result.ts';
import type { StageSpec } from '../../src/model/stage.ts';
import { createAddressGuard } from '../../src/storage/address-guard.ts';
import { createDirectoryStore } from '../../src/storage/directory-store.ts';
import { dryRun } from '../../src/worker/dry-run.ts';
import { runStage } from '../../src/worker/run-stage.ts';
import { never, tools } from '../media/run/tools.ts';
import { makeClip, stageOf } from './worker-harness.ts';

// The capabilities promise a GPU that is not there: each rung fails for real, as on a machine whose device was lost
// between the trial and the job.
describe('the ladder', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-ladder-'));
    await mkdir(join(dir, 'objects'));
    await makeClip(join(dir, 'objects/clip.mp4'), 2);
  });
  afterEach(() => rm(dir, { recursive: true }));

  const withLostGpu = async (signal: AbortSignal): Promise<Capabilities> => {
    const found = await detectCapabilities({ tools, signal });
    const encodes = (['qsv-full', 'qsv-encode', 'vaapi'] as const).map(
      (rung) => ({ rung, codec: 'h264', bitDepth: 8, lowPower: true }) as const,
    );
    return { ...found, devices: [{ node: '/dev/dri/renderD999', driver: 'i915', encodes }], unavailable: {} };
  };

  const common = () => {
    const store = createDirectoryStore({ dir: join(dir, 'objects') });
    const guard = createAddressGuard({ hosts: ['*'], allowedRanges: [] });
    return {
      store,
      sources: { store, guard, maxInputBytes: 1e9 },
      tools,
      clock: systemClock,
      signal: never,
      detect: withLostGpu,
    };
  };
  const render = (spec: Partial<StageSpec>): Promise<StageResult> =>
    runStage(stageOf(spec), {
      ...common(),
      scratchDir: join(dir, 'scratch'),
      reporter: { report: () => undefined },
      log: pino({ level: 'silent' }),
    });

  it('is descended rung by rung, with the reason of each step', async () => {
    const { exitCode, acceleration, outputs, processes } = await render({ acceleration: 'Preferred' });
    expect(exitCode).toBe(0);
    expect(acceleration?.rung).toBe('software');
    expect(acceleration?.stepsDown.map(({ from }) => from)).toEqual(['qsv-full', 'qsv-encode', 'vaapi']);
    for (const { reason } of acceleration?.stepsDown ?? []) expect(reason).toMatch(/^FFmpeg said: \S/);
    expect(processes).toBe(4);
    expect(outputs).toMatchObject([{ key: 'uid-1-main.mp4', videoCodec: 'h264' }]);
  });

  it('ends before software where a GPU is required, with what the last rung said', async () => {
    const { exitCode, error, outputs } = await render({ acceleration: 'Required' });
    expect({ exitCode, code: error?.code }).toEqual({ exitCode: 20, code: 'GPU_UNAVAILABLE' });
    expect(error?.message).toMatch(/^FFmpeg said: \S/);
    expect(outputs).toBeUndefined();
    expect(await readdir(join(dir, 'objects'))).not.toContain('uid-1-main.mp4');
  });

  it('is not climbed at all where acceleration is disabled', async () => {
    const { exitCode, acceleration, processes } = await render({ acceleration: 'Disabled' });
    expect({ exitCode, rung: acceleration?.rung, processes }).toEqual({ exitCode: 0, rung: 'software', processes: 1 });
  });

  it('shows in a dry run where it would start, without a process or a trace', async () => {
    const temporaryDir = join(dir, 'tmp');
    await mkdir(temporaryDir);
    await copyFile(join(dir, 'objects/clip.mp4'), join(dir, 'objects/other.mp4'));
    const plan = await dryRun(stageOf(), { ...common(), temporaryDir });
    expect(plan).toMatchObject({ rung: 'qsv-full', device: '/dev/dri/renderD999', outputs: [{ name: 'main' }] });
    expect(await readdir(temporaryDir)).toEqual([]);
    expect(await readdir(join(dir, 'objects'))).toEqual(['clip.mp4', 'other.mp4']);
  });
});
