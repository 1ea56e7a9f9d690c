import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/local/system-clock.ts';
import type { Rung, StageResult } from '../../src/model/result.ts';
import type { StageSpec } from '../../src/model/stage.ts';
import { createAddressGuard } from '../../src/storage/address-guard.ts';
import { createDirectoryStore } from '../../src/storage/directory-store.ts';
import { runStage } from '../../src/worker/run-stage.ts';
import { createStageLog } from '../../src/worker/stage-log.ts';
import { run as runProgram } from '../software-gpu/set-up/run.ts';
import { capabilitiesWith, countFrames, qsvRungs } from '../support/rung-jobs.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';
import { makeClip, stageOf } from './worker-harness.ts';

interface Ran {
  readonly result: StageResult;
  readonly gpu: SoftwareGpu;
  /** Published outputs. */
  readonly keys: readonly string[];
  readonly objects: string;
}

describeOnSoftwareGpu('a stage whose GPU lets it down', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-ladder-'));
    await makeClip(join(dir, 'clip.mp4'), 2);
  });
  afterAll(() => rm(dir, { recursive: true }));

  /** Runs a whole stage on a GPU that passed its trials and has its faults only then. */
  const run = async (faults: Faults, spec: Partial<StageSpec> = {}, clip = 'clip.mp4'): Promise<Ran> => {
    const gpu = await gpus.create(dir, faults);
    const home = join(gpu.folders.dri, '..', 'home');
    const [objects, scratchDir] = [join(home, 'objects'), join(home, 'scratch')];
    await Promise.all([mkdir(objects, { recursive: true }), mkdir(scratchDir, { recursive: true })]);
    await cp(join(dir, clip), join(objects, 'clip.mp4'));
    const store = createDirectoryStore({ dir: objects });
    const guard = createAddressGuard({ hosts: ['*'], allowedRanges: [] });
    const output = { video: { preset: 'performance', bitrate: '1M', resolution: { height: 90 } } } as const;
    const result = await runStage(stageOf({ output, ...spec }), {
      store,
      sources: { store, guard, maxInputBytes: 1e9 },
      tools: gpu.tools,
      scratchDir,
      clock: systemClock,
      signal: new AbortController().signal,
      detect: () => capabilitiesWith(gpus, gpu, qsvRungs),
      reporter: { report: () => undefined },
      log: createStageLog('silent'),
    });
    const keys = (await readdir(objects)).filter((name) => name.startsWith('uid-'));
    return { result, gpu, keys, objects };
  };

  it('runs on the GPU from end to end while nothing is wrong', async () => {
    const { result, gpu } = await run({}, { acceleration: 'Required' });
    expect(result).toMatchObject({ exitCode: 0, acceleration: { rung: 'qsv-full', device: gpu.node, stepsDown: [] } });
    expect(eventsOf(await gpu.trace(), 'encode.init')).toMatchObject([{ codec: 'h264', lowPower: true, gop: 256 }]);
  });

  const falls: readonly (readonly [
    what: string,
    Faults,
    Rung,
    reasons: readonly { readonly from: Rung; readonly reason: RegExp }[],
  ])[] = [
    [
      'decoder does not open',
      { fail: ['decode-init@1=invalid-parameters'] },
      'qsv-encode',
      [{ from: 'qsv-full', reason: /MFX video decoder: invalid video parameters/ }],
    ],
    [
      'decoder fails in mid-stream',
      { fail: ['decode@20=device-failed'] },
      'qsv-encode',
      [{ from: 'qsv-full', reason: /device failed/ }],
    ],
    [
      'encoder is refused',
      { fail: ['encode-query@1=unsupported'] },
      'software',
      [
        { from: 'qsv-full', reason: /unsupported/ },
        { from: 'qsv-encode', reason: /unsupported/ },
      ],
    ],
    [
      'encoder does not open',
      { fail: ['encode-init@1=invalid-parameters'] },
      'software',
      [
        { from: 'qsv-full', reason: /invalid video parameters/ },
        { from: 'qsv-encode', reason: /invalid video parameters/ },
      ],
    ],
    [
      'low-power engine is refused',
      { refuse: ['lowpower'] },
      'software',
      [
        { from: 'qsv-full', reason: /Low power mode is unsupported/ },
        { from: 'qsv-encode', reason: /Low power mode is unsupported/ },
      ],
    ],
    [
      'runtime refuses a session',
      { fail: ['session@1=unsupported'] },
      'software',
      [
        { from: 'qsv-full', reason: /MFX session/ },
        { from: 'qsv-encode', reason: /MFX session/ },
      ],
    ],
    [
      'device is lost in mid-stream',
      { fail: ['encode@20=device-lost'] },
      'software',
      [
        { from: 'qsv-full', reason: /device lost/ },
        { from: 'qsv-encode', reason: /device lost/ },
      ],
    ],
    [
      'GPU hangs in mid-stream',
      { fail: ['encode@20=gpu-hang'] },
      'software',
      [
        { from: 'qsv-full', reason: /Error during encoding/ },
        { from: 'qsv-encode', reason: /Error during encoding/ },
      ],
    ],
    [
      'node cannot be opened any more',
      { openErrno: 13 },
      'software',
      [
        { from: 'qsv-full', reason: /Device creation failed|No VA display/ },
        { from: 'qsv-encode', reason: /Device creation failed|No VA display/ },
      ],
    ],
  ];

  it.each(falls)(
    'steps down when the %s, says why, and publishes one whole output',
    async (_what, faults, rung, reasons) => {
      const { result, gpu, keys, objects } = await run(faults);
      expect(result).toMatchObject({ exitCode: 0, acceleration: { rung } });
      const told = new Map(result.acceleration?.stepsDown.map(({ from, reason }) => [from, reason]));
      expect(told.size).toBe(rung === 'software' ? 3 : 1);
      for (const { from, reason } of reasons) expect(told.get(from)).toMatch(reason);
      expect(keys).toHaveLength(1);
      expect(await countFrames(gpu.tools, join(objects, keys[0] ?? ''))).toBe(50);
    },
  );

  it.each(falls.filter(([, , rung]) => rung === 'software'))(
    'fails with a remedy and publishes nothing when a GPU is required and the %s',
    async (_what, faults) => {
      const { result, keys } = await run(faults, { acceleration: 'Required' });
      expect(result.exitCode).not.toBe(0);
      expect(result.error?.code).toMatch(/^GPU_/);
      expect(result.error?.hint).toMatch(/\S/);
      expect(keys).toEqual([]);
    },
  );

  it('never meets the decoder with a source in 4:2:2, which no Quick Sync decodes everywhere', async () => {
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=2', '-pix_fmt', 'yuv422p10le', '-c:v', 'libx264'];
    await runProgram(gpus.plain.ffmpeg, ['-v', 'error', ...source, join(dir, '422.mp4')]);
    const output = { video: { codec: 'hevc', bitDepth: 10, preset: 'performance', bitrate: '1M' } } as const;
    const { result, gpu } = await run({}, { acceleration: 'Required', output }, '422.mp4');
    expect(result).toMatchObject({
      exitCode: 0,
      acceleration: {
        rung: 'qsv-encode',
        stepsDown: [{ from: 'qsv-full', reason: 'yuv422p10le is decoded by the CPU' }],
      },
    });
    const trace = await gpu.trace();
    expect(eventsOf(trace, 'decode.refused')).toEqual([]);
    expect(eventsOf(trace, 'encode.init')).toMatchObject([{ codec: 'hevc', bitDepth: 10 }]);
  });
});
