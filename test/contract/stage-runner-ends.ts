import { describe, expect, it } from 'vitest';
import { type EndedRun, hasEnded } from '../../src/ports/stage-runner.ts';
import { type Behaviour, identityOf, type StageRunnerHarness, stageOf, untilRun } from './stage-runner-harness.ts';

export function stageRunnerEnds(current: () => StageRunnerHarness): void {
  async function endOf(behaviour: Behaviour): Promise<EndedRun> {
    const { runner, pool } = current();
    await runner.start(stageOf(behaviour, identityOf('a')), { pool });
    return untilRun(runner, 'a', hasEnded);
  }

  describe('the end of a run', () => {
    it('is a success with the result of the worker, where and when it ran', async () => {
      const run = await endOf('succeed');
      expect(run).toMatchObject({ state: 'succeeded', exitCode: 0, result: { version: 1, exitCode: 0, processes: 1 } });
      expect(run.node).toEqual(expect.any(String));
      expect(run.finishedAt).toBeGreaterThanOrEqual(run.startedAt ?? Number.POSITIVE_INFINITY);
      expect(run).not.toHaveProperty('waitingFor');
      expect(run).not.toMatchObject({ infrastructure: true });
    });

    it('is a failure with the code that the worker gave', async () => {
      const run = await endOf('fail');
      expect(run).toMatchObject({ state: 'failed', exitCode: 41, result: { error: { code: 'INPUT_INVALID' } } });
      expect(run).not.toMatchObject({ infrastructure: true });
    });

    it('is a crash when there is no result, and keeps the exit code', async () => {
      const run = await endOf('crash');
      expect(run).toMatchObject({ state: 'failed', exitCode: 3, result: { error: { code: 'WORKER_CRASHED' } } });
      expect(run).toHaveProperty('message', expect.stringContaining('exit code 3'));
    });

    it.each(['nonsense', 'verbose'] as const)('is a crash when the result does not count: %s', async (behaviour) => {
      expect(await endOf(behaviour)).toMatchObject({
        state: 'failed',
        exitCode: 0,
        result: { error: { code: 'WORKER_CRASHED' } },
      });
    });

    it('names memory as the likely cause of a kill from outside', async () => {
      const run = await endOf('killed');
      expect(run).toMatchObject({ state: 'failed', exitCode: 137, result: { error: { code: 'WORKER_CRASHED' } } });
      expect(run).toHaveProperty('message', expect.stringContaining('out of memory'));
    });

    it('stays as it is', async () => {
      const run = await endOf('fail');
      await current().runner.stop(identityOf('a'), { graceMs: 0, reason: 'cancelled' });
      expect(await current().runner.observe('a')).toEqual([run]);
      expect(await (await current().reopen()).observe('a')).toEqual([run]);
    });
  });
}
