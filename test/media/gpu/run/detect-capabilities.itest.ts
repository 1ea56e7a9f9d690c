import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectCapabilities } from '../../../../src/media/gpu/run/detect-capabilities.ts';
import { type DeviceFolders, listRenderNodes } from '../../../../src/media/gpu/run/render-nodes.ts';
import { never, tools } from '../../../support/media-tools.ts';

describe('what this machine can do', () => {
  let dir: string;
  let folders: DeviceFolders;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fw-dri-'));
    folders = { dri: join(dir, 'dri'), drmClass: join(dir, 'drm') };
    await mkdir(folders.dri);
  });
  afterEach(() => rm(dir, { recursive: true }));

  const addNode = async (name: string, vendor: string): Promise<void> => {
    const device = join(folders.drmClass, name, 'device');
    await mkdir(device, { recursive: true });
    await writeFile(join(folders.dri, name), '');
    await writeFile(join(device, 'vendor'), `${vendor}\n`);
    await writeFile(join(device, 'device'), '0x56c0\n');
    await symlink('../../../../bus/pci/drivers/i915', join(device, 'driver'));
  };

  it('is read from FFmpeg', async () => {
    const { ffmpeg, encoders, filters, cpus } = await detectCapabilities({ tools, signal: never, folders });
    expect(ffmpeg[0]).toBeGreaterThanOrEqual(5);
    expect(encoders).toContain('libx264');
    expect(filters).toContain('gblur');
    expect(cpus).toBeGreaterThan(0);
  });

  it('includes no GPU backend without a render node, and the reason is that', async () => {
    const { devices, unavailable } = await detectCapabilities({ tools, signal: never, folders });
    expect(devices).toEqual([]);
    for (const backend of ['qsv-full', 'qsv-encode', 'vaapi'] as const)
      expect(unavailable[backend]).toEqual({
        cause: 'no-device',
        message: expect.stringMatching(/^no render node in /) as unknown,
      });
  });

  it('is listed node by node', async () => {
    await addNode('renderD129', '0x10de');
    await addNode('renderD128', '0x8086');
    await writeFile(join(folders.dri, 'card0'), '');
    const owner = expect.objectContaining({ uid: process.getuid?.(), mode: 0o644 }) as unknown;
    expect(await listRenderNodes(folders)).toEqual([
      { node: join(folders.dri, 'renderD128'), vendor: '0x8086', device: '0x56c0', driver: 'i915', owner },
      {
        node: join(folders.dri, 'renderD129'),
        vendor: '0x10de',
        device: '0x56c0',
        driver: 'i915',
        owner,
        problem: { cause: 'not-intel', message: 'not an Intel GPU (vendor 0x10de): NVIDIA' },
      },
    ]);
  });

  it.each([
    ['a folder', (node: string) => mkdir(node)],
    ['a link to itself', (node: string) => symlink(node, node)],
    ['a link to nothing', (node: string) => symlink('/nonexistent', node)],
  ])('lists a node that is %s', async (_what, make) => {
    await make(join(folders.dri, 'renderD128'));
    const { devices, unavailable } = await detectCapabilities({ tools, signal: never, folders });
    expect(devices).toEqual([]);
    expect(unavailable['qsv-full']?.message).toMatch(/renderD128(: it cannot be used \(E| could not be opened: )/);
    expect(unavailable['qsv-full']?.cause).toMatch(/^(no-permission|device-not-opened)$/);
  });

  it('takes nothing but numbers from the kernel, however much is written there', async () => {
    await addNode('renderD128', `0x8086${'f'.repeat(100_000)}`);
    await addNode('renderD129', '0x8086\u001b[31m');
    await addNode(`renderD${'9'.repeat(30)}`, '0x8086');
    const nodes = await listRenderNodes(folders);
    expect(nodes.map(({ node, vendor }) => [node, vendor])).toEqual([
      [join(folders.dri, 'renderD128'), undefined],
      [join(folders.dri, 'renderD129'), undefined],
    ]);
  });

  it('is no GPU backend with the GPU of another maker', async () => {
    await addNode('renderD128', '0x1002');
    const { unavailable } = await detectCapabilities({ tools, signal: never, folders });
    expect(unavailable['qsv-full']).toEqual({
      cause: 'not-intel',
      message: expect.stringContaining('not an Intel GPU (vendor 0x1002)') as unknown,
    });
  });

  it('is no GPU backend when the trial encodes fail, whatever FFmpeg lists', async () => {
    await addNode('renderD128', '0x8086');
    const { devices, encoders, unavailable } = await detectCapabilities({
      tools,
      signal: never,
      folders,
      cacheDir: join(dir, 'cache'),
    });
    expect(encoders).toContain('h264_qsv');
    expect(devices).toEqual([]);
    expect(unavailable['qsv-full']).toEqual({
      cause: 'device-not-opened',
      message: expect.stringMatching(/renderD128 could not be opened: \S/) as unknown,
    });
  });

  it('is cached between processes, and a damaged cache does no harm', async () => {
    const cacheDir = join(dir, 'cache');
    const find = (name: string) => {
      // Each name is a detection of its own within this process.
      const own = { ...folders, drmClass: join(dir, name) };
      return detectCapabilities({ tools, signal: never, folders: own, cacheDir });
    };
    const first = await find('first');
    const [file = ''] = await readdir(cacheDir);
    await writeFile(join(cacheDir, file), JSON.stringify({ encoders: ['libmemory'], filters: [] }));
    expect([...(await find('second')).encoders]).toEqual(['libmemory']);
    await writeFile(join(cacheDir, file), 'half of a fi');
    expect(await find('third')).toEqual(first);
  });

  it('is detected again for the same FFmpeg in another environment, which may load another driver', async () => {
    const program = join(dir, 'ffmpeg');
    const banner = 'echo "ffmpeg version 5.1-$LIBVA_DRIVER_NAME"';
    await writeFile(program, `#!/bin/sh\n[ "$2" = -version ] && ${banner} || echo ' V..... libnone none'\n`, {
      mode: 0o755,
    });
    const find = (driver: string) => {
      const env = { ...tools.env, LIBVA_DRIVER_NAME: driver };
      return detectCapabilities({ tools: { ...tools, ffmpeg: program, env }, signal: never, folders });
    };
    expect((await find('iHD')).ffmpegVersion).toContain('iHD');
    expect((await find('i965')).ffmpegVersion).toContain('i965');
  });

  it('is detected again after a while where no GPU can be used, in case it was repaired', async () => {
    const find = (retryMs: number) => detectCapabilities({ tools, signal: never, folders, retryMs });
    expect((await find(0)).unavailable['qsv-full']?.message).toContain('no render node');
    await addNode('renderD128', '0x1002');
    const second = await find(60_000);
    expect(second.unavailable['qsv-full']?.message).toContain('not an Intel GPU');
    expect(await find(60_000)).toBe(second);
  });

  it('ends its processes when the last caller stops waiting', async () => {
    const program = join(dir, 'ffmpeg');
    const pidFile = join(dir, 'pid');
    await writeFile(program, `#!/bin/sh\necho $$ > '${pidFile}'\nexec sleep 60\n`, { mode: 0o755 });
    const own = { ...tools, ffmpeg: program };
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [first, second].map(({ signal }) => detectCapabilities({ tools: own, signal, folders }));
    const settled = Promise.allSettled(waiting);
    const isRunning = async (): Promise<boolean> => {
      const pid = Number(await readFile(pidFile, 'utf8').catch(() => '0'));
      return pid > 0 && existsSync(`/proc/${pid}`);
    };
    await expect.poll(isRunning).toBe(true);
    first.abort(new Error('the first has left'));
    await expect(waiting[0]).rejects.toThrow('the first has left');
    expect(await isRunning()).toBe(true);
    second.abort(new Error('and the second'));
    await settled;
    await expect.poll(isRunning).toBe(false);
  });

  it('cannot be detected without FFmpeg, nor with one that is too old', async () => {
    const missing = { ...tools, ffmpeg: '/no/such/ffmpeg' };
    await expect(detectCapabilities({ tools: missing, signal: never, folders })).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
    });
    const old = { ...tools, ffmpeg: join(import.meta.dirname, '../../../fixtures/old-ffmpeg.sh') };
    await expect(detectCapabilities({ tools: old, signal: never, folders })).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: 'Expected FFmpeg 5.1 or later, got 4.4.2-0ubuntu0.22.04.1',
    });
  });
});
