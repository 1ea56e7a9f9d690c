import { describe, expect, it } from 'vitest';
import { hasEnded } from '../../src/ports/stage-runner.ts';
import { identityOf, type StageRunnerHarness, slots, stageOf, untilRun } from './stage-runner-harness.ts';

export function stageRunnerLogs(current: () => StageRunnerHarness): void {
  async function logOf(uid: string, follow: boolean): Promise<string> {
    const { signal } = new AbortController();
    const chunks = await Array.fromAsync(current().runner.logs(identityOf(uid), { follow, signal }));
    return Buffer.concat(chunks).toString();
  }

  describe('logs', () => {
    it('give what an ended stage wrote', async () => {
      const { runner, pool } = current();
      await runner.start(stageOf('succeed', identityOf('a')), { pool });
      await untilRun(runner, 'a', hasEnded);
      expect(await logOf('a', false)).toBe('{"message":"started"}\n');
      expect(await logOf('a', true)).toBe('{"message":"started"}\n');
    });

    it('follow a stage from before its start to its end', async () => {
      const { runner, pool } = current();
      for (let index = 0; index < slots; index += 1)
        await runner.start(stageOf('brief', identityOf(`busy-${index}`)), { pool });
      await runner.start(stageOf('brief', identityOf('a')), { pool });
      expect(await logOf('a', true)).toBe('{"message":"started"}\n');
      expect(await runner.observe('a')).toMatchObject([{ state: 'succeeded' }]);
    });

    it('of a live stage end at its present end without `follow`, and on the signal with it', async () => {
      const { runner, pool } = current();
      await runner.start(stageOf('hang', identityOf('a')), { pool });
      const abort = new AbortController();
      for await (const bytes of runner.logs(identityOf('a'), { follow: true, signal: abort.signal })) {
        if (Buffer.from(bytes).includes('still here')) abort.abort();
      }
      expect(await logOf('a', false)).toContain('still here');
    });

    it('of a stage that was never started are rejected', async () => {
      await expect(logOf('unknown', false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('are gone with what else is forgotten', async () => {
      const { runner, pool } = current();
      await runner.start(stageOf('succeed', identityOf('a')), { pool });
      await untilRun(runner, 'a', hasEnded);
      await runner.forget('a');
      await expect(logOf('a', false)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
