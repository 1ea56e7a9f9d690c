import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Output } from '../../src/model/job/output.ts';
import { describeOnSoftwareGpu } from '../support/software-gpu.ts';
import { eventsOf } from '../support/software-gpu-trace.ts';
import { parsePlaylist } from '../support/stream-set.ts';
import { type Bench, createBench, makeClip, stageOf } from '../support/worker-harness.ts';
import { runStageOn } from '../support/worker-run.ts';

const run = promisify(execFile);
const heights = [180, 120, 90] as const;

describeOnSoftwareGpu('a ladder on the GPU', (gpus) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await createBench();
    await makeClip(join(bench.objects, 'clip.mp4'), 4);
  });
  afterAll(() => bench.close());

  const ladder = (codec: 'h264' | 'hevc' | 'av1' | 'vp9'): Output => ({
    container: 'hls',
    segmentDuration: 2,
    video: { codec, preset: 'performance', bitrate: '500k', keyframeInterval: 1 },
    renditions: heights.map((height) => ({ name: `${height}p`, video: { resolution: { height } } })),
  });

  const packets = async (path: string): Promise<string[]> => {
    const argv = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=flags', '-of', 'csv=p=0', path];
    const { stdout } = await run('ffprobe', argv);
    return stdout.trim().split('\n');
  };

  it.each([
    ['h264', 1],
    ['hevc', 2],
    ['av1', 3],
    ['vp9', 4],
  ] as const)(
    'of %s is decoded once and encoded three times, key frames on the same frames',
    async (codec, attempt) => {
      const gpu = await gpus.create(bench.dir);
      const identity = { namespace: 'default', name: 'job', uid: 'uid', attempt, stage: 'render' };
      const spec = stageOf({ identity, operations: [], output: ladder(codec), acceleration: 'Required' });
      const result = await runStageOn(bench, spec, gpus, gpu);
      expect(result.error, JSON.stringify(result.error)).toBeUndefined();
      expect(result).toMatchObject({ exitCode: 0, processes: 1, acceleration: { backend: 'qsv-full', fallbacks: [] } });

      const trace = await gpu.trace();
      // What checks the segments afterwards decodes in main memory.
      expect(eventsOf(trace, 'decode.init')).toHaveLength(1);
      const encoders = eventsOf(trace, 'encode.init');
      expect(encoders.map(({ height }) => height).toSorted((a, b) => b - a)).toEqual([...heights]);
      for (const { gop, adaptiveI, idrInterval } of encoders) {
        expect(gop).toBe(25);
        expect(adaptiveI).not.toBe(true);
        // An I frame of HEVC is an IDR frame only where its interval says so; with the others 0 means each of them.
        expect(idrInterval).toBe(codec === 'hevc' ? 1 : 0);
      }
      for (const height of heights) {
        const playlist = join(bench.objects, `uid-${attempt}-video_${height}p.m3u8`);
        const { segments } = parsePlaylist(await readFile(playlist, 'utf8'));
        expect(segments.map(({ duration }) => duration)).toEqual([2, 2]);
        const flags = await packets(playlist);
        expect(flags).toHaveLength(100);
        expect(flags.flatMap((flag, index) => (flag.startsWith('K') ? [index] : []))).toEqual([0, 25, 50, 75]);
      }
    },
  );

  it('of separate files is decoded once too', async () => {
    const gpu = await gpus.create(bench.dir);
    const identity = { namespace: 'default', name: 'job', uid: 'uid', attempt: 8, stage: 'render' };
    const { segmentDuration: _none, ...output } = ladder('h264');
    const files = { ...output, container: 'mp4' } as const;
    const result = await runStageOn(bench, stageOf({ identity, operations: [], output: files }), gpus, gpu);
    expect(result).toMatchObject({ exitCode: 0, processes: 1, acceleration: { backend: 'qsv-full' } });
    expect(result.outputs?.map(({ name, height, frames }) => [name, height, frames])).toEqual(
      heights.map((height) => [`${height}p`, height, 100]),
    );
    const trace = await gpu.trace();
    expect(eventsOf(trace, 'decode.init')).toHaveLength(1);
    expect(eventsOf(trace, 'encode.init')).toHaveLength(3);
  });

  it('that fails half-way is encoded again on the next backend, as a whole', async () => {
    const gpu = await gpus.create(bench.dir, { fail: ['encode@60=device-failed'] });
    const identity = { namespace: 'default', name: 'job', uid: 'uid', attempt: 9, stage: 'render' };
    const spec = stageOf({ identity, operations: [], output: ladder('h264') });
    const result = await runStageOn(bench, spec, gpus, gpu);
    expect(result).toMatchObject({ exitCode: 0, acceleration: { backend: 'software' } });
    expect(result.outputs?.find(({ name }) => name === '90p')).toMatchObject({ frames: 100, segments: 2 });
  });
});
