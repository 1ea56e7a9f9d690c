import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, TestRunner } from 'vitest';
import { systemFolders } from '../../src/media/gpu/run/render-nodes.ts';
import {
  describeOnSoftwareGpu,
  type Faults,
  realGpuVariable,
  type SoftwareGpu,
  type SoftwareGpus,
} from './software-gpu.ts';
import type { TraceEvent } from './software-gpu-trace.ts';

/** The render node of a real GPU that the owner of the machine wants tests to run on; absent for the software GPU. */
const node = process.env[realGpuVariable] ?? '';

/**
 * Tests that hold on any GPU: what comes out is compared, and what reached the runtime only where it can be known, by
 * `whenTraced`. On the software GPU, or on the real one that FRAMEWRIGHT_TEST_GPU names, with the FFmpeg that
 * FRAMEWRIGHT_TEST_FFMPEG and FRAMEWRIGHT_TEST_FFPROBE name, or the machine's.
 */
export function describeOnGpu(name: string, tests: (gpus: SoftwareGpus) => void): void {
  if (node === '') describeOnSoftwareGpu(name, tests);
  else
    describe(`${name}, on ${node}`, () => {
      tests(realGpus());
    });
}

export function isRealGpu(): boolean {
  return node !== '';
}

/** Assertions on what reached the runtime. On a real GPU they are left out, and the reason is printed. */
export async function whenTraced(
  gpu: SoftwareGpu,
  check: (trace: readonly TraceEvent[]) => void | Promise<void>,
): Promise<void> {
  if (isRealGpu()) say('what reached the runtime is not checked: a real GPU writes no trace');
  else await check(await gpu.trace());
}

/** Skips the current test, with the reason: this GPU cannot do what it tests. */
export function skipOnRealGpu(reason: string): never {
  say(`skipped: ${reason}`);
  TestRunner.getCurrentTest()?.context.skip(reason);
  throw new Error(`Expected to be in a test: ${reason}`);
}

function say(text: string): void {
  // The reporter names neither skipped tests nor assertions that were left out.
  console.error(`${TestRunner.getCurrentTest()?.name ?? 'before the tests'}: ${text}`);
}

function realGpus(): SoftwareGpus {
  if (statSync(node, { throwIfNoEntry: false }) === undefined) {
    throw new Error(`Expected ${realGpuVariable} to name a render node such as /dev/dri/renderD128, got ${node}`);
  }
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  const tools = {
    ffmpeg: process.env['FRAMEWRIGHT_TEST_FFMPEG'] ?? 'ffmpeg',
    ffprobe: process.env['FRAMEWRIGHT_TEST_FFPROBE'] ?? 'ffprobe',
    env,
  };
  const drmClass = process.env['FRAMEWRIGHT_DRM_CLASS_DIR'] ?? systemFolders.drmClass;
  const gpu: SoftwareGpu = {
    tools,
    folders: { dri: dirname(node), drmClass },
    node,
    trace: () => Promise.resolve(skipOnRealGpu('the trace is that of the software GPU')),
    forget: () => Promise.resolve(),
    become: (faults) => Promise.resolve(skipWithFaults(faults)),
  };
  return {
    plain: tools,
    create: (_dir, faults = {}) => {
      skipWithFaults(faults);
      return Promise.resolve(gpu);
    },
  };
}

function skipWithFaults(faults: Faults): void {
  if (Object.keys(faults).length > 0) skipOnRealGpu('a real GPU has no simulated faults');
}
