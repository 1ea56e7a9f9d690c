import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/media/planning/plan.ts';
import type { VideoOutput } from '../../../src/model/job/output.ts';
import type { StageSpec } from '../../../src/model/job/stage.ts';
import {
  type BackendBench,
  createBackendBench,
  type EncodingBackend,
  type WorkerRun,
} from '../../support/backend-bench.ts';
import { describeOnSoftwareGpu } from '../../support/software-gpu.ts';
import { eventsOf, type TraceEvent } from '../../support/software-gpu-trace.ts';
import { clipFrames, clipSize, makeClips } from './clips.ts';
import { type Likeness, likenesses } from './compare.ts';
import type { Copy, Row } from './rows.ts';

const backends = ['qsv-full', 'qsv-encode', 'vaapi'] as const;
type MatrixBackend = (typeof backends)[number];

const encodings = [
  { name: 'h264', codec: 'h264', bitDepth: 8 },
  { name: 'hevc10', codec: 'hevc', bitDepth: 10 },
  { name: 'hevc8', codec: 'hevc', bitDepth: 8 },
  { name: 'av1', codec: 'av1', bitDepth: 8 },
  { name: 'vp9', codec: 'vp9', bitDepth: 8 },
] as const;
type Encoding = (typeof encodings)[number];

const rate = { mean: 3000, max: 6000 };
const common: VideoOutput = { bitrate: '3M', preset: 'performance', keyframeInterval: 0.4 };

/** A job that encodes a row's video to these encodings from one decode. */
function jobOf(row: Row, wanted: readonly Encoding[]): Partial<StageSpec> {
  const video = { ...common, ...row.video };
  const named = Object.entries(row.others ?? {}).map(([name, asset]) => ({ name, asset }));
  return {
    inputs: [{ name: 'clip', asset: row.input ?? 'clip.mp4' }, ...named],
    operations: [...(row.operations ?? [])],
    output: {
      container: 'mkv',
      video,
      renditions: wanted.map(({ name, codec, bitDepth }) => ({ name, video: { ...video, codec, bitDepth } })),
    },
  };
}

interface ComparedRun extends WorkerRun {
  /** Of each encoding to the video of the software backend. */
  readonly likeness: ReadonlyMap<string, Likeness>;
}

/**
 * Tests of every cell of these rows: each encoding on each backend, as jobs that worker processes run; and of jobs that
 * need no encoder, whatever the backend.
 */
export function describeRows(name: string, rows: readonly Row[], copies: readonly Copy[] = []): void {
  describeOnSoftwareGpu(name, (gpus) => {
    let dir: string;
    let bench: BackendBench;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'fw-backends-'));
      const assets = join(dir, 'assets');
      await makeClips(assets, gpus.plain);
      bench = await createBackendBench(gpus, dir, assets);
    });
    afterAll(async () => {
      await bench.close();
      await rm(dir, { recursive: true });
    });

    const software = new Map<string, Promise<WorkerRun>>();
    const onSoftware = (job: Partial<StageSpec>): Promise<WorkerRun> => {
      const key = JSON.stringify(job);
      const known = software.get(key) ?? bench.run('software', job);
      software.set(key, known);
      return known;
    };

    it.each(copies.map((copy) => [`${copy.operation}: ${copy.what}`, copy] as const))(
      '%s: copies the video, and nothing reaches the GPU',
      async (_name, { operations, others = {} }) => {
        const named = Object.entries(others).map(([input, asset]) => ({ name: input, asset }));
        const inputs = [{ name: 'clip', asset: 'clip.mp4' }, ...named];
        const { result, trace, plan } = await bench.run('qsv-full', {
          inputs,
          operations: [...operations],
          output: {},
        });
        expect(result).toMatchObject({ exitCode: 0, acceleration: { backend: 'copy' } });
        expect(plan?.steps.at(-1)?.argv.join(' ')).toContain('-c:v copy');
        expect(trace).toEqual([]);
      },
    );

    describe.each(rows.map((row) => [`${row.operation}: ${row.what}`, row] as const))('%s', (_name, row) => {
      const wanted = row.sample === true ? encodings.slice(0, 2) : encodings;
      const runs = new Map<EncodingBackend, Promise<ComparedRun>>();
      /** Once for all encodings that are looked at. */
      const ranOn = (backend: MatrixBackend): Promise<ComparedRun> => {
        const known = runs.get(backend) ?? compared(backend);
        runs.set(backend, known);
        return known;
      };
      const compared = async (backend: MatrixBackend): Promise<ComparedRun> => {
        const operations = (backend === 'qsv-full' ? row.alike : undefined) ?? row.operations ?? [];
        const reference = await onSoftware(jobOf({ ...row, operations }, [encodings[0]]));
        const run = await bench.run(backend, jobOf(row, wanted));
        if (run.status !== 0) throw new Error(JSON.stringify(run.result));
        const files = wanted.map((encoding) => run.outputs.get(encoding.name) ?? '');
        const found = await likenesses(gpus.plain, reference.outputs.get('h264') ?? '', files);
        return { ...run, likeness: new Map(found.map((one, index) => [wanted[index]?.name ?? '', one])) };
      };

      describe.each(backends.map((backend) => [backend] as const))('on %s', (backend) => {
        it.each(wanted)('to $codec with $bitDepth bits', async (encoding) => {
          const { result, trace, likeness } = await ranOn(backend);
          const size = row.size ?? clipSize;
          const frames = row.frames ?? clipFrames;
          const output = result.outputs?.find((one) => one.name === encoding.name);
          expect(output).toMatchObject({ ...size, videoCodec: encoding.codec, frames });
          const { mean, worst } = likeness.get(encoding.name) ?? { mean: 0, worst: 0 };
          expect(mean).toBeGreaterThan(35);
          // One frame at another time would be far below.
          expect(worst).toBeGreaterThan(28);
          expectEncoder(trace, backend, encoding, { ...size, frames, frameRate: row.frameRate ?? '25/1' });
        });

        it('where the plan runs it', async () => {
          const { result, trace, plan } = await ranOn(backend);
          const best = backend === 'qsv-full' && row.cpuDecode !== undefined ? 'qsv-encode' : backend;
          expect(result.acceleration).toMatchObject({ backend: best, device: bench.gpu.node });
          const reasons = result.acceleration?.fallbacks.map(({ message }) => message);
          if (backend === 'qsv-full') expect(reasons).toEqual(row.cpuDecode === undefined ? [] : [row.cpuDecode]);
          expectPlacements(trace, plan, best === 'qsv-full' ? row : undefined);
        });
      });
    });
  });
}

