import { describe, expect, it } from 'vitest';
import type { StageResult } from '../../src/model/status/result.ts';
import { classifyRunOutcome, notStarted, type WorkerExit } from '../../src/worker-protocol/run-outcome.ts';

const exit = (code: number | null, signal: NodeJS.Signals | null = null, memoryExhausted = false): WorkerExit => ({
  code,
  signal,
  memoryExhausted,
});
const success: StageResult = { version: 1, exitCode: 0, outputs: [] };
const rejected: StageResult = { version: 1, exitCode: 41, error: { code: 'INPUT_INVALID', message: 'No film.' } };
const interruption: StageResult = {
  version: 1,
  exitCode: 143,
  error: { code: 'INTERRUPTED', message: 'Asked to end.' },
};
const nothing = { missing: 'it left no result' };

describe('classifyRunOutcome', () => {
  it.each([
    [
      'a success is one even when the worker died after it',
      { result: { result: success }, exit: exit(null, 'SIGKILL') },
      { state: 'succeeded', exitCode: 0 },
    ],
    [
      'a success of a worker whose end was not observed is adopted',
      { result: { result: success } },
      { state: 'succeeded', exitCode: 0 },
    ],
    [
      'a success that came before a stop stays one',
      { result: { result: success }, exit: exit(0), stopReason: 'cancelled' },
      { state: 'succeeded' },
    ],
    [
      'a failure has the code and message of its result',
      { result: { result: rejected }, exit: exit(41) },
      { state: 'failed', exitCode: 41, message: 'No film.' },
    ],
    [
      'an interruption is no fault of the job',
      { result: { result: interruption }, exit: exit(143) },
      { state: 'failed', infrastructure: true },
    ],
    ['without result and without witness a run is lost', { result: nothing }, { state: 'lost', infrastructure: true }],
    [
      'without result on shutdown a run is lost',
      { result: nothing, exit: exit(null, 'SIGKILL'), shutdown: true },
      { state: 'lost', infrastructure: true, exitCode: 137 },
    ],
    [
      'SIGTERM from outside is an interruption',
      { result: nothing, exit: exit(null, 'SIGTERM') },
      { state: 'failed', infrastructure: true, exitCode: 143, result: { error: { code: 'INTERRUPTED' } } },
    ],
    [
      'exit code 143 is the same',
      { result: nothing, exit: exit(143) },
      { state: 'failed', infrastructure: true, result: { error: { code: 'INTERRUPTED' } } },
    ],
    [
      'an exit code without a result is not believed',
      { result: nothing, exit: exit(41) },
      { state: 'failed', exitCode: 41, result: { error: { code: 'WORKER_CRASHED' } } },
    ],
    [
      'success without a result is a crash',
      { result: nothing, exit: exit(0) },
      { state: 'failed', exitCode: 0, result: { error: { code: 'WORKER_CRASHED' } } },
    ],
    [
      'a fault of memory is a crash',
      { result: nothing, exit: exit(null, 'SIGSEGV') },
      { state: 'failed', exitCode: 139, result: { error: { code: 'WORKER_CRASHED' } } },
    ],
    [
      'a stop that had to be hard is an interruption',
      { result: nothing, exit: exit(null, 'SIGKILL'), stopReason: 'timeout' },
      { state: 'failed', exitCode: 137, result: { error: { code: 'INTERRUPTED' } } },
    ],
  ] as const)('%s', (_, observation, expected) => {
    expect(classifyRunOutcome(observation)).toMatchObject(expected);
  });

  it('charges the job for what is its own', () => {
    expect(classifyRunOutcome({ result: { result: rejected }, exit: exit(41) })).not.toHaveProperty('infrastructure');
    expect(classifyRunOutcome({ result: nothing, exit: exit(null, 'SIGKILL') })).not.toHaveProperty('infrastructure');
  });

  it('says whether the kernel ended processes for want of memory', () => {
    expect(classifyRunOutcome({ result: nothing, exit: exit(null, 'SIGKILL', true) })).toHaveProperty(
      'message',
      expect.stringContaining('was out of memory'),
    );
    expect(classifyRunOutcome({ result: nothing, exit: exit(null, 'SIGKILL', false) })).toHaveProperty(
      'message',
      expect.stringContaining('usual cause'),
    );
  });
});

describe('notStarted', () => {
  it('distinguishes a full disk from other reasons, and charges the job for neither', () => {
    const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    expect(notStarted(full)).toMatchObject({
      state: 'failed',
      infrastructure: true,
      result: { error: { code: 'STORAGE_FULL' } },
    });
    expect(notStarted(new Error('spawn ENOENT'))).toMatchObject({
      infrastructure: true,
      result: { error: { code: 'WORKER_CRASHED' } },
    });
  });
});
