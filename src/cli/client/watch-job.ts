import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../../errors/exit-codes.ts';
import { isRecord } from '../../lib/json.ts';
import { CliError } from '../output/cli-error.ts';
import { isFinished, type JobView, jobView } from '../output/job-view.ts';
import type { ApiClient } from './api-client.ts';
import { bodyBytes } from './body-bytes.ts';
import { EventParser } from './event-stream.ts';
import { parsedOrUndefined } from './replies.ts';

/** How long a server may be unavailable before the watch gives up, in milliseconds. */
const patience = 60_000;

export interface Observation {
  readonly view: JobView;
  /** The job as the server sent it, with the latest progress. */
  readonly job: unknown;
}

/**
 * Every change of a job until it ends; the last one is terminal. Live events where the server sends them; the job is read
 * again whenever the stream breaks, so that a watch survives a restart of the server.
 *
 * @throws CliError when the job does not exist, or the server is unavailable for a minute
 */
export async function* watchJob(client: ApiClient, name: string, signal: AbortSignal): AsyncGenerator<Observation> {
  const path = `/apis/render-jobs/${encodeURIComponent(name)}`;
  let unavailableSince: number | undefined;
  let lastId: string | undefined;
  while (!signal.aborted) {
    try {
      const job = await client.get(path);
      unavailableSince = undefined;
      const first = { job, view: jobView(job) };
      yield first;
      if (isFinished(first.view)) return;
      for await (const { observation, id } of follow(client, { path, start: job, lastId, signal })) {
        lastId = id ?? lastId;
        if (isFinished(observation.view)) break;
        yield observation;
      }
    } catch (error) {
      if (signal.aborted) return;
      unavailableSince ??= performance.now();
      if (!isTemporary(error) || performance.now() - unavailableSince > patience) throw error;
    }
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
}

/** A server that is unreachable, or is starting or stopping, may be available soon. */
function isTemporary(error: unknown): boolean {
  if (!(error instanceof CliError)) return true;
  return error.exitCode === exitCodes.unreachable || error.exitCode === exitCodes.serverFailed;
}

async function* follow(
  client: ApiClient,
  {
    path,
    start,
    lastId,
    signal,
  }: {
    readonly path: string;
    readonly start: unknown;
    readonly lastId: string | undefined;
    readonly signal: AbortSignal;
  },
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
      job = afterEvent(job, event, parsedOrUndefined(data));
      yield { observation: { job, view: jobView(job) }, id };
    }
  }
}

/** The job after an event: `job` carries all of it, `progress` the figures of an attempt; others change nothing. */
export function afterEvent(job: unknown, event: string, data: unknown): unknown {
  if (event === 'job' && isRecord(data)) return data;
  if (event !== 'progress' || !isRecord(data) || !isRecord(job)) return job;
  const { attempt, ...progress } = data;
  const status = isRecord(job['status']) ? job['status'] : {};
  return { ...job, status: { ...status, attempt: attempt ?? status['attempt'], progress } };
}
