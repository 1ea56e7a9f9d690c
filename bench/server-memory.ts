import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { openDataDirectory } from '../src/adapters/sqlite/data-directory.ts';
import { Database } from '../src/adapters/sqlite/database.ts';
import { SqliteJobStore } from '../src/adapters/sqlite/sqlite-job-store.ts';
import { systemClock } from '../src/lib/system-clock.ts';
import type { RenderJobStatus } from '../src/model/job/render-job.ts';
import { Standalone } from '../test/support/standalone.ts';
import { type Benchmark, median } from './lib/benchmark.ts';
import { runTool } from './lib/run-tool.ts';
import { withFolder } from './lib/with-folder.ts';

const bundle = fileURLToPath(new URL('../dist/framewright.mjs', import.meta.url));
const build = fileURLToPath(new URL('../scripts/build.ts', import.meta.url));
const jobs = 10_000;
const listPage = z.object({ cursor: z.string().optional() });
const waitingShare = 0.2;

export const benchmark: Benchmark = {
  title: `Memory of the server with ${jobs.toLocaleString('en')} jobs in the store`,
  method:
    `The built server (dist/framewright.mjs) with ${jobs} jobs (a fifth of them waiting, the rest succeeded) and no free worker, against the same server with an ` +
    'empty store: the highest resident set (VmHWM) after start, admission of all waiting jobs, and one reading of every list page; medians.',
  goal: 'below 200 MB',
  measure: ({ runs, print }) =>
    withFolder(async (folder) => {
      await runTool(process.execPath, [build]);
      const [full, empty]: [number[], number[]] = [[], []];
      for (let run = 1; run <= runs; run++) {
        full.push(await measure(join(folder, `full-${run}`), jobs));
        empty.push(await measure(join(folder, `empty-${run}`), 0));
        print(`run ${run}: ${full.at(-1)} MB with ${jobs} jobs, ${empty.at(-1)} MB with none`);
      }
      const ratio = median(full) / median(empty);
      return { ours: `${median(full)} MB`, other: `${median(empty)} MB (empty store)`, ratio: ratio.toFixed(2) };
    }),
};

/** Peak resident set of a server, in megabytes of 1,000,000 bytes. */
async function measure(dataDir: string, count: number): Promise<number> {
  await fill(dataDir, count);
  await using server = await Standalone.start({ dataDir, workers: 0, program: bundle });
  for (let page = '/apis/render-jobs?limit=100'; page !== ''; ) {
    const { cursor } = listPage.parse(await server.json(page));
    page = cursor === undefined ? '' : `/apis/render-jobs?limit=100&cursor=${encodeURIComponent(cursor)}`;
  }
  await sleep(5000);
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  const kibibytes = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]);
  return Math.round((kibibytes * 1024) / 1e6);
}

async function fill(dataDir: string, count: number): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  using data = openDataDirectory(dataDir);
  await using database = Database.open(data.database);
  const store = new SqliteJobStore(database, { clock: systemClock, defaultTtlSeconds: 604_800 });
  for (let i = 0; i < count; i++) {
    const spec = { inputs: [{ name: 'main', asset: `clip-${i}.mp4` }], operations: [{ trim: { start: 1, end: 5 } }] };
    const owner = `owner-${i % 50}`;
    const { job } = await store.create({
      namespace: 'default',
      name: `job-${i}`,
      spec,
      labels: { 'framewright.dev/owner': owner },
    });
    if (i >= count * waitingShare)
      await store.writeStatus(job.metadata, job.metadata.resourceVersion, succeeded(job.metadata.uid));
  }
}

function succeeded(uid: string): RenderJobStatus {
  const at = new Date().toISOString();
  return {
    phase: 'Succeeded',
    reason: 'Completed',
    message: 'Rendered on software at 4.2 times real time; all outputs passed their checks.',
    type: 'trim',
    attempt: 1,
    failures: 0,
    disruptions: 0,
    startedAt: at,
    finishedAt: at,
    progress: { percent: 100, step: 'publishing', updatedAt: at },
    attempts: [
      {
        number: 1,
        node: 'box',
        startedAt: at,
        finishedAt: at,
        exitCode: 0,
        outcome: 'Succeeded',
        reason: 'All outputs passed their checks.',
      },
    ],
    result: {
      outputs: [
        {
          name: 'main',
          kind: 'video',
          key: `${uid}-1-main.mp4`,
          mediaType: 'video/mp4',
          bytes: 1_000_000,
          durationSeconds: 4,
          width: 1920,
          height: 1080,
        },
      ],
      acceleration: {
        backend: 'software',
        fallbacks: [{ from: 'qsv-full', cause: 'no-device', message: 'no render node in /dev/dri' }],
      },
      speed: 4.2,
    },
  };
}
