import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../errors/exit-codes.ts';
import { isRecord } from '../../lib/json.ts';
import { CliError } from '../output/cli-error.ts';
import { isFinished, type JobView, jobView } from '../output/job-view.ts';
import type { ApiClient } from './api-client.ts';
import { bodyBytes } from './body-bytes.ts';
import { EventParser } from './event-stream.ts';

/** How long a server may be away before watching gives up, in milliseconds. */
const patience = 60_000;

export interface Observation {
  readonly view: JobView;
  /** The job as the server sent it, with the latest progress. */
  readonly job: unknown;
}

/**
 * Every change of a job until it ends; the last one is terminal. Live events where the server sends them, and a new
 * look at the job whenever the stream breaks: a server that restarts is waited for.
 *
 * @throws CliError when the job does not exist, or the server stays away for a minute
 */
export async function* watchJob(client: ApiClient, name: string, signal: AbortSignal): AsyncGenerator<Observation> {
  const path = `/apis/render-jobs/${encodeURIComponent(name)}`;
  let awaySince: number | undefined;
  let lastId: string | undefined;
  while (!signal.aborted) {
    try {
      const job = await client.get(path);
      awaySince = undefined;
      const first = { job, view: jobView(job) };
      yield first;
      if (isFinished(first.view)) return;
      for await (const { observation, id } of follow(client, path, job, lastId, signal)) {
        lastId = id ?? lastId;
        if (isFinished(observation.view)) break;
        yield observation;
      }
    } catch (error) {
      if (signal.aborted) return;
      awaySince ??= performance.now();
      if (!isAway(error) || performance.now() - awaySince > patience) throw error;
    }
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
}

/** A server that is not there, or is just starting or ending, may come back. */
function isAway(error: unknown): boolean {
  if (!(error instanceof CliError)) return true;
  return error.exitCode === exitCodes.unreachable || error.exitCode === exitCodes.serverFailed;
}

async function* follow(
  client: ApiClient,
  path: string,
  start: unknown,
  lastId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<{ readonly observation: Observation; readonly id: string | undefined }> {
  const response = await client.stream(`${path}/events`, signal, {
    accept: 'text/event-stream',
    ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
  });
  const parser = new EventParser();
  const decoder = new TextDecoder();
  let job = start;
  for await (const chunk of bodyBytes(response)) {
    for (const { event, data, id } of parser.push(decoder.decode(chunk, { stream: true }))) {
      job = afterEvent(job, event, parse(data));
      yield { observation: { job, view: jobView(job) }, id };
    }
  }
}

function parse(data: string): unknown {
  try {
    const value: unknown = JSON.parse(data);
    return value;
  } catch {
    return undefined;
  }
}

/** The job after an event: `job` carries all of it, `progress` the figures of an attempt; others tell nothing new. */
export function afterEvent(job: unknown, event: string, data: unknown): unknown {
  if (event === 'job' && isRecord(data)) return data;
  if (event !== 'progress' || !isRecord(data) || !isRecord(job)) return job;
  const { attempt, ...progress } = data;
  const status = isRecord(job['status']) ? job['status'] : {};
  return { ...job, status: { ...status, attempt: attempt ?? status['attempt'], progress } };
}
