import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobSubjects, parseSubject, progressSubject } from '../../../src/adapters/nats/subject.ts';

const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((one) => one.isWellFormed());
const source = fc.record({ namespace: text, name: text, uid: text, attempt: fc.integer({ min: 1, max: 999_999_999 }) });

describe('the subject of progress', () => {
  it('contains ordinary names unchanged', () => {
    const job = { namespace: 'media', name: 'my-clip', uid: '0b6c-4f', attempt: 2 };
    expect(progressSubject(job)).toBe('framewright.progress.media.my-clip.0b6c-4f.2');
    expect(jobSubjects(job)).toBe('framewright.progress.media.my-clip.0b6c-4f.*');
  });

  it.each(['a.b', '*', '>', 'a b', 'a\r\nPUB x 1', '', '_', '%2e', 'é', '💡'])('keeps %j in one token', (name) => {
    const job = { namespace: name, name, uid: name, attempt: 1 };
    expect(progressSubject(job)).toMatch(/^framewright\.progress(\.[A-Za-z0-9_-]+){3}\.1$/);
    expect(parseSubject(progressSubject(job))).toEqual(job);
  });

  it('is different for every job', () => {
    fc.assert(
      fc.property(source, source, (one, other) => {
        expect(parseSubject(progressSubject(one))).toEqual(one);
        const same = (['namespace', 'name', 'uid', 'attempt'] as const).every((key) => one[key] === other[key]);
        expect(progressSubject(one) === progressSubject(other)).toBe(same);
      }),
    );
  });

  it.each([
    '',
    'framewright.progress',
    'framewright.progress.a.b.c',
    'framewright.progress.a.b.c.1.2',
    'framewright.progress.a.b.c.0',
    'framewright.progress.a.b.c.01',
    'framewright.progress.a.b.c.-1',
    'framewright.progress.a.b.c.1e3',
    'framewright.progress.a.b.c.*',
    'framewright.progress.a..c.1',
    'framewright.progress._61.b.c.1',
    'framewright.progress._2E.b.c.1',
    'framewright.progress._ff.b.c.1',
    'framewright.progress.a%41.b.c.1',
    'framewright.status.a.b.c.1',
  ])('is rejected: %j', (subject) => {
    expect(parseSubject(subject)).toBeUndefined();
  });

  it('never fails on the subject of another publisher', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (subject) => {
        const parsed = parseSubject(subject);
        expect(parsed === undefined || progressSubject(parsed) === subject).toBe(true);
        expect(() => parseSubject(`framewright.progress.${subject}.b.c.1`)).not.toThrow();
      }),
    );
  });
});
