import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../../../src/adapters/kubernetes/client/api-error.ts';
import {
  activeState,
  type RoundEnd,
  stateAfterRound,
} from '../../../../../src/adapters/kubernetes/client/watch/reflector-state.ts';

const expired = new ApiError(410, '{"message":"too old resource version"}', 'GET /api/v1/pods');
const broken = new Error('socket hang up');
const quiet: RoundEnd = { version: '7', received: false, error: undefined, lastedMs: 10 };

describe('after a round, the reflector', () => {
  it.each<[string, Partial<RoundEnd>, object]>([
    ['watches on when the watch sent something', { received: true }, { name: 'watching', version: '7', failures: 0 }],
    ['watches on when the watch lasted', { lastedMs: 5_000 }, { name: 'watching', version: '7', failures: 0 }],
    ['backs off from a short watch that sent nothing', {}, { name: 'backing-off', version: '7', failures: 3 }],
    [
      'counts from 1 when the watch sent something and broke',
      { received: true, error: broken },
      { name: 'backing-off', version: '7', failures: 1 },
    ],
    [
      'counts on when the watch broke without an event, however long it lasted',
      { lastedMs: 5_000, error: broken },
      { name: 'backing-off', version: '7', failures: 3 },
    ],
    [
      'reads everything again when the version has expired',
      { received: true, error: expired },
      { name: 'backing-off', version: undefined, failures: 1 },
    ],
    [
      'reads everything again when there is no version yet',
      { version: undefined, error: broken },
      { name: 'backing-off', version: undefined, failures: 3 },
    ],
  ])('%s', (_case, end, state) => {
    expect(stateAfterRound({ ...quiet, ...end }, 2)).toEqual(state);
  });
});

it('a wait is followed by a list without a version, and by a watch with one', () => {
  expect(activeState(undefined, 2)).toEqual({ name: 'listing', failures: 2 });
  expect(activeState('7', 2)).toEqual({ name: 'watching', version: '7', failures: 2 });
});
