import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GpuEncode } from '../../../../src/media/gpu/capabilities.ts';
import type { DeviceTrials } from '../../../../src/media/gpu/device-facts.ts';
import { detectCapabilities } from '../../../../src/media/gpu/run/detect-capabilities.ts';
import { runTrialEncodes } from '../../../../src/media/gpu/run/trial-encodes.ts';
import { gpuEnvironment } from '../../../support/gpu-environment.ts';
import { never } from '../../../support/media-tools.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../../../support/software-gpu.ts';
import { eventsOf } from '../../../support/software-gpu-trace.ts';

/** `hevc 10 low` for 10-bit HEVC on the low-power engine, of one backend. */
function combinations(encodes: readonly GpuEncode[], backend: GpuEncode['backend']): string[] {
  return encodes
    .filter((encode) => encode.backend === backend)
    .map(({ codec, bitDepth, lowPower }) => `${codec} ${bitDepth}${lowPower ? ' low' : ''}`);
}

const everything = ['h264 8', 'hevc 8', 'hevc 10', 'av1 8', 'av1 10', 'vp9 8', 'vp9 10'].flatMap((combination) => [
  `${combination} low`,
  combination,
]);

describeOnSoftwareGpu('trial encodes on a GPU', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-trials-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const detect = ({ tools, folders }: SoftwareGpu) => detectCapabilities({ tools, folders, signal: never });
  /** Trial encodes of HEVC and AV1 alone: 8 for each backend. */
  const tryOut = async (faults: Faults): Promise<DeviceTrials & { readonly gpu: SoftwareGpu }> => {
    const gpu = await gpus.create(dir, faults);
    const trials = await runTrialEncodes(new Set(['hevc_qsv', 'av1_qsv']), {
      node: gpu.node,
      tools: gpu.tools,
      signal: never,
    });
    return { ...trials, gpu };
  };

  it('find every combination that works, on Quick Sync with and without its filters', async () => {
    const gpu = await gpus.create(dir);
    const { devices, unavailable, ffmpeg } = await detect(gpu);
    expect(ffmpeg).toEqual([7, 1]);
    const [device] = devices;
    expect(device).toMatchObject({ node: gpu.node, driver: expect.stringContaining('i915') as unknown });
    expect(combinations(device?.encodes ?? [], 'qsv-encode')).toEqual(everything);
    expect(combinations(device?.encodes ?? [], 'qsv-full')).toEqual(everything);
    expect(combinations(device?.encodes ?? [], 'vaapi')).toEqual(everything);
    expect(unavailable).toEqual({});
  });

  it('pass codec, bit depth and low power to the runtime', async () => {
    const { gpu } = await tryOut({});
    const trace = await gpu.trace();
    const tried = eventsOf(trace, 'encode.init').map(
      ({ codec, bitDepth, lowPower, memory }) => `${codec} ${bitDepth} ${String(lowPower)} ${memory}`,
    );
    const once = ['hevc 8', 'hevc 10', 'av1 8', 'av1 10'].flatMap((what) => [
      `${what} true video`,
      `${what} false video`,
    ]);
    // Each once: an encode behind the GPU's filter covers the plain one.
    expect(tried.toSorted()).toEqual(once.toSorted());
    const filters = eventsOf(trace, 'vpp.init').filter((event) => event.in.memory === 'video');
    expect(filters).toHaveLength(once.length);
    expect(eventsOf(trace, 'encode.close').every(({ frames, packets }) => frames === 30 && packets === 30)).toBe(true);
  });

  it.each<readonly [what: string, Faults, readonly string[]]>([
    ['without AV1', { reject: ['av1'] }, ['hevc 8 low', 'hevc 8', 'hevc 10 low', 'hevc 10']],
    ['without 10 bits', { reject: ['10bit'] }, ['hevc 8 low', 'hevc 8', 'av1 8 low', 'av1 8']],
    ['without a low-power engine', { reject: ['lowpower'] }, ['hevc 8', 'hevc 10', 'av1 8', 'av1 10']],
    [
      'with only a low-power engine',
      { reject: ['nolowpower'] },
      ['hevc 8 low', 'hevc 10 low', 'av1 8 low', 'av1 10 low'],
    ],
  ])('find what works on a GPU %s', async (_what, faults, left) => {
    const { encodes, failed, gpu } = await tryOut(faults);
    expect(combinations(encodes, 'qsv-encode')).toEqual(left);
    expect(combinations(encodes, 'qsv-full')).toEqual(left);
    expect(failed.length).toBeGreaterThan(0);
    expect(eventsOf(await gpu.trace(), 'encode.refused').length).toBeGreaterThan(0);
  });

  it.each<readonly [what: string, Faults, reason: RegExp]>([
    ['rejects the parameters of every encoder', { fail: ['encode-query@1=unsupported'] }, /is unsupported/],
    ['cannot open any encoder', { fail: ['encode-init@1=invalid-parameters'] }, /invalid video parameters \(-15\)/],
    ['is lost in every encode', { fail: ['encode@5=device-lost'] }, /device lost \(-13\)/],
  ])('report why nothing works on a GPU that %s', async (_what, faults, reason) => {
    const { encodes, failed, gpu } = await tryOut(faults);
    expect(encodes).toEqual([]);
    // 8 bits on both engines, behind the filter and without; 10 bits are not tried where 8 fail.
    expect(failed.map(({ codec, bitDepth, backend }) => `${codec} ${bitDepth} ${backend}`).toSorted()).toEqual(
      ['av1', 'hevc'].flatMap((codec) =>
        ['qsv-encode', 'qsv-full'].flatMap((backend) => [`${codec} 8 ${backend}`, `${codec} 8 ${backend}`]),
      ),
    );
    for (const { error } of failed) expect(error).toMatch(reason);
    expect(eventsOf(await gpu.trace(), 'fault').length).toBeGreaterThan(0);
  });

  it('are not run where no session opens, which is the reason for every backend of Quick Sync', async () => {
    const gpu = await gpus.create(dir, { fail: ['session@1=unsupported'], reject: ['va-encode'] });
    const { unavailable } = await detect(gpu);
    for (const backend of ['qsv-full', 'qsv-encode'] as const)
      expect(unavailable[backend]).toEqual({
        cause: 'no-session',
        message: expect.stringContaining('Error creating a MFX session') as unknown,
      });
    const trace = await gpu.trace();
    expect(eventsOf(trace, 'fault')).toHaveLength(1);
    expect(eventsOf(trace, 'encode.init')).toEqual([]);
  });

  it('are not run on a node that cannot be opened, and the reason is that', async () => {
    const EACCES = 13;
    const gpu = await gpus.create(dir, { openErrno: EACCES });
    const { devices, unavailable } = await detect(gpu);
    expect(devices).toEqual([]);
    expect(unavailable['qsv-full']?.cause).toBe('device-not-opened');
    expect(unavailable['qsv-full']?.message).toContain(`${gpu.node} could not be opened: `);
    expect(unavailable['qsv-full']?.message).toMatch(/No VA display found/);
    expect(await gpu.trace()).toEqual([]);
  });

  it('are not run on the GPU of another vendor', async () => {
    const gpu = await gpus.create(dir, { vendor: '1002' });
    const { devices, unavailable } = await detect(gpu);
    expect(devices).toEqual([]);
    expect(unavailable['qsv-full']).toEqual({
      cause: 'not-intel',
      message: expect.stringContaining('not an Intel GPU (vendor 0x1002)') as unknown,
    });
    expect(await gpu.trace()).toEqual([]);
  });

  it('are cached until another runtime responds, and the device is opened each time', async () => {
    const gpu = await gpus.create(dir);
    const cacheDir = join(dir, 'cache');
    const environment = await gpuEnvironment(gpu, ['h264_qsv']);
    const tools = { ...gpu.tools, ffmpeg: environment['FRAMEWRIGHT_FFMPEG'] ?? '' };
    /** Number of encodes; each name is a detection of its own within this process. */
    const encodesFor = async (name: string): Promise<number> => {
      const before = eventsOf(await gpu.trace(), 'encode.init').length;
      const { devices } = await detectCapabilities({
        tools: { ...tools, env: { ...tools.env, DETECTION: name } },
        folders: gpu.folders,
        signal: never,
        cacheDir,
      });
      expect(combinations(devices[0]?.encodes ?? [], 'qsv-full')).toEqual(['h264 8 low', 'h264 8']);
      return eventsOf(await gpu.trace(), 'encode.init').length - before;
    };
    expect(await encodesFor('first')).toBe(2);
    expect(await encodesFor('second')).toBe(0);
    // The same programs at the same paths, over a runtime of another release.
    await gpu.become({ api: '2.9' });
    expect(await encodesFor('third')).toBe(2);
    expect(await encodesFor('fourth')).toBe(0);
  });
});
