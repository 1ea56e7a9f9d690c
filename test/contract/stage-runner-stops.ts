import { describe, expect, it } from 'vitest';
import { hasEnded } from '../../src/ports/stage-runner.ts';
import { identityOf, type StageRunnerHarness, slots, stageOf, untilRun } from './stage-runner-harness.ts';

export function stageRunnerStops(current: () => StageRunnerHarness): void {
  async function running(behaviour: 'hang' | 'stubborn', uid: string): Promise<void> {
    const { runner, pool } = current();
    await runner.start(stageOf(behaviour, identityOf(uid)), { pool });
    await untilRun(runner, uid, ({ state }) => state === 'running');
    // Until it has printed its first line it may not hear signals yet.
    const abort = new AbortController();
    for await (const bytes of runner.logs(identityOf(uid), { follow: true, signal: abort.signal })) {
      if (Buffer.from(bytes).includes('still here')) abort.abort();
    }
  }

  describe('stop', () => {
    it('lets a worker end gracefully and keeps its result', async () => {
      const { runner } = current();
      await running('hang', 'a');
      await runner.stop(identityOf('a'), { graceMs: 60_000, reason: 'timeout' });
      expect(await untilRun(runner, 'a', hasEnded)).toMatchObject({
        state: 'failed',
        stopReason: 'timeout',
        exitCode: 143,
        result: { error: { code: 'INTERRUPTED' } },
      });
    });

    it('ends a worker that does not listen once its grace is over', async () => {
      const { runner } = current();
      await running('stubborn', 'a');
      await runner.stop(identityOf('a'), { graceMs: 100, reason: 'cancelled' });
      expect(await untilRun(runner, 'a', hasEnded)).toMatchObject({
        state: 'failed',
        stopReason: 'cancelled',
        exitCode: 137,
      });
    });

    it('shows that a live run was asked to end, and why', async () => {
      const { runner } = current();
      await running('stubborn', 'a');
      await runner.stop(identityOf('a'), { graceMs: 60_000, reason: 'suspended' });
      expect(await runner.observe('a')).toMatchObject([{ state: 'running', stopReason: 'suspended' }]);
    });

    it('keeps the first reason when it is asked again', async () => {
      const { runner } = current();
      await running('hang', 'a');
      await runner.stop(identityOf('a'), { graceMs: 60_000, reason: 'timeout' });
      await runner.stop(identityOf('a'), { graceMs: 60_000, reason: 'deleted' });
      expect(await untilRun(runner, 'a', hasEnded)).toMatchObject({ stopReason: 'timeout' });
    });

    it('ends a waiting stage immediately, and it never runs', async () => {
      const { runner, pool } = current();
      for (let index = 0; index < slots; index += 1) await running('hang', `busy-${index}`);
      await runner.start(stageOf('succeed', identityOf('a')), { pool });
      await runner.stop(identityOf('a'), { graceMs: 60_000, reason: 'cancelled' });
      const [run] = await runner.observe('a');
      expect(run).toMatchObject({ state: 'failed', stopReason: 'cancelled' });
      await runner.start(stageOf('succeed', identityOf('a')), { pool });
      expect(await runner.observe('a')).toEqual([run]);
      expect(await current().started()).not.toContain('a-1-render');
    });

    it('is at peace with a stage that was never started', async () => {
      await expect(
        current().runner.stop(identityOf('unknown'), { graceMs: 0, reason: 'deleted' }),
      ).resolves.toBeUndefined();
    });
  });

  describe('forget', () => {
    it('drops what has ended and keeps what lives', async () => {
      const { runner, pool } = current();
      await runner.start(stageOf('succeed', identityOf('a', 1)), { pool });
      await untilRun(runner, 'a', hasEnded);
      await runner.start(stageOf('hang', identityOf('a', 2)), { pool });
      await untilRun(runner, 'a', ({ identity, state }) => identity.attempt === 2 && state === 'running');
      await runner.forget('a');
      await runner.forget('a');
      expect(await runner.observe('a')).toMatchObject([{ identity: identityOf('a', 2), state: 'running' }]);
    });
  });
}
