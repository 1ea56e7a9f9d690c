import type { StageIdentity, StageSpec } from '../../src/model/job/stage.ts';
import type { StageRun, StageRunner } from '../../src/ports/stage-runner.ts';

/** What a worker of a test does; see test/fixtures/fake-worker.ts. */
export type Behaviour =
  | 'succeed'
  | 'fail'
  | 'crash'
  | 'killed'
  | 'nonsense'
  | 'verbose'
  | 'flood'
  | 'hang'
  | 'stubborn'
  | 'litter'
  | 'brief'
  | 'report';

/** A runner made for one test, which runs the fake worker in two slots of the pool `pool`. */
export interface StageRunnerHarness extends AsyncDisposable {
  readonly runner: StageRunner;
  readonly pool: string;
  /** Whether waiting stages start in the order in which they were started; in a cluster its scheduler decides that. */
  readonly inOrder: boolean;
  /** Names `<uid>-<attempt>-<stage>` of the workers that were really started, in order. */
  started(): Promise<readonly string[]>;
  /** Ends the adapter in good order and gives a new one on the same runs. */
  reopen(): Promise<StageRunner>;
}

export type MakeStageRunner = () => Promise<StageRunnerHarness>;

export const slots = 2;

export function identityOf(uid: string, attempt = 1): StageIdentity {
  return { namespace: 'media', name: `job-${uid}`, uid, attempt, stage: 'render' };
}

export function stageOf(behaviour: Behaviour, identity: StageIdentity): StageSpec {
  return {
    version: 1,
    identity,
    inputs: [{ name: 'clip', asset: behaviour }],
    operations: [],
    output: {},
    acceleration: 'Preferred',
    timeoutSeconds: 600,
    stallSeconds: 60,
  };
}

/** Watches until a run of the job fits, and returns it. */
export async function untilRun<R extends StageRun>(
  runner: StageRunner,
  uid: string,
  fits: (run: StageRun) => run is R,
): Promise<R>;
export async function untilRun(runner: StageRunner, uid: string, fits: (run: StageRun) => boolean): Promise<StageRun>;
export async function untilRun(runner: StageRunner, uid: string, fits: (run: StageRun) => boolean): Promise<StageRun> {
  const abort = new AbortController();
  try {
    const changes = runner.watch(abort.signal);
    const now = (await runner.observe(uid)).find(fits);
    if (now !== undefined) return now;
    for await (const change of changes) {
      if (change.uid !== uid) continue;
      const run = (await runner.observe(uid)).find(fits);
      if (run !== undefined) return run;
    }
    throw new Error(`Expected a change of ${uid}, got the end of the watch`);
  } finally {
    abort.abort();
  }
}