interface Encoded {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly frameRate: string;
}

/** What reached the runtime, or the VA driver. */
function expectEncoder(
  trace: readonly TraceEvent[],
  backend: MatrixBackend,
  { codec, bitDepth }: Encoding,
  { width, height, frames, frameRate }: Encoded,
): void {
  const [num = 0, den = 1] = frameRate.split('/').map(Number);
  const asked = { width, height, frameRate, gop: Math.round((0.4 * num) / den), lowPower: true, rateControl: 'VBR' };
  const format = bitDepth === 10 ? 'p010' : 'nv12';
  const bits = { targetKbps: rate.mean, maxKbps: rate.max };
  if (backend === 'vaapi') {
    const inits = eventsOf(trace, 'va.encode.init').filter((one) => one.codec === codec && one.bitDepth === bitDepth);
    expect(inits).toMatchObject([{ ...asked, ...bits, format }]);
    const closes = eventsOf(trace, 'va.encode.close').filter((one) => one.codec === codec);
    for (const close of closes) expect(close).toMatchObject({ frames });
    return;
  }
  const inits = eventsOf(trace, 'encode.init').filter((one) => one.codec === codec && one.bitDepth === bitDepth);
  const lookAheadDepth = codec === 'vp9' ? 0 : 8;
  expect(inits).toMatchObject([{ ...asked, ...bits, format, memory: 'video', targetUsage: 7, lookAheadDepth }]);
  const closes = eventsOf(trace, 'encode.close').filter((one) => one.codec === codec);
  expect(closes.length).toBeGreaterThan(0);
  for (const close of closes) expect(close).toMatchObject({ frames, packets: frames });
}

/** @param row The row, where the backend decodes and filters on the GPU. */
function expectPlacements(trace: readonly TraceEvent[], plan: Plan | undefined, row: Row | undefined): void {
  const processors = eventsOf(trace, 'vpp.init');
  const asked = new Set(processors.flatMap(({ operations }) => operations).filter((one) => one !== 'format'));
  const downloads = processors.filter(({ in: from, out }) => from.memory === 'video' && out.memory === 'system');
  expect([...asked].toSorted()).toEqual(row?.processor ?? []);
  expect(downloads).toHaveLength(row?.downloads ?? 0);
  expect(eventsOf(trace, 'decode.init').length > 0).toBe(row !== undefined);
  const decode = plan?.steps[0]?.placements.find(({ what }) => what === 'decode');
  expect(decode?.runsOn).toBe(row === undefined ? 'cpu' : 'gpu');
}
