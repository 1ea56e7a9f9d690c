import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generatedName, idempotentJobName, newJobName, retryJobName } from '../../../src/api/jobs/job-names.ts';
import { operationTypes } from '../../../src/model/job/operations.ts';
import { jobName } from '../../../src/model/job/primitives.ts';

const owner = { owner: 'ann', namespace: 'default' };
const anyName = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,42}[a-z0-9])?$/);

describe('a job name', () => {
  it('has the type and the time, and fits into the names of Kubernetes Jobs', () => {
    expect(newJobName('addAudio', 1_709_767_500_000)).toMatch(/^add-audio-1709767500000-[a-z2-7]{10}$/);
    for (const type of [...operationTypes, 'render']) {
      expect(jobName.safeParse(newJobName(type, 9_999_999_999_999)).success).toBe(true);
    }
  });

  it('differs each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => newJobName('trim', 1))).size).toBe(1000);
  });

  it('of an idempotency key is the same for the same owner and key only', () => {
    expect(idempotentJobName(owner, 'k')).toBe(idempotentJobName(owner, 'k'));
    const others = [
      idempotentJobName(owner, 'l'),
      idempotentJobName({ ...owner, owner: 'bob' }, 'k'),
      idempotentJobName({ ...owner, namespace: 'team' }, 'k'),
    ];
    expect(new Set([idempotentJobName(owner, 'k'), ...others]).size).toBe(4);
  });

  it('of an idempotency key changes when characters move between owner and key', () => {
    expect(idempotentJobName({ ...owner, owner: 'ab' }, 'c')).not.toBe(
      idempotentJobName({ ...owner, owner: 'a' }, 'bc'),
    );
  });

  it('is valid for every key, prefix and retry', () => {
    fc.assert(
      fc.property(fc.string(), anyName, fc.boolean(), (key, name, isRetry) => {
        expect(jobName.safeParse(idempotentJobName(owner, key)).success).toBe(true);
        expect(jobName.safeParse(generatedName(`${name}-`)).success).toBe(true);
        expect(jobName.safeParse(retryJobName(name, isRetry)).success).toBe(true);
      }),
    );
  });
});

describe('the name of a retry', () => {
  it('counts up from retry to retry', () => {
    expect(retryJobName('trim-1-a', false)).toBe('trim-1-a-r1');
    expect(retryJobName('trim-1-a-r1', true)).toBe('trim-1-a-r2');
    expect(retryJobName('trim-1-a-r9', true)).toBe('trim-1-a-r10');
  });

  it('does not take the end of an ordinary name for a retry number', () => {
    expect(retryJobName('my-r1', false)).toBe('my-r1-r1');
  });

  it('differs for long names that differ only in the part that is cut off', () => {
    const [one, two] = [`${'a'.repeat(43)}1`, `${'a'.repeat(43)}2`];
    expect(retryJobName(one, false)).not.toBe(retryJobName(two, false));
  });

  it('is never the name of the job itself', () => {
    fc.assert(
      fc.property(anyName, fc.boolean(), (name, isRetry) => {
        expect(retryJobName(name, isRetry)).not.toBe(name);
      }),
    );
  });
});
