import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StageSpec } from '../../src/model/job/stage.ts';
import { canMount } from '../support/can-mount.ts';
import { localPolicy, serveContent, startSourceServer } from '../support/source-server.ts';
import {
  type Bench,
  childrenOf,
  createBench,
  mainFile,
  makeClip,
  stageOf,
  stuckFfmpeg,
  untilGone,
} from '../support/worker-harness.ts';

/** Long enough to be interrupted on any machine. */
const slow: Partial<StageSpec> = {
  inputs: [{ name: 'main', asset: 'long.mp4' }],
  output: { video: { preset: 'quality', resolution: { height: 1080 } } },
};

describe('a worker', () => {
  let clips: string;
  let bench: Bench;

  beforeAll(async () => {
    clips = await mkdtemp(join(tmpdir(), 'fw-clips-'));
    await makeClip(join(clips, 'clip.mp4'), 4);
    await makeClip(join(clips, 'silent.mp4'), 2, '320x180', false);
    await makeClip(join(clips, 'long.mp4'), 60, '640x360');
  });
  afterAll(() => rm(clips, { recursive: true }));
  beforeEach(async () => {
    bench = await createBench();
    for (const name of await readdir(clips)) await copyFile(join(clips, name), join(bench.objects, name));
  });
  afterEach(() => bench.close());

  const outcome = async (
    spec: StageSpec,
    extra?: Record<string, string>,
  ): Promise<{ status: number | null; code?: string; message?: string }> => {
    const status = await bench.start(spec, extra).ended;
    const { error, exitCode } = bench.result();
    expect(exitCode).toBe(status);
    return { status, ...(error && { code: error.code, message: error.message }) };
  };

  it('renders, verifies and publishes, and reports its progress', async () => {
    const operations = [{ trim: { start: 0, end: 6 } }];
    const worker = bench.start(stageOf({ ...slow, operations, output: { video: { resolution: { height: 720 } } } }));
    expect(await worker.ended).toBe(0);
    expect(await bench.published()).toEqual(['uid-1-main.mp4']);
    const result = bench.result();
    expect(result.outputs).toMatchObject([
      {
        name: 'main',
        kind: 'video',
        key: 'uid-1-main.mp4',
        mediaType: 'video/mp4',
        durationSeconds: 6,
        height: 720,
        videoCodec: 'h264',
        audioCodec: 'aac',
        frames: 150,
      },
    ]);
    expect(result.checks?.every(({ ok }) => ok)).toBe(true);
    expect(result.acceleration?.fallbacks.map(({ from }) => from)).toContain('qsv-full');
    expect((await stat(bench.resultFile)).size).toBeLessThanOrEqual(4096);

    expect(worker.progress.length).toBeGreaterThanOrEqual(3);
    expect(worker.progress.map(({ sequence }) => sequence)).toEqual(
      worker.progress.map((_message, index) => index + 1),
    );
    const percents = worker.progress.map(({ progress }) => progress.percent);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(percents.some((percent) => percent > 10 && percent < 95)).toBe(true);
    expect(percents.at(-1)).toBe(100);
  });

  it('leaves a full report, and no partial file anywhere', async () => {
    await bench.start(stageOf()).ended;
    const report: unknown = JSON.parse(await readFile(join(bench.objects, bench.result().report ?? ''), 'utf8'));
    expect(report).toMatchObject({
      identity: { uid: 'uid', attempt: 1 },
      processes: [{ name: 'render', backend: 'software' }],
      probes: { main: { video: [{ codec: 'h264' }] } },
    });
    expect(await readdir(join(bench.objects, '.uploads'))).toEqual([]);
  });

  it('writes its progress as lines to stdout without a parent process', async () => {
    const child = spawn(process.execPath, [mainFile, 'worker'], {
      env: bench.environment(stageOf()),
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [lines] = await Promise.all([Array.fromAsync(child.stdout.setEncoding('utf8')), once(child, 'exit')]);
    const messages = lines
      .join('')
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(messages.at(0)).toMatchObject({ type: 'progress', message: { uid: 'uid', attempt: 1, sequence: 1 } });
    expect(messages.at(-1)).toMatchObject({ message: { progress: { percent: 100, step: 'publishing' } } });
    expect(child.exitCode).toBe(0);
  });

  it('replaces files that an earlier run of the same attempt has published', async () => {
    await writeFile(join(bench.objects, 'uid-1-main.mp4'), 'of a run whose result was lost');
    expect(await outcome(stageOf())).toEqual({ status: 0 });
    expect((await stat(join(bench.objects, 'uid-1-main.mp4'))).size).toBe(bench.result().outputs?.[0]?.bytes);
  });

  describe('that is interrupted', () => {
    it('ends FFmpeg, publishes nothing and exits with 143', async () => {
      const worker = bench.start(stageOf(slow));
      await worker.until(({ step, speed }) => step === 'encoding' && speed !== undefined);
      const [ffmpeg] = childrenOf(worker.child.pid ?? 0);
      expect(ffmpeg).toBeDefined();
      worker.child.kill('SIGTERM');
      worker.child.kill('SIGTERM');
      expect(await worker.ended).toBe(143);
      await untilGone(ffmpeg ?? 0);
      expect(await bench.published()).toEqual([]);
      expect(bench.result()).toMatchObject({ exitCode: 143, error: { code: 'INTERRUPTED' } });
    });

    it('exits even when FFmpeg ignores SIGTERM', async () => {
      const worker = bench.start(stageOf(), { FRAMEWRIGHT_FFMPEG: stuckFfmpeg, STUCK_DEAF: '1' });
      await worker.until(({ step }) => step === 'encoding');
      const [ffmpeg] = childrenOf(worker.child.pid ?? 0);
      worker.child.kill('SIGTERM');
      expect(await worker.ended).toBe(143);
      await untilGone(ffmpeg ?? 0);
      expect(bench.result().error?.code).toBe('INTERRUPTED');
    });

    it('by the end of its parent does the same', async () => {
      // Nothing of ours is inherited: a parent that outlived a failed test would keep the test run open for ever.
      const parent = spawn(process.execPath, [join(import.meta.dirname, '../fixtures/worker-parent.ts'), mainFile], {
        env: bench.environment(stageOf(slow), { FRAMEWRIGHT_LOG_LEVEL: 'debug' }),
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let worker = 0;
      let encoders: number[] = [];
      try {
        for await (const line of parent.stdout.setEncoding('utf8')) {
          worker = Number.parseInt(String(line), 10);
          encoders = childrenOf(worker);
          // A short process may be gone before its command line is read.
          const read = encoders.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => ''));
          if ((await Promise.all(read)).some((command) => command.includes('-progress'))) break;
        }
      } finally {
        parent.kill('SIGKILL');
      }
      await untilGone(worker);
      await Promise.all(encoders.map(untilGone));
      expect(await bench.published()).toEqual([]);
      expect(bench.result().error?.code).toBe('INTERRUPTED');
    });
  });

  it('ends an FFmpeg that makes no progress', async () => {
    const spec = stageOf({ stallSeconds: 1 });
    expect(await outcome(spec, { FRAMEWRIGHT_FFMPEG: stuckFfmpeg })).toMatchObject({
      status: 13,
      code: 'FFMPEG_STALLED',
    });
    expect(await bench.published()).toEqual([]);
  });

  it('keeps its deadline', async () => {
    expect(await outcome(stageOf({ ...slow, timeoutSeconds: 2 }))).toMatchObject({
      status: 46,
      code: 'DEADLINE_EXCEEDED',
    });
    expect(await bench.published()).toEqual([]);
  });

  it('publishes nothing that fails its output contract', async () => {
    const spec = stageOf({
      inputs: [{ name: 'main', asset: 'silent.mp4' }],
      output: { contract: { requireAudio: true } },
    });
    expect(await outcome(spec)).toMatchObject({ status: 16, code: 'OUTPUT_CONTRACT_FAILED' });
    expect(await bench.published()).toEqual([]);
    expect(bench.result().checks).toContainEqual({ name: 'audio', ok: false, expected: 'audio', measured: 'no audio' });
  });

  describe('rejects with a code of its own', () => {
    const fileInput = (file: string): StageSpec => stageOf({ inputs: [{ name: 'main', file }] });

    it('an empty file, a text, and a truncated file', async () => {
      await writeFile(join(bench.mediaRoot, 'empty.mp4'), '');
      await writeFile(join(bench.mediaRoot, 'text.mp4'), 'just some words\n'.repeat(100));
      await copyFile(join(clips, 'clip.mp4'), join(bench.mediaRoot, 'cut.mp4'));
      await truncate(join(bench.mediaRoot, 'cut.mp4'), 20_000);
      for (const name of ['empty.mp4', 'text.mp4', 'cut.mp4']) {
        expect(await outcome(fileInput(name))).toMatchObject({ status: 41, code: 'INPUT_INVALID' });
      }
    });

    it('a file that is damaged in the middle', async () => {
      const path = join(bench.mediaRoot, 'damaged.mkv');
      execFileSync('ffmpeg', ['-v', 'error', '-i', join(clips, 'clip.mp4'), '-c', 'copy', path]);
      const bytes = await readFile(path);
      bytes.fill(0x5a, Math.floor(bytes.length / 3), Math.floor(bytes.length / 2));
      await writeFile(path, bytes);
      expect(await outcome(fileInput('damaged.mkv'))).toMatchObject({ status: 41, code: 'INPUT_INVALID' });
      expect(await bench.published()).toEqual([]);
    });

    it('a file that is damaged in the middle, when its streams are only copied', async () => {
      const bytes = await readFile(join(clips, 'clip.mp4'));
      const start = bytes.indexOf('mdat') + 4;
      bytes.fill(0xa5, start + 1000, start + 40_000);
      await writeFile(join(bench.mediaRoot, 'damaged.mp4'), bytes);
      const spec = { ...fileInput('damaged.mp4'), operations: [{ mute: {} }], output: {} };
      expect(await outcome(spec)).toMatchObject({ status: 41, code: 'INPUT_INVALID' });
      expect(await bench.published()).toEqual([]);
    });

    it('audio alone where video is needed', async () => {
      execFileSync('ffmpeg', [
        '-v',
        'error',
        '-i',
        join(clips, 'clip.mp4'),
        '-vn',
        '-c',
        'copy',
        join(bench.mediaRoot, 'tone.m4a'),
      ]);
      const blur = { blur: { regions: [{ x: 0, y: 0, width: 50, height: 50 }] } };
      const spec = { ...fileInput('tone.m4a'), operations: [blur] };
      expect(await outcome(spec)).toMatchObject({ status: 42, code: 'INPUT_UNSUPPORTED' });
    });

    it('a playlist that names other files', async () => {
      const list = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n../objects/clip.mp4\n#EXT-X-ENDLIST\n';
      await writeFile(join(bench.mediaRoot, 'list.mp4'), list);
      expect(await outcome(fileInput('list.mp4'))).toMatchObject({ status: 42, code: 'INPUT_UNSUPPORTED' });
    });

    it('an asset and a file that do not exist', async () => {
      const asset = stageOf({ inputs: [{ name: 'main', asset: 'none.mp4' }] });
      expect(await outcome(asset)).toMatchObject({ status: 43, code: 'SOURCE_NOT_FOUND' });
      expect(await outcome(fileInput('none/at/all.mp4'))).toMatchObject({ status: 43, code: 'SOURCE_NOT_FOUND' });
      await mkdir(join(bench.mediaRoot, 'folder'));
      expect(await outcome(fileInput('folder'))).toMatchObject({ status: 43, code: 'SOURCE_NOT_FOUND' });
    });

    it('a link out of the media root', async () => {
      await symlink(join(clips, 'clip.mp4'), join(bench.mediaRoot, 'link.mp4'));
      expect(await outcome(fileInput('link.mp4'))).toMatchObject({ status: 44, code: 'SOURCE_FORBIDDEN' });
    });

    it('an environment without a stage', async () => {
      expect(await outcome(stageOf({ stallSeconds: -1 }))).toMatchObject({ status: 40, code: 'SPEC_INVALID' });
      expect(await outcome(stageOf(), { FRAMEWRIGHT_STAGE: '{"version":1' })).toMatchObject({ status: 40 });
      expect(await outcome(stageOf(), { FRAMEWRIGHT_MAX_INPUT_BYTES: 'many' })).toMatchObject({
        status: 40,
        message: 'FRAMEWRIGHT_MAX_INPUT_BYTES: must be a number of bytes',
      });
    });

    it('a missing FFmpeg', async () => {
      expect(await outcome(stageOf(), { FRAMEWRIGHT_FFMPEG: '/no/such/ffmpeg' })).toMatchObject({
        status: 47,
        code: 'CAPABILITY_MISSING',
      });
    });
  });

  describe('with an input from the web', () => {
    const allowed = { FRAMEWRIGHT_ALLOWED_SOURCE_RANGES: localPolicy.allowedRanges.join(',') };
    const urlInput = (url: string): StageSpec => stageOf({ inputs: [{ name: 'main', url }] });

    it('resumes after a broken connection, and renders', async () => {
      const server = await startSourceServer();
      const content = await readFile(join(clips, 'clip.mp4'));
      server.handle(
        serveContent(content, {
          etag: '"v1"',
          cutAfter: (request) => (request === 1 ? content.length / 2 : undefined),
        }),
      );
      try {
        expect(await outcome(urlInput(`${server.url}/clip.mp4?signature=secret`), allowed)).toEqual({ status: 0 });
        expect(server.requests[1]?.headers.range).toMatch(/^bytes=[1-9]/);
        expect(await bench.published()).toEqual(['uid-1-main.mp4']);
        expect(await readFile(join(bench.objects, 'reports/uid-1.json'), 'utf8')).not.toContain('secret');
      } finally {
        await server.close();
      }
    });

    it('rejects one that is too large, and removes the downloaded part', async () => {
      const server = await startSourceServer();
      server.handle(serveContent(await readFile(join(clips, 'clip.mp4'))));
      try {
        const limits = { ...allowed, FRAMEWRIGHT_MAX_INPUT_BYTES: '10000' };
        expect(await outcome(urlInput(server.url), limits)).toMatchObject({ status: 45, code: 'FILE_TOO_LARGE' });
      } finally {
        await server.close();
      }
    });

    it.each(['http://127.0.0.1:1/a.mp4', 'http://169.254.169.254/latest/meta-data/'])('rejects %s', async (url) => {
      expect(await outcome(urlInput(url))).toMatchObject({ status: 49, code: 'SOURCE_HOST_NOT_ALLOWED' });
    });

    it('fails when its server is unavailable', async () => {
      expect(await outcome(urlInput('http://127.0.0.1:1/a.mp4'), allowed)).toMatchObject({
        status: 10,
        code: 'SOURCE_UNAVAILABLE',
      });
    });
  });

  describe.runIf(canMount())('whose scratch folder is another file system', () => {
    const mounted = async (size: string, work: (scratch: string) => Promise<void>): Promise<void> => {
      const scratch = join(bench.dir, 'small');
      await mkdir(scratch);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', scratch]);
      try {
        await work(join(scratch, 'run'));
      } finally {
        execFileSync('umount', [scratch]);
      }
    };

    it('fails when it is full, and publishes nothing', async () => {
      await mounted('64k', async (scratch) => {
        expect(await outcome(stageOf(), { FRAMEWRIGHT_SCRATCH_DIR: scratch })).toMatchObject({
          status: 11,
          code: 'STORAGE_FULL',
        });
      });
      expect(await bench.published()).toEqual([]);
    });

    it('fails when only the tracks of a set have room, not their segments', async () => {
      // Two megabits for four seconds are a megabyte, which is there twice while it is cut.
      const video = { preset: 'performance', bitrate: '2M' } as const;
      const operations: StageSpec['operations'] = [{ transcode: { force: true } }];
      const inputs = [{ name: 'main', asset: 'noise.mp4' }];
      const noise = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=4,noise=alls=100:allf=t'];
      execFileSync('ffmpeg', ['-v', 'error', ...noise, '-preset', 'ultrafast', join(bench.objects, 'noise.mp4')]);
      await mounted('1500k', async (scratch) => {
        const spec = stageOf({ inputs, operations, output: { container: 'hls', video } });
        const ended = await outcome(spec, { FRAMEWRIGHT_SCRATCH_DIR: scratch });
        expect(ended).toMatchObject({ status: 11, code: 'STORAGE_FULL' });
        expect(ended.message).toMatch(/segments/);
      });
      expect(await bench.published()).toEqual([]);
    });

    it('copies its outputs to the store', async () => {
      await mounted('64m', async (scratch) => {
        expect(await outcome(stageOf(), { FRAMEWRIGHT_SCRATCH_DIR: scratch })).toEqual({ status: 0 });
      });
      expect(await bench.published()).toEqual(['uid-1-main.mp4']);
    });
  });
});
