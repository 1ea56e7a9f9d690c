import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GpuEncode } from '../../../../src/media/gpu/capabilities.ts';
import type { DeviceTrials } from '../../../../src/media/gpu/device-facts.ts';
import { detectCapabilities } from '../../../../src/media/gpu/run/detect-capabilities.ts';
import { runTrialEncodes } from '../../../../src/media/gpu/run/trial-encodes.ts';
import { never } from '../../../support/media-tools.ts';
import { describeOnSoftwareGpu, type Faults, type SoftwareGpu } from '../../../support/software-gpu.ts';
import { eventsOf } from '../../../support/software-gpu-trace.ts';

/** `hevc 10 low` for 10-bit HEVC on the low-power engine. */
function combinations(encodes: readonly GpuEncode[]): string[] {
  return encodes.map(({ codec, bitDepth, lowPower }) => `${codec} ${bitDepth}${lowPower ? ' low' : ''}`);
}

describeOnSoftwareGpu('trial encodes through VA-API', (gpus) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-vaapi-trials-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const tryOut = async (
    faults: Faults,
    encoders: readonly string[] = ['hevc_vaapi'],
  ): Promise<DeviceTrials & { readonly gpu: SoftwareGpu }> => {
    const gpu = await gpus.create(dir, faults);
    const trials = await runTrialEncodes(new Set(encoders), { node: gpu.node, tools: gpu.tools, signal: never });
    return { ...trials, gpu };
  };

  it('try codec, bit depth and low power on the driver, and list its rate controls', async () => {
    const { encodes, gpu } = await tryOut({}, ['h264_vaapi', 'hevc_vaapi']);
    expect(combinations(encodes)).toEqual(['h264 8 low', 'h264 8', 'hevc 8 low', 'hevc 8', 'hevc 10 low', 'hevc 10']);
    for (const { backend, rateControls } of encodes) {
      expect(backend).toBe('vaapi');
      expect(rateControls).toEqual(['CQP', 'CBR', 'VBR', 'ICQ', 'QVBR']);
    }
    const tried = eventsOf(await gpu.trace(), 'va.encode.close').filter(({ frames }) => frames === 30);
    expect(tried).toHaveLength(encodes.length);
  });

  it.each<readonly [what: string, Faults, readonly string[]]>([
    ['without 10 bits', { reject: ['va-10bit'] }, ['hevc 8 low', 'hevc 8']],
    ['without a low-power engine', { reject: ['va-lowpower'] }, ['hevc 8', 'hevc 10']],
    ['without the codec', { reject: ['va-hevc'] }, []],
  ])('find what works on a driver %s', async (_what, faults, left) => {
    const { encodes, failed } = await tryOut(faults);
    expect(combinations(encodes)).toEqual(left);
    expect(failed.length).toBeGreaterThan(0);
    for (const { error } of failed) expect(error).toMatch(/No usable encoding entrypoint|Surface RT format YUV420_10/);
  });

  it('do not count a low-power engine without rate control, whose firmware is missing', async () => {
    const { encodes, failed } = await tryOut({ reject: ['nohuc'] });
    expect(combinations(encodes)).toEqual(['hevc 8', 'hevc 10']);
    expect(failed).toMatchObject([{ lowPower: true, error: expect.stringMatching(/RC mode/) as unknown }]);
  });

  it('leave VA-API to encode where no session of the VPL runtime opens, and report why', async () => {
    const reject = ['va-av1', 'va-vp9', 'va-10bit'] as const;
    const gpu = await gpus.create(dir, { fail: ['session@1=unsupported'], reject });
    const { tools, folders } = gpu;
    const { devices, unavailable } = await detectCapabilities({ tools, folders, signal: never });
    expect(devices).toMatchObject([{ node: gpu.node }]);
    expect(combinations(devices[0]?.encodes ?? [])).toEqual(['h264 8 low', 'h264 8', 'hevc 8 low', 'hevc 8']);
    expect(unavailable.vaapi).toBeUndefined();
    for (const backend of ['qsv-full', 'qsv-encode'] as const)
      expect(unavailable[backend]).toEqual({
        cause: 'no-session',
        message: expect.stringMatching(new RegExp(`^no session on ${gpu.node}: .*MFX session`)) as unknown,
      });
  });
});
