// npm run demo: creates its own clip, renders it through the REST API of a real server, and checks every result.
import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { ApiClient } from '../src/cli/client/api-client.ts';
import { outputUrls } from '../src/cli/client/outputs.ts';
import { readJob, type UploadedFile } from '../src/cli/client/replies.ts';
import { watchJob } from '../src/cli/client/watch-job.ts';
import { toCliError } from '../src/cli/output/cli-error.ts';
import { failureText, jobFailure } from '../src/cli/output/failure.ts';
import { jobView } from '../src/cli/output/job-view.ts';
import { paint, processTerminal } from '../src/cli/output/terminal.ts';
import { Board } from './board.ts';
import { factsOf } from './checks.ts';
import { type Render, renders } from './renders.ts';
import { type Outcome, passed, reportText } from './report.ts';
import { startServer } from './server.ts';
import { makeSources, type Sources } from './sources.ts';

const out = join(import.meta.dirname, 'out');
const terminal = processTerminal(process, process.env);
const interrupt = new AbortController();
/** The reply of the Edit API. */
const createdJob = z.object({ jobId: z.string() });
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

try {
  process.exitCode = await demo();
} catch (error) {
  terminal.err(interrupt.signal.aborted ? '\ninterrupted\n' : failureText(toCliError(error), terminal));
  process.exitCode = interrupt.signal.aborted ? 130 : 1;
}

async function demo(): Promise<number> {
  const began = performance.now();
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, 'sources'), { recursive: true });
  say('creating a clip (20 s, 1080p, video and audio), a second one, music and captions');
  const sources = await makeSources(join(out, 'sources'));
  interrupt.signal.throwIfAborted();

  say('starting the server: framewright standalone --port 0 --workers 2');
  await using server = await startServer(join(out, 'server.log'));
  const client = new ApiClient(server);
  say(`uploading the four files to ${server.url}`);
  const uploads = {
    clip: await client.upload(sources.clip),
    second: await client.upload(sources.second),
    music: await client.upload(sources.music),
    captions: await client.upload(sources.captions),
  };

  say(`rendering ${renders.length} jobs, two at a time\n`);
  const board = new Board(
    terminal,
    renders.map(({ title }) => title),
  );
  const finished = await Promise.all(renders.map((render) => run(render, client, uploads, board)));
  interrupt.signal.throwIfAborted();

  say('\nchecking every result: streams, frames, samples');
  const outcomes: Outcome[] = [];
  for (const each of finished) outcomes.push(await checked(each, sources));
  terminal.out(`\n${reportText(outcomes, terminal)}\n\n`);
  const all = outcomes.every(passed);
  const verdict = all ? paint(terminal, 'green', 'all checks passed') : paint(terminal, 'red', 'some checks failed');
  const took = ((performance.now() - began) / 1000).toFixed(0);
  terminal.out(`${verdict} after ${took} s; the files are in ${relative(process.cwd(), out)}/ (play any of them)\n`);
  return all ? 0 : 1;
}

function say(line: string): void {
  terminal.err(`${line}\n`);
}

interface Finished {
  readonly render: Render;
  readonly job: unknown;
  readonly file: string | undefined;
  readonly failure: string | undefined;
}

type Uploads = Readonly<Record<keyof Sources, UploadedFile>>;

/** Sends one request, follows its job to the end and fetches the output. A failure is part of the outcome. */
async function run(render: Render, client: ApiClient, uploads: Uploads, board: Board): Promise<Finished> {
  let job: unknown;
  try {
    const answer = await client.post(render.path, render.body(uploads));
    // The Edit API answers with the id of the job, the Native API with the job itself.
    const created = createdJob.safeParse(answer);
    const name = created.data?.jobId ?? jobView(answer).name;
    for await (const observation of watchJob(client, name, interrupt.signal)) {
      job = observation.job;
      board.show(render.title, observation.view);
    }
    const view = jobView(job);
    if (view.phase !== 'Succeeded') throw jobFailure(view);
    const url = [...outputUrls(job).values()][0];
    if (url === undefined) throw new Error('expected the job to have an output with an address');
    const file = join(out, `${render.title.replaceAll(' ', '-')}.mp4`);
    await client.download(url, file, view.outputs[0]?.bytes);
    return { render, job, file, failure: undefined };
  } catch (error) {
    return { render, job, file: undefined, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function checked({ render, job, file, failure }: Finished, sources: Sources): Promise<Outcome> {
  const view = jobView(job);
  const { startedAt, finishedAt, result } = readJob(job).status ?? {};
  const base = {
    title: render.title,
    ranOn: view.backend ?? '',
    wallSeconds: startedAt && finishedAt ? (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000 : undefined,
    speed: result?.speed,
    file,
  };
  if (file === undefined) return { ...base, facts: undefined, checks: [], failure };
  try {
    const checks = await render.check(file, sources, result?.processes);
    return { ...base, facts: await factsOf(file), checks, failure: undefined };
  } catch (error) {
    return { ...base, facts: undefined, checks: [], failure: error instanceof Error ? error.message : String(error) };
  }
}
