import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DirectoryStore } from '../../src/adapters/object-store/directory-store.ts';
import { AddressGuard } from '../../src/adapters/sources/address-guard.ts';
import { systemClock } from '../../src/lib/system-clock.ts';
import type { StageResult } from '../../src/model/status/result.ts';
import { runStage } from '../../src/worker/run-stage.ts';
import { createStageLog } from '../../src/worker/stage-log.ts';
import { capabilitiesWith, qsvBackends } from '../support/backend-jobs.ts';
import { decodedFrames } from '../support/decoded-frames.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';
import { stageOf } from '../support/worker-harness.ts';

const execute = promisify(execFile);

describeOnSoftwareGpu('an exact trim on a GPU', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-trim-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const encoders = {
    h264: ['-c:v', 'libx264', '-preset', 'veryfast', '-x264-params', 'keyint=20:bframes=3:b-adapt=0'],
    hevc: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=20:bframes=3:b-adapt=0'],
  };

  /** A clip of 3 s of which 0.5 to 2.2 s is kept. */
  const trim = async (
    codec: 'h264' | 'hevc',
    depth: 8 | 10,
    faults: Faults,
    acceleration: 'Required' | 'Preferred',
  ): Promise<{ result: StageResult; gpu: SoftwareGpu; input: string; output: string }> => {
    const gpu = await gpus.create(dir, faults);
    const home = join(gpu.folders.dri, '..', 'home');
    const [objects, scratchDir] = [join(home, 'objects'), join(home, 'scratch')];
    await Promise.all([mkdir(objects, { recursive: true }), mkdir(scratchDir, { recursive: true })]);
    const clip = join(dir, `${codec}-${depth}.mp4`);
    const format = ['-pix_fmt', depth === 10 ? 'yuv420p10le' : 'yuv420p', '-tag:v', codec === 'h264' ? 'avc1' : 'hvc1'];
    const video = ['-f', 'lavfi', '-i', 'testsrc2=size=320x192:rate=30:duration=3'];
    await execute('ffmpeg', ['-v', 'error', '-y', ...video, ...encoders[codec], ...format, clip]);
    await cp(clip, join(objects, 'clip.mp4'));
    const store = new DirectoryStore({ dir: objects });
    const operations = [{ trim: { start: 0.5, end: 2.2 } }];
    const result = await runStage(stageOf({ operations, output: {}, acceleration }), {
      store,
      sources: { store, guard: new AddressGuard({ hosts: ['*'], allowedRanges: [] }), maxInputBytes: 1e9 },
      tools: gpu.tools,
      scratchDir,
      clock: systemClock,
      signal: new AbortController().signal,
      detect: () => capabilitiesWith(gpus, gpu, qsvBackends),
      reporter: { report: () => undefined },
      log: createStageLog('silent'),
    });
    return { result, gpu, input: clip, output: join(objects, result.outputs?.[0]?.key ?? 'none') };
  };

  it.for([
    ['h264', 8],
    ['hevc', 8],
    ['hevc', 10],
  ] as const)('has its ends encoded there: %s of %i bits', async ([codec, depth]) => {
    const { result, gpu, input, output } = await trim(codec, depth, {}, 'Required');
    expect(result.error).toBeUndefined();
    expect(result.precision).toMatchObject({ method: 'smart-cut', copiedFrames: 45, encodedFrames: 6 });
    expect(result.acceleration).toMatchObject({ backend: 'qsv-encode', device: gpu.node });
    expect(eventsOf(await gpu.trace(), 'encode.init')).toMatchObject([{ codec }, { codec }]);
    const [before, after] = [await decodedFrames(input), await decodedFrames(output)];
    expect(after).toHaveLength(51);
    const same = after.flatMap(({ hash }, index) => (before[index + 15]?.hash === hash ? [index] : []));
    expect(same).toEqual(Array.from({ length: 45 }, (_, index) => index + 5));
  });

  it('has its ends encoded by the CPU when the GPU fails, and still copies the rest', async () => {
    const { result, output } = await trim('h264', 8, { fail: ['encode@1=device-failed'] }, 'Preferred');
    expect(result.precision).toMatchObject({ method: 'smart-cut', copiedFrames: 45, encodedFrames: 6 });
    expect(result.acceleration?.backend).toBe('software');
    expect(result.acceleration?.fallbacks.map(({ from }) => from)).toContain('qsv-encode');
    expect(await decodedFrames(output)).toHaveLength(51);
  });
});
