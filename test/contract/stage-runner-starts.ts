import { describe, expect, it } from 'vitest';
import { hasEnded } from '../../src/ports/stage-runner.ts';
import { identityOf, type StageRunnerHarness, slots, stageOf, untilRun } from './stage-runner-harness.ts';
import { readUntil } from './support.ts';

export function stageRunnerStarts(current: () => StageRunnerHarness): void {
  const start = async (...stage: Parameters<typeof stageOf>): Promise<void> =>
    current().runner.start(stageOf(...stage), { pool: current().pool });

  describe('start', () => {
    it('runs one stage of an identity that is started many times, in parallel and after its end', async () => {
      const { runner } = current();
      await Promise.all(Array.from({ length: 20 }, async () => start('brief', identityOf('a'))));
      const first = await untilRun(runner, 'a', hasEnded);
      await start('brief', identityOf('a'));
      expect(await runner.observe('a')).toEqual([first]);
      expect(await current().started()).toEqual(['a-1-render']);
    });

    it('does not run again what has ended before a restart', async () => {
      await start('succeed', identityOf('a'));
      const before = await untilRun(current().runner, 'a', hasEnded);
      const runner = await current().reopen();
      await runner.start(stageOf('succeed', identityOf('a')), { pool: current().pool });
      expect(await runner.observe('a')).toEqual([before]);
      expect(await current().started()).toEqual(['a-1-render']);
    });

    it('lets stages beyond the slots wait and say why, and starts them as slots get free', async () => {
      const { runner } = current();
      for (const uid of ['a', 'b']) await start('hang', identityOf(uid));
      for (const uid of ['c', 'd']) await start('succeed', identityOf(uid));
      const [waiting] = await runner.observe('c');
      expect(waiting?.state).toBe('waiting');
      expect(waiting).toHaveProperty('waitingFor.message', expect.any(String));
      expect(waiting).not.toHaveProperty('startedAt');
      await untilRun(runner, 'a', ({ state }) => state === 'running');
      await runner.stop(identityOf('a'), { graceMs: 5000, reason: 'cancelled' });
      for (const uid of ['c', 'd']) await untilRun(runner, uid, hasEnded);
      const started = (await current().started()).filter((name) => /^[cd]-/.test(name));
      expect(current().inOrder ? started : started.toSorted()).toEqual(['c-1-render', 'd-1-render']);
      expect(await runner.observe('b')).toMatchObject([{ state: 'running' }]);
    });

    it('rejects an unknown pool', async () => {
      const stage = stageOf('succeed', identityOf('a'));
      await expect(current().runner.start(stage, { pool: 'no-such-pool' })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      });
      expect(await current().runner.observe('a')).toEqual([]);
    });

    it('rejects a stage that is too large for an environment variable', async () => {
      const file = 'x'.repeat(1000);
      const inputs = Array.from({ length: 70 }, (_, index) => ({ name: `i${index}`, file }));
      const stage = { ...stageOf('succeed', identityOf('a')), inputs };
      await expect(current().runner.start(stage, { pool: current().pool })).rejects.toMatchObject({
        code: 'SPEC_INVALID',
      });
    });
  });

  describe('observe, watch and slots', () => {
    it('observe knows all attempts of a job, oldest first, and nothing of others', async () => {
      const { runner } = current();
      for (const attempt of [2, 1, 3]) {
        await start('succeed', identityOf('a', attempt));
        await untilRun(runner, 'a', (run) => run.identity.attempt === attempt && hasEnded(run));
      }
      await start('succeed', identityOf('b'));
      expect((await runner.observe('a')).map(({ identity }) => identity)).toEqual(
        [1, 2, 3].map((attempt) => identityOf('a', attempt)),
      );
      expect(await runner.observe('unknown')).toEqual([]);
    });

    it('watch starts with the jobs that have live runs and then reports each start and end', async () => {
      const { runner } = current();
      await start('hang', identityOf('a'));
      const abort = new AbortController();
      const changes = runner.watch(abort.signal)[Symbol.asyncIterator]();
      expect(await readUntil(changes, () => true)).toEqual([{ ref: { namespace: 'media', name: 'job-a' }, uid: 'a' }]);
      await start('succeed', identityOf('b'));
      await readUntil(changes, ({ uid }) => uid === 'b');
      await untilRun(runner, 'b', hasEnded);
      await readUntil(changes, ({ uid }) => uid === 'b');
      let last = changes.next();
      abort.abort();
      // A change that was pending at that moment may still arrive.
      if ((await last).done !== true) last = changes.next();
      expect((await last).done).toBe(true);
    });

    it('watchSlots ends with its signal', async () => {
      const abort = new AbortController();
      const watching = (async () => {
        let changes = 0;
        for await (const _ of current().runner.watchSlots(abort.signal)) changes += 1;
        return changes;
      })();
      abort.abort();
      expect(await watching).toBeLessThanOrEqual(1);
    });

    it('slots returns how many stages may run in parallel', async () => {
      expect(await current().runner.slots()).toMatchObject([{ pool: current().pool, slots }]);
    });
  });
}
