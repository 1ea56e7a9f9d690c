import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StageSpec } from '../../src/model/job/stage.ts';
import type { EncoderBackend, FallbackCause } from '../../src/model/status/result.ts';
import { run as runProgram } from '../software-gpu/set-up/run.ts';
import { type BackendBench, createBackendBench, gpuBackends, type WorkerRun } from '../support/backend-bench.ts';
import { countFrames } from '../support/backend-jobs.ts';
import { describeOnSoftwareGpu, type Faults } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';
import { makeClip } from '../support/worker-harness.ts';

const output = { video: { preset: 'performance', bitrate: '1M', resolution: { height: 90 } } } as const;
const job: Partial<StageSpec> = { output, acceleration: 'Preferred' };
/** A machine whose VA driver has no encoders, so that nothing is left between Quick Sync and software. */
const quickSync = ['qsv-full', 'qsv-encode'] as const;
const EACCES = 13;

type Reasons = readonly {
  readonly from: EncoderBackend;
  readonly cause: FallbackCause;
  readonly message: RegExp;
}[];

describeOnSoftwareGpu('a worker whose GPU fails', (gpus) => {
  let dir: string;
  let bench: BackendBench;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-fallbacks-'));
    const assets = join(dir, 'assets');
    await mkdir(assets);
    await makeClip(join(assets, 'clip.mp4'), 2);
    const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=2', '-pix_fmt', 'yuv422p10le', '-c:v', 'libx264'];
    await runProgram(gpus.plain.ffmpeg, ['-v', 'error', ...source, join(assets, '422.mp4')]);
    bench = await createBackendBench(gpus, dir, assets);
  });
  afterAll(async () => {
    await bench.close();
    await rm(dir, { recursive: true });
  });

  const expectOneWholeOutput = async ({ result, outputs, published }: WorkerRun): Promise<void> => {
    expect(result.exitCode).toBe(0);
    expect(published).toHaveLength(1);
    expect(await countFrames(gpus.plain, outputs.get('main') ?? '')).toBe(50);
  };
  const expectReasons = ({ result }: WorkerRun, reasons: Reasons): void => {
    const found = new Map(result.acceleration?.fallbacks.map(({ from, ...rest }) => [from, rest]));
    for (const { from, cause, message } of reasons) {
      expect(found.get(from)?.message).toMatch(message);
      expect(found.get(from)?.cause).toBe(cause);
    }
  };
  const expectClearFailure = ({ status, result, published }: WorkerRun, code: RegExp): void => {
    expect(status).not.toBe(0);
    expect(result.error?.code).toMatch(code);
    expect(result.error?.remedy).toMatch(/\S/);
    expect(result.outputs ?? []).toEqual([]);
    expect(published).toEqual([]);
  };

  it('encodes on it from end to end while nothing is wrong', async () => {
    const run = await bench.runWithFaults({}, gpuBackends, { output, acceleration: 'Required' });
    await expectOneWholeOutput(run);
    expect(run.result.acceleration).toEqual({ backend: 'qsv-full', device: bench.gpu.node, fallbacks: [] });
    expect(eventsOf(run.trace, 'encode.init')).toMatchObject([{ codec: 'h264', lowPower: true, gop: 256 }]);
  });

  describe('before the encode', () => {
    const machines: readonly (readonly [what: string, Faults | 'no node', FallbackCause, message: RegExp])[] = [
      ['has no render node', 'no node', 'no-device', /^no render node in /],
      [
        'may not open the node',
        { openErrno: EACCES },
        'device-not-opened',
        /renderD128 could not be opened: |permission/,
      ],
      ['has the GPU of another maker', { vendor: '1002' }, 'not-intel', /not an Intel GPU \(vendor 0x1002\)/],
    ];

    const runOn = (faults: Faults | 'no node', spec: Partial<StageSpec>): Promise<WorkerRun> =>
      faults === 'no node' ? bench.runWithoutNode(spec) : bench.runWithFaults(faults, quickSync, spec);

    it.each(machines)('uses software where it %s, with the reason', async (_what, faults, cause, message) => {
      const run = await runOn(faults, job);
      await expectOneWholeOutput(run);
      expect(run.result.acceleration?.backend).toBe('software');
      expectReasons(run, [
        { from: 'qsv-full', cause, message },
        { from: 'qsv-encode', cause, message },
      ]);
      expect(eventsOf(run.trace, 'encode.init')).toEqual([]);
    });

    it.each(machines)(
      'fails with a remedy where a GPU is required and it %s',
      async (_what, faults, _cause, message) => {
        const run = await runOn(faults, { output, acceleration: 'Required' });
        expectClearFailure(run, /^GPU_UNAVAILABLE$/);
        expect(run.result.error?.message).toMatch(new RegExp(message.source.replace('^', '')));
      },
    );

    it('encodes through VA-API where it gets no session of the runtime, which is a GPU too', async () => {
      const faults: Faults = { fail: ['session@1=unsupported'] };
      const run = await bench.runWithFaults(faults, gpuBackends, { output, acceleration: 'Required' });
      await expectOneWholeOutput(run);
      expect(run.result.acceleration?.backend).toBe('vaapi');
      expectReasons(run, [
        { from: 'qsv-full', cause: 'no-session', message: /session/ },
        { from: 'qsv-encode', cause: 'no-session', message: /session/ },
      ]);
      expect(eventsOf(run.trace, 'encode.init')).toEqual([]);
    });
  });

  const falls: readonly (readonly [what: string, Faults, EncoderBackend, Reasons])[] = [
    [
      'decoder does not open',
      { fail: ['decode-init@1=invalid-parameters'] },
      'qsv-encode',
      [{ from: 'qsv-full', cause: 'unsupported-parameters', message: /MFX video decoder: invalid video parameters/ }],
    ],
    [
      'decoder fails in mid-stream',
      { fail: ['decode@20=device-failed'] },
      'qsv-encode',
      [{ from: 'qsv-full', cause: 'device-failed', message: /device failed/ }],
    ],
    [
      'encoder is rejected',
      { fail: ['encode-query@1=unsupported'] },
      'software',
      [
        { from: 'qsv-full', cause: 'unsupported-parameters', message: /unsupported/ },
        { from: 'qsv-encode', cause: 'unsupported-parameters', message: /unsupported/ },
      ],
    ],
    [
      'encoder does not open',
      { fail: ['encode-init@1=invalid-parameters'] },
      'software',
      [
        { from: 'qsv-full', cause: 'unsupported-parameters', message: /invalid video parameters/ },
        { from: 'qsv-encode', cause: 'unsupported-parameters', message: /invalid video parameters/ },
      ],
    ],
    [
      'low-power engine is rejected',
      { reject: ['lowpower'] },
      'software',
      [
        { from: 'qsv-full', cause: 'unsupported-parameters', message: /Low power mode is unsupported/ },
        { from: 'qsv-encode', cause: 'unsupported-parameters', message: /Low power mode is unsupported/ },
      ],
    ],
    [
      'codec is rejected',
      { reject: ['h264'] },
      'software',
      [
        { from: 'qsv-full', cause: 'unsupported-parameters', message: /unsupported/ },
        { from: 'qsv-encode', cause: 'unsupported-parameters', message: /unsupported/ },
      ],
    ],
    [
      'processor fails in mid-stream',
      { fail: ['vpp@20=device-failed'] },
      'software',
      [{ from: 'qsv-full', cause: 'device-failed', message: /device failed/ }],
    ],
    [
      'processor leaves out a filter',
      { fail: ['vpp-init@1=filter-skipped'] },
      'software',
      [{ from: 'qsv-full', cause: 'unsupported-parameters', message: /filter skipped/ }],
    ],
    [
      'device is lost in mid-stream',
      { fail: ['encode@20=device-lost'] },
      'software',
      [
        { from: 'qsv-full', cause: 'device-failed', message: /device lost/ },
        { from: 'qsv-encode', cause: 'device-failed', message: /device lost/ },
      ],
    ],
    [
      'GPU hangs in mid-stream',
      { fail: ['encode@20=gpu-hang'] },
      'software',
      [
        { from: 'qsv-full', cause: 'device-failed', message: /Error during encoding/ },
        { from: 'qsv-encode', cause: 'device-failed', message: /Error during encoding/ },
      ],
    ],
  ];

  describe('while it encodes', () => {
    it.each(falls)(
      'falls back when the %s, with the reason, and publishes one whole output',
      async (_what, faults, backend, reasons) => {
        const run = await bench.runWithFaults(faults, quickSync, job);
        await expectOneWholeOutput(run);
        expect(run.result.acceleration?.backend).toBe(backend);
        expect(run.result.acceleration?.fallbacks).toHaveLength(backend === 'software' ? 3 : 1);
        expectReasons(run, reasons);
      },
    );

    it.each(falls.filter(([, , backend]) => backend === 'software'))(
      'fails with a remedy and publishes nothing when a GPU is required and the %s',
      async (_what, faults) => {
        const run = await bench.runWithFaults(faults, quickSync, { output, acceleration: 'Required' });
        expectClearFailure(run, /^GPU_/);
      },
    );

    it("falls back from Quick Sync to the encoder of the GPU's VA-API driver, which is a GPU too", async () => {
      const faults: Faults = { fail: ['encode-init@1=invalid-parameters'] };
      const run = await bench.runWithFaults(faults, gpuBackends, { output, acceleration: 'Required' });
      await expectOneWholeOutput(run);
      expect(run.result.acceleration).toMatchObject({ backend: 'vaapi', device: bench.gpu.node });
      expectReasons(run, [
        { from: 'qsv-full', cause: 'unsupported-parameters', message: /invalid video parameters/ },
        { from: 'qsv-encode', cause: 'unsupported-parameters', message: /invalid video parameters/ },
      ]);
      expect(eventsOf(run.trace, 'va.encode.init')).toMatchObject([{ codec: 'h264', width: 160, height: 90 }]);
    });

    it('does not use the GPU decoder for a source in 4:2:2, which not every Quick Sync decodes', async () => {
      const run = await bench.runWithFaults({}, quickSync, {
        acceleration: 'Required',
        inputs: [{ name: 'main', asset: '422.mp4' }],
        output: { video: { codec: 'hevc', bitDepth: 10, preset: 'performance', bitrate: '1M' } },
      });
      await expectOneWholeOutput(run);
      expect(run.result.acceleration).toMatchObject({
        backend: 'qsv-encode',
        fallbacks: [{ from: 'qsv-full', cause: 'cpu-frames', message: 'h264 in yuv422p10le is decoded by the CPU' }],
      });
      expect(eventsOf(run.trace, 'decode.init')).toEqual([]);
      expect(eventsOf(run.trace, 'decode.refused')).toEqual([]);
      expect(eventsOf(run.trace, 'encode.init')).toMatchObject([{ codec: 'hevc', bitDepth: 10 }]);
    });
  });

  describe('that lacks AV1, 10 bits and the low-power engine', () => {
    let poor: BackendBench;
    beforeAll(async () => {
      const own = await mkdtemp(join(dir, 'poor-'));
      await cp(join(dir, 'assets'), join(own, 'assets'), { recursive: true });
      poor = await createBackendBench(gpus, own, join(own, 'assets'), { reject: ['av1', '10bit', 'lowpower'] });
    });
    afterAll(() => poor.close());
    const faults: Faults = { reject: ['av1', '10bit', 'lowpower'] };

    it.each([
      ['AV1', { codec: 'av1' }, /^no device encodes av1 with 8 bits/],
      ['10 bits', { codec: 'hevc', bitDepth: 10 }, /^no device encodes hevc with 10 bits/],
    ] as const)(
      'uses software for %s, or fails with a remedy, without an encode that must fail',
      async (_what, video, message) => {
        const wanted = { container: 'mkv', video: { ...output.video, ...video } } as const;
        const run = await poor.runWithFaults(faults, quickSync, { output: wanted, acceleration: 'Preferred' });
        await expectOneWholeOutput(run);
        expect(run.result.acceleration?.backend).toBe('software');
        expectReasons(run, [
          { from: 'qsv-full', cause: 'target-unsupported', message },
          { from: 'qsv-encode', cause: 'target-unsupported', message },
        ]);
        expect(run.trace.filter(({ event }) => event.startsWith('encode'))).toEqual([]);
        const required = await poor.runWithFaults(faults, quickSync, { output: wanted, acceleration: 'Required' });
        expectClearFailure(required, /^GPU_UNAVAILABLE$/);
      },
    );

    it('stays on the GPU for what it can do, without asking for low power', async () => {
      const run = await poor.runWithFaults(faults, quickSync, { output, acceleration: 'Required' });
      await expectOneWholeOutput(run);
      expect(run.result.acceleration).toMatchObject({ backend: 'qsv-full', fallbacks: [] });
      const [init] = eventsOf(run.trace, 'encode.init');
      expect(init?.lowPower).not.toBe(true);
    });
  });
});
