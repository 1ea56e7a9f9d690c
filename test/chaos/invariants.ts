import { isDeepStrictEqual } from 'node:util';
import { labels } from '../../src/model/labels.ts';
import { canMove, isTerminal } from '../../src/model/status/lifecycle.ts';
import { isLivePod, isOverJob, type Recorded, type Recording } from './history.ts';

export interface Expectation {
  /** Texts that no status and no event may contain. */
  readonly secrets?: readonly string[];
  /** Everything has ended: no Job may be left that could still run. */
  readonly settled?: boolean;
  /**
   * Milliseconds for which a call of one operator may be in flight while another one acts, where two run without a lease:
   * the pod of a Job that was deleted by hand then overlaps with the Job that was just being created. 0 when absent.
   */
  readonly unfencedMs?: number;
}

/**
 * The invariants that a history violates, one line for each, from what the API server has observed: one live Job per stage
 * of an attempt, one live attempt per job, terminal phases, attempts and progress that never decrease, no secret.
 */
export function violations(
  history: readonly Recorded[],
  { secrets = [], settled = false, unfencedMs = 0 }: Expectation = {},
): string[] {
  /** Each with the version at which it was first so. */
  const found = new Map<string, bigint>();
  const jobs = new Map<string, Recording<'Job'>>();
  const pods = new Map<string, Recording<'Pod'>>();
  const before = new Map<string, Recording<'RenderJob'>>();
  /** Jobs one of whose pods has ended: with a backoff limit of 0 they make no other. */
  const spent = new Set<string>();
  /** When deleted Jobs were deleted, and when present ones were created. */
  const removed = new Map<string, number>();
  const made = new Map<string, number>();
  const live = (): Recording<'Job'>[] =>
    [...jobs.values()].filter((job) => !isOverJob(job) && !isSuspended(job) && !spent.has(job.metadata.uid));

  for (const { kind, type, version, receivedAt, afterGap, object } of history) {
    const say = (text: string): void => void (found.has(text) || found.set(text, version));
    const { uid } = object.metadata;
    switch (kind) {
      case 'RenderJob': {
        const known = before.get(uid);
        if (type !== 'DELETED') before.set(uid, object);
        for (const text of backwardSteps(known, object, afterGap)) say(text);
        if (containsSecret(object['status'], secrets)) say(`the status of ${object.metadata.name} contains a secret`);
        break;
      }
      case 'Event':
        if (containsSecret(object, secrets)) say(`event ${object.metadata.name} contains a secret`);
        break;
      case 'Job':
        if (type === 'DELETED') {
          jobs.delete(uid);
          removed.set(uid, receivedAt);
        } else {
          jobs.set(uid, object);
          if (!made.has(uid)) made.set(uid, receivedAt);
        }
        break;
      case 'Pod':
        if (type === 'DELETED') pods.delete(uid);
        else pods.set(uid, object);
        if (type === 'DELETED' || !isLivePod(object)) spent.add(ownerOf(object) ?? uid);
        break;
    }
    if (kind === 'Job' || kind === 'Pod') {
      const alive = live();
      const latest = new Map(alive.map((job) => [stageOf(job), made.get(job.metadata.uid) ?? 0]));
      const counted = [...pods.values()].filter((pod) => {
        const gone = removed.get(ownerOf(pod) ?? '');
        const next = latest.get(stageOf(pod));
        const inFlight = gone !== undefined && next !== undefined && next - gone < unfencedMs;
        return isLivePod(pod) && !inFlight;
      });
      for (const text of crowds(alive, counted)) say(text);
    }
  }
  if (settled)
    for (const { metadata } of live())
      found.set(`the Job ${metadata.name} still lives`, BigInt(metadata.resourceVersion));
  return [...found].map(([text, version]) => `${version}: ${text}`);
}

function backwardSteps(
  known: Recording<'RenderJob'> | undefined,
  { metadata, status }: Recording<'RenderJob'>,
  afterGap: boolean,
): string[] {
  const { name } = metadata;
  const was = known?.status;
  if (was === undefined) return [];
  if (status === undefined) return [`the status of ${name} is gone`];
  const found: string[] = [];
  // Conditions may follow, such as that a webhook was delivered.
  if (isTerminal(was.phase) && !isDeepStrictEqual({ ...was, conditions: 0 }, { ...status, conditions: 0 })) {
    found.push(`${name} was ${was.phase} and its status changed`);
  }
  // A later attempt has been through Queued, whether that was seen or not.
  const unseen = afterGap && status.attempt > was.attempt && canMove(was.phase, 'Queued');
  if (!unseen && !canMove(was.phase, status.phase)) found.push(`${name} went from ${was.phase} to ${status.phase}`);
  if (status.attempt < was.attempt) found.push(`${name} went from attempt ${was.attempt} to ${status.attempt}`);
  if (status.attempt === was.attempt) {
    const [from, to] = [was.progress?.percent ?? 0, status.progress?.percent ?? 0];
    if (to < from) found.push(`${name} went from ${from} % to ${to} % within attempt ${status.attempt}`);
  }
  return found;
}

function crowds(jobs: readonly Recording<'Job'>[], pods: readonly Recording<'Pod'>[]): string[] {
  const stages = new Map<string, Set<string>>();
  const attempts = new Map<string, Set<string>>();
  for (const job of jobs) add(stages, stageOf(job), job.metadata.uid);
  for (const pod of pods) add(stages, stageOf(pod), ownerOf(pod) ?? pod.metadata.uid);
  for (const one of [...jobs, ...pods]) add(attempts, jobOf(one), one.metadata.labels?.[labels.attempt] ?? '');
  return [
    ...[...stages].flatMap(([stage, uids]) => (uids.size > 1 ? [`${uids.size} live Jobs for ${stage}`] : [])),
    ...[...attempts].flatMap(([job, numbers]) =>
      numbers.size > 1 ? [`attempts ${[...numbers].toSorted().join(' and ')} of ${job} are alive together`] : [],
    ),
  ];
}

function add(sets: Map<string, Set<string>>, key: string, value: string): void {
  sets.set(key, (sets.get(key) ?? new Set<string>()).add(value));
}

type Labelled = Recording<'Job'> | Recording<'Pod'>;

function jobOf({ metadata }: Labelled): string {
  return `${metadata.labels?.[labels.job] ?? metadata.name} (${metadata.labels?.[labels.uid] ?? 'no uid'})`;
}

function stageOf(one: Labelled): string {
  const { [labels.attempt]: attempt = '?', [labels.stage]: stage = '?' } = one.metadata.labels ?? {};
  return `${jobOf(one)} attempt ${attempt} stage ${stage}`;
}

function ownerOf({ metadata: { ownerReferences } }: Recording<'Pod'>): string | undefined {
  return ownerReferences?.find(({ controller }) => controller === true)?.uid;
}

/** Asked to end: it makes no further pod, and the one that it has counts for itself. */
function isSuspended({ spec }: Recording<'Job'>): boolean {
  return spec.suspend === true;
}

function containsSecret(value: unknown, secrets: readonly string[]): boolean {
  const text = JSON.stringify(value) ?? '';
  return secrets.some((secret) => text.includes(secret));
}
