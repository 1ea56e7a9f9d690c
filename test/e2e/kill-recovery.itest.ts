import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Standalone } from '../support/standalone.ts';
import { testClip } from '../support/test-clip.ts';

const run = promisify(execFile);
const kills = 50;
const parallelJobs = 4;

const job = z.object({
  metadata: z.object({ name: z.string() }),
  status: z
    .object({
      phase: z.string(),
      finishedAt: z.string().optional(),
      attempts: z.array(z.object({ outcome: z.string().optional() })).optional(),
      result: z.object({ outputs: z.array(z.object({ key: z.string() })) }).optional(),
    })
    .optional(),
});
type Job = z.infer<typeof job>;
const page = z.object({ items: z.array(job), cursor: z.string().optional() });

describe('the server is killed with -9 at random moments of real renders', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'framewright-kill-'));
  });
  afterAll(async () => {
    await rm(dataDir, { recursive: true, force: true });
  });

  it('loses no job, doubles none, leaves no half file and no process behind', async () => {
    const submitted = new Set<string>();
    let videoUrl = '';
    let killedRenders = 0;
    for (let kill = 0; kill < kills; kill++) {
      const server = await Standalone.start({ dataDir, workers: 2 });
      if (kill === 0) videoUrl = await upload(server);
      const unfinished = (await jobs(server)).filter(({ status }) => status?.finishedAt === undefined).length;
      for (let i = unfinished; i < parallelJobs; i++) submitted.add(await submit(server, videoUrl));
      await sleep(Math.random() * 2500);
      killedRenders += (await processesOf(dataDir)).filter((command) => command.includes('worker')).length;
      await server.end('SIGKILL');
    }
    expect(killedRenders).toBeGreaterThan(kills / 5);

    const server = await Standalone.start({ dataDir, workers: 2 });
    try {
      await ended(server);
      const all = await jobs(server);
      expect(new Set(all.map(({ metadata }) => metadata.name))).toEqual(submitted);
      expect(all.map(({ status }) => status?.phase).filter((phase) => phase !== 'Succeeded')).toEqual([]);
      for (const { status } of all) {
        const outcomes = status?.attempts?.map(({ outcome }) => outcome) ?? [];
        expect(outcomes.filter((outcome) => outcome === 'Succeeded')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'Failed')).toEqual([]);
      }

      // One file for each job, each of them whole, and nothing beside them.
      const published = all.flatMap(({ status }) => status?.result?.outputs.map(({ key }) => key) ?? []);
      expect(published).toHaveLength(submitted.size);
      const source = videoUrl.slice(videoUrl.lastIndexOf('/') + 1);
      const objects = join(dataDir, 'objects');
      const files = (await readdir(objects, { withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map(({ name }) => name);
      expect(files.toSorted()).toEqual([...published, source].toSorted());
      const attempts = all.map(({ status }) => status?.attempts?.length ?? 0);
      expect(Math.max(...attempts)).toBeGreaterThan(1);
      for (const key of published) {
        const count = await run('ffprobe', [
          '-v',
          'error',
          '-count_frames',
          '-select_streams',
          'v',
          '-show_entries',
          'stream=nb_read_frames',
          '-of',
          'csv=p=0',
          join(objects, key),
        ]);
        expect(Number.parseInt(count.stdout, 10)).toBe(framesAsked);
      }
    } finally {
      await server.end('SIGTERM');
    }
    expect(await processesOf(dataDir)).toEqual([]);
  }, 600_000);
});

const framesAsked = 75;

async function upload(server: Standalone): Promise<string> {
  const clip = await testClip({ seconds: 5 });
  const response = await server.fetch('/api/assets', {
    method: 'POST',
    body: clip,
    headers: { 'content-type': 'video/mp4' },
  });
  const { url } = z.object({ url: z.string() }).parse(await response.json());
  return `/assets/${url.slice(url.lastIndexOf('/') + 1)}`;
}

async function submit(server: Standalone, videoUrl: string): Promise<string> {
  const response = await server.post('/api/trim', { videoUrl, start: 1, end: 4 });
  expect(response.status).toBe(202);
  return z.object({ jobId: z.string() }).parse(await response.json()).jobId;
}

async function jobs(server: Standalone): Promise<Job[]> {
  const all: Job[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: '100', ...(cursor === undefined ? {} : { cursor }) });
    const { items, cursor: next } = page.parse(await server.json(`/apis/render-jobs?${query.toString()}`));
    all.push(...items);
    cursor = next;
  } while (cursor !== undefined);
  return all;
}

async function ended(server: Standalone): Promise<void> {
  for (let i = 0; i < 600; i++) {
    const unfinished = (await jobs(server)).filter(({ status }) => status?.finishedAt === undefined);
    if (unfinished.length === 0) return;
    await sleep(200);
  }
  throw new Error('Expected all jobs to end within 120 s');
}

/** Command lines of processes that have to do with a data directory. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (text.includes(folder) || environment.includes(folder)) found.push(text.replaceAll('\0', ' '));
  }
  return found;
}
