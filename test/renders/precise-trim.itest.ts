import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';

const run = promisify(execFile);

describe('an exact trim', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await createBench();
  });
  afterEach(() => bench.close());

  /** A clip of 3 s with a key frame at every 20th of its 90 frames. */
  async function clip(name: string, options: string): Promise<void> {
    const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=192x108:rate=30:duration=3'];
    const audio = ['-f', 'lavfi', '-i', 'sine=duration=3', '-c:a', 'aac'];
    const encode = ['-c:v', 'libx264', '-preset', 'veryfast', '-x264-params', `keyint=20:min-keyint=20:${options}`];
    const argv = ['-v', 'error', ...sources, ...audio, ...encode, '-pix_fmt', 'yuv420p', join(bench.objects, name)];
    await run('ffmpeg', argv);
  }

  const stage = (start: number, end: number, precise?: boolean) =>
    stageOf({
      operations: [{ trim: { start, end, ...(precise !== undefined && { precise }) } }],
      output: {},
    });

  it('copies what it can, and the result says what was copied and how exact the cut is', async () => {
    await clip('clip.mp4', 'bframes=3:b-adapt=0');
    expect(await bench.start(stage(0.51, 2.2)).ended).toBe(0);
    const { precision, acceleration, outputs, checks, processes } = bench.result();
    expect(precision).toEqual({
      method: 'smart-cut',
      copiedFrames: 45,
      encodedFrames: 6,
      encoded: [
        { start: 0, end: 0.1667, frames: 5 },
        { start: 1.6667, end: 1.7, frames: 1 },
      ],
      startErrorSeconds: -0.01,
      endErrorSeconds: 0,
    });
    expect(acceleration?.backend).toBe('software');
    expect(outputs).toMatchObject([{ frames: 51, durationSeconds: 1.7, videoCodec: 'h264' }]);
    expect(checks?.every(({ ok }) => ok)).toBe(true);
    expect(processes).toBe(2);
    expect(await bench.published()).toEqual(['uid-1-main.mp4']);
  });

  it('is encoded as a whole when the pieces do not fit together, and the result says why', async () => {
    // The source already uses the ids that parameter sets of re-encoded frames get.
    await clip('clip.mp4', 'bframes=3:sps-id=15');
    expect(await bench.start(stage(0.5, 2.3)).ended).toBe(0);
    const { precision, outputs, report } = bench.result();
    expect(precision).toMatchObject({ method: 're-encode', copiedFrames: 0, encodedFrames: 54, startErrorSeconds: 0 });
    expect(precision?.why).toContain('different ids of parameter sets');
    expect(outputs).toMatchObject([{ frames: 54, durationSeconds: 1.8 }]);
    const story: unknown = JSON.parse(await readFile(join(bench.objects, report ?? ''), 'utf8'));
    expect(story).toMatchObject({ processes: [{ name: 'pieces' }, { name: 'render' }] });
  });

  it('to a key frame reports its error', async () => {
    await clip('clip.mp4', 'bframes=3');
    expect(await bench.start(stage(0.9, 2.3, false)).ended).toBe(0);
    const { precision, acceleration, outputs } = bench.result();
    expect(acceleration?.backend).toBe('copy');
    expect(precision).toMatchObject({ method: 'keyframe-copy', encodedFrames: 0, startErrorSeconds: -0.2333 });
    expect(precision?.copiedFrames).toBe(outputs?.[0]?.frames);
    expect(Math.abs(precision?.endErrorSeconds ?? 1)).toBeLessThan(0.2);
  });
});
