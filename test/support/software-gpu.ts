import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MediaTools } from '../../src/media/ffmpeg/run/run-tool.ts';
import type { DeviceFolders } from '../../src/media/gpu/run/render-nodes.ts';
import { type StandIn, setUpStandIn } from '../software-gpu/set-up/set-up.ts';
import { quote } from '../software-gpu/set-up/wrappers.ts';
import { readTrace, type TraceEvent } from './software-gpu-trace.ts';

type Status =
  | 'unsupported'
  | 'invalid-parameters'
  | 'memory'
  | 'device-lost'
  | 'device-failed'
  | 'gpu-hang'
  | 'filter-skipped'
  | 'aborted';
type RuntimeStage =
  | 'session'
  | 'encode-query'
  | 'encode-init'
  | 'encode'
  | 'decode-init'
  | 'decode'
  | 'vpp-init'
  | 'vpp';
type DriverStage = 'va-surface' | 'va-config' | 'va-context' | 'va-encode' | 'va-sync';
type Stage = RuntimeStage | DriverStage;

/** What the VA driver does not offer: all encoders, one, one engine, a depth, a rate control. */
type MissingInDriver =
  | 'va-encode'
  | `va-${'h264' | 'hevc' | 'av1' | 'vp9'}`
  | 'va-lowpower'
  | 'va-nolowpower'
  | 'va-10bit'
  | `va-${'cqp' | 'cbr' | 'vbr' | 'icq' | 'qvbr'}`;

/** Faults of the GPU of a test. */
export interface Faults {
  /** What the runtime rejects in queries and when an encoder is opened, and what the VA driver does not offer. */
  readonly reject?: readonly (
    | MissingInDriver
    | 'h264'
    | 'hevc'
    | 'av1'
    | 'vp9'
    | '10bit'
    | 'lowpower'
    | 'nolowpower'
    | 'nohuc'
    | 'extbrc'
    | 'la'
    | 'icq'
    | 'cqp'
    | 'vbr'
    | 'cbr'
    | 'qvbr'
  )[];
  /** From its n-th call in a process on, a stage fails: `encode@40=device-failed`. */
  readonly fail?: readonly `${Stage}@${number}=${Status}`[];
  /** Microseconds that each frame takes in decoder, processor and encoder. */
  readonly delay?: number;
  /** Error number with which the node cannot be opened, for example 13 for EACCES. */
  readonly openErrno?: number;
  /** PCI vendor of the device in hexadecimal, where the kernel shows it and where libdrm does. */
  readonly vendor?: string;
  /** API version that the runtime reports, for example 2.8. */
  readonly api?: string;
}

/** A software GPU and the programs that use it. */
export interface SoftwareGpu {
  readonly tools: MediaTools;
  readonly folders: DeviceFolders;
  /** Its render node. */
  readonly node: string;
  /** Tests check it: a test whose GPU was never used would show nothing. */
  readonly trace: () => Promise<TraceEvent[]>;
  /** Starts a new trace. */
  readonly forget: () => Promise<void>;
  /** From then on it has these faults and no others: a GPU may pass its trial encodes and fail later. */
  readonly become: (faults: Faults) => Promise<void>;
}

export interface SoftwareGpus {
  /** Creates a GPU under a folder; its state is in files, so that child processes use the same. */
  readonly create: (dir: string, faults?: Faults) => Promise<SoftwareGpu>;
  /** The same FFmpeg with no GPU. */
  readonly plain: MediaTools;
}

const environment = { PATH: process.env['PATH'] ?? '' };

function gpusOf(programs: { readonly gpu: string; readonly plain: string }): SoftwareGpus {
  const { plain } = programs;
  return {
    plain: { ffmpeg: join(plain, 'ffmpeg'), ffprobe: join(plain, 'ffprobe'), env: environment },
    create: async (parent, faults = {}) => {
      const dir = await mkdtemp(join(parent, 'gpu-'));
      const folders = { dri: join(dir, 'dri'), drmClass: join(dir, 'class') };
      const node = join(folders.dri, 'renderD128');
      const device = join(folders.drmClass, 'renderD128', 'device');
      await writeNode(node, device);
      const trace = join(dir, 'trace.ndjson');
      const become = async (now: Faults): Promise<void> => {
        await writeFile(join(device, 'vendor'), `0x${now.vendor ?? '8086'}\n`);
        const settings = Object.entries(switches(node, trace, now)).map(([key, value]) => `${key}=${quote(value)}`);
        for (const name of ['ffmpeg', 'ffprobe']) {
          const lines = ['#!/bin/sh', `export ${settings.join(' ')}`, `exec ${quote(join(programs.gpu, name))} "$@"`];
          await writeFile(join(dir, name), `${lines.join('\n')}\n`, { mode: 0o755 });
        }
      };
      await become(faults);
      const tools = { ffmpeg: join(dir, 'ffmpeg'), ffprobe: join(dir, 'ffprobe'), env: environment };
      const forget = () => rm(trace, { force: true });
      return { tools, folders, node, trace: () => readTrace(trace), forget, become };
    },
  };
}

/** A file instead of a device node, and its description by the kernel. */
async function writeNode(node: string, device: string): Promise<void> {
  await mkdir(join(node, '..'), { recursive: true });
  await mkdir(device, { recursive: true });
  await writeFile(node, '');
  await writeFile(join(device, 'device'), '0x56a0\n');
  await symlink('../../../../bus/pci/drivers/i915', join(device, 'driver'));
}

function switches(node: string, trace: string, faults: Faults): Record<string, string> {
  const { reject = [], fail = [], delay, openErrno, vendor, api } = faults;
  return {
    SOFTWARE_GPU_NODE: node,
    SOFTWARE_GPU_TRACE: trace,
    SOFTWARE_GPU_REFUSE: reject.join(','),
    SOFTWARE_GPU_FAIL: fail.join(','),
    SOFTWARE_GPU_DELAY_US: delay === undefined ? '' : String(delay),
    SOFTWARE_GPU_OPEN_ERRNO: openErrno === undefined ? '' : String(openErrno),
    SOFTWARE_GPU_VENDOR: vendor ?? '',
    SOFTWARE_GPU_API: api ?? '',
  };
}

/** Names the render node of a real GPU, on which only the suites run that hold there: see `real-gpu.ts`. */
export const realGpuVariable = 'FRAMEWRIGHT_TEST_GPU';
const real = process.env[realGpuVariable] ?? '';

// Before any test, so that no test's time limit covers the set-up.
const standIn: StandIn =
  real === ''
    ? await setUpStandIn((line) => console.error(line))
    : { absent: `it is about the software GPU's faults and traces, and ${realGpuVariable} asks for ${real}` };

/**
 * Tests that need a GPU. Where the software GPU cannot be built they are one skipped test with the reason; in CI that
 * is a failure.
 */
export function describeOnSoftwareGpu(name: string, tests: (gpus: SoftwareGpus) => void): void {
  describe(name, () => {
    if (standIn.absent === undefined) {
      tests(gpusOf(standIn));
      return;
    }
    const reason = `needs the software stand-in of a GPU: ${standIn.absent}`;
    // The reporter counts skipped tests and does not name them.
    console.error(`${name}: ${reason}`);
    it.skipIf((process.env['CI'] ?? '') === '' || real !== '')(reason, () => expect(standIn.absent).toBeUndefined());
  });
}
