import { expect, it } from 'vitest';
import { endedAttempts } from '../../../src/controller/reconcile/ended-attempts.ts';
import type { Attempt, RenderJobStatus } from '../../../src/model/job/render-job.ts';

const status = (...attempts: Attempt[]): RenderJobStatus => ({
  phase: 'Running',
  reason: 'Rendering',
  message: '',
  attempt: attempts.length,
  failures: 0,
  disruptions: 0,
  attempts,
});
const open = (number: number): Attempt => ({ number });
const ended = (number: number): Attempt => ({ number, outcome: 'Failed' });

it.each<
  readonly [what: string, before: RenderJobStatus | undefined, after: RenderJobStatus, numbers: readonly number[]]
>([
  ['one that ended', status(open(1)), status(ended(1)), [1]],
  ['none that goes on', status(open(1)), status(open(1)), []],
  ['none that had ended before', status(ended(1)), status(ended(1), open(2)), []],
  ['the second after the first', status(ended(1), open(2)), status(ended(1), ended(2)), [2]],
  ['one that starts and ends in one change', undefined, status(ended(1)), [1]],
])('are reported: %s', (_what, before, after, numbers) => {
  expect(endedAttempts(before, after).map(({ number }) => number)).toEqual(numbers);
});
