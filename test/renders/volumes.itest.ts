import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workerEnvironment } from '../../src/worker-protocol/environment.ts';
import { testClip } from '../support/test-clip.ts';
import { type Bench, createBench, stageOf } from '../support/worker-harness.ts';

describe('a worker with mounted claims', () => {
  let bench: Bench;
  let volumes: string;

  beforeEach(async () => {
    bench = await createBench();
    volumes = join(bench.dir, 'volumes');
    for (const folder of ['inputs/films/raw', 'outputs/cuts']) await mkdir(join(volumes, folder), { recursive: true });
    await writeFile(join(volumes, 'inputs/films/raw/clip.mp4'), await testClip({ seconds: 1 }));
  });
  afterEach(() => bench.close());

  const start = (path: string, env: Record<string, string> = {}): Promise<number | null> => {
    const stage = stageOf({
      inputs: [{ name: 'main', pvc: { claimName: 'films', path } }],
      operations: [{ mute: {} }],
      output: { destination: { pvc: { claimName: 'cuts', path: 'by/ann' } } },
    });
    return bench.start(stage, { [workerEnvironment.volumesDir]: volumes, ...env }).ended;
  };

  it('reads from one without copying, writes to the other, and leaves the report in the store', async () => {
    expect(await start('raw/clip.mp4')).toBe(0);
    const names = await readdir(join(volumes, 'outputs/cuts/by/ann'));
    expect(names.filter((name) => !name.startsWith('.'))).toEqual(['uid-1-main.mp4']);
    expect(await bench.published()).toEqual([]);
    expect(await readdir(join(bench.objects, 'reports'))).toEqual(['uid-1.json']);
  });

  it('fails for a file that is not on the claim, and without mounted claims', async () => {
    expect(await start('raw/none.mp4')).toBe(43);
    expect(await start('raw/clip.mp4', { [workerEnvironment.volumesDir]: '' })).toBe(48);
    expect(bench.result().error?.message).toMatch(/expected a worker with mounted volumes/);
  });
});
