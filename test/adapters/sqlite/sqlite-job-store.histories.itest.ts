import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../../src/adapters/sqlite/database.ts';
import { SqliteJobStore } from '../../../src/adapters/sqlite/sqlite-job-store.ts';
import { systemClock as clock } from '../../../src/lib/system-clock.ts';
import { canMove, isTerminal, type Phase, phases } from '../../../src/model/status/lifecycle.ts';
import { ConflictError } from '../../../src/ports/job-store.ts';
import { newJob, statusIn } from '../../contract/support.ts';
import { removeFolder, temporaryFolder } from '../processes/runner-setup.ts';

/** What the model knows of one job. */
interface Known {
  readonly uid: string;
  readonly version: bigint;
  readonly generation: number;
  readonly phase: Phase;
  readonly priority: number | undefined;
}

const name = fc.constantFrom('a', 'b', 'c');
const action = fc.oneof(
  fc.record({ type: fc.constant('create' as const), name }),
  fc.record({
    type: fc.constant('patch' as const),
    name,
    priority: fc.integer({ min: 0, max: 2 }),
    stale: fc.boolean(),
  }),
  fc.record({ type: fc.constant('status' as const), name, phase: fc.constantFrom(...phases), stale: fc.boolean() }),
  fc.record({ type: fc.constant('finalize' as const), name, stale: fc.boolean() }),
);

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await temporaryFolder();
  database = Database.open(join(folder, 'framewright.db'));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await removeFolder(folder);
});

describe('any history of a job store', () => {
  it('is that of a simple model: versions rise, ends stay, the list is what was made and not removed', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        run += 1;
        const namespace = `run-${run}`;
        const store = new SqliteJobStore(database, { clock, defaultTtlSeconds: 1 });
        const known = new Map<string, Known>();
        let order: string[] = [];
        let newest = 0n;

        for (const step of actions) {
          const ref = { namespace, name: step.name };
          const before = known.get(step.name);
          const version = (stale: boolean): string => (stale ? '0' : String(before?.version));
          if (step.type === 'create') {
            const { job, created } = await store.create(newJob(step.name, { namespace }));
            expect(created).toBe(before === undefined);
            if (before !== undefined) {
              expect(job.metadata.uid).toBe(before.uid);
              continue;
            }
            expect(BigInt(job.metadata.resourceVersion)).toBeGreaterThan(newest);
            newest = BigInt(job.metadata.resourceVersion);
            known.set(step.name, {
              uid: job.metadata.uid,
              version: newest,
              generation: 1,
              phase: 'Queued',
              priority: undefined,
            });
            order = [step.name, ...order];
          } else if (step.type === 'finalize') {
            await store.finalize(ref, step.stale ? 'another' : (before?.uid ?? 'none'));
            if (step.stale || before === undefined) continue;
            known.delete(step.name);
            order = order.filter((other) => other !== step.name);
          } else {
            const write =
              step.type === 'patch'
                ? store.patchSpec(ref, version(step.stale), { priority: step.priority })
                : store.writeStatus(ref, version(step.stale), statusIn(step.phase, { message: String(newest) }));
            const allowed =
              before !== undefined && !step.stale && (step.type === 'patch' || canMove(before.phase, step.phase));
            if (before === undefined || !allowed) {
              const error: unknown = await write.catch((reason: unknown) => reason);
              expect(error).toBeInstanceOf(Error);
              if (before !== undefined && (step.stale || isTerminal(before.phase)))
                expect(error).toBeInstanceOf(ConflictError);
              continue;
            }
            const job = await write;
            const same = step.type === 'patch' && before.priority === step.priority;
            expect(BigInt(job.metadata.resourceVersion) > newest).toBe(!same);
            expect(job.metadata.generation).toBe(before.generation + (step.type === 'patch' && !same ? 1 : 0));
            newest = same ? newest : BigInt(job.metadata.resourceVersion);
            known.set(step.name, {
              ...before,
              version: BigInt(job.metadata.resourceVersion),
              generation: job.metadata.generation,
              phase: step.type === 'status' ? step.phase : before.phase,
              priority: step.type === 'patch' ? step.priority : before.priority,
            });
          }
        }

        const { jobs } = await store.list({ namespace });
        expect(jobs.map(({ metadata }) => metadata.name)).toEqual(order);
        const unfinished = [...known.values()].filter(({ phase }) => !isTerminal(phase)).length;
        expect(await store.count({ namespace, phases: ['Queued', 'Starting', 'Running'] })).toBe(unfinished);
        for (const { metadata, spec, status } of jobs) {
          const { uid, version, generation, phase, priority } = known.get(metadata.name) ?? {};
          expect({
            uid: metadata.uid,
            version: BigInt(metadata.resourceVersion),
            generation: metadata.generation,
          }).toEqual({ uid, version, generation });
          expect({ phase: status?.phase ?? 'Queued', priority: spec.priority }).toEqual({ phase, priority });
        }
      }),
      { numRuns: 60 },
    );
  });
});
