import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withinSize } from '../../../src/controller/reconcile/status-size.ts';
import { jsonBytes } from '../../../src/lib/text.ts';
import { bounds } from '../../../src/model/job/bounds.ts';
import { type RenderJobStatus, renderJobStatus } from '../../../src/model/job/render-job.ts';
import { conditionTypes } from '../../../src/model/status/lifecycle.ts';
import { backends } from '../../../src/model/status/result.ts';
import { aStatus } from '../../support/jobs.ts';

const at = '2026-01-01T00:00:00.000Z';
/** Texts that are longest in bytes: ASCII, what JSON escapes, and characters of four bytes, each up to the schema's limit. */
const text = (length: number): fc.Arbitrary<string> =>
  fc
    .record({ unit: fc.constantFrom('a', '"', '\u0001', 'é', '🎬'), share: fc.double({ min: 0, max: 1, noNaN: true }) })
    .map(({ unit, share }) => unit.repeat(Math.floor((length * share) / unit.length)));
const list = <T>(item: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.oneof(fc.array(item, { maxLength: 3 }), fc.array(item, { minLength: maxLength, maxLength }));

const acceleration = fc.record({
  backend: fc.constantFrom(...backends),
  device: text(64),
  fallbacks: fc.array(
    fc.record({ from: fc.constantFrom(...backends), cause: fc.constant('device-failed' as const), message: text(160) }),
    {
      maxLength: backends.length,
    },
  ),
});
const attempt = fc.record({
  number: fc.integer({ min: 1, max: 1000 }),
  jobName: text(253),
  podName: text(253),
  pool: text(63),
  node: text(253),
  acceleration,
  reason: text(bounds.message),
  code: text(40),
});
const output = fc.record({
  name: text(40),
  kind: fc.constant('video' as const),
  key: text(255),
  mediaType: text(80),
  bytes: fc.nat(),
});
const check = fc.record({
  name: fc.constant('duration' as const),
  ok: fc.boolean(),
  expected: text(80),
  measured: text(80),
});
const status: fc.Arbitrary<RenderJobStatus> = fc
  .record(
    {
      message: text(bounds.message),
      attempts: list(attempt, bounds.attemptsKept),
      conditions: fc.constant(conditionTypes).chain((types) =>
        fc.tuple(...types.map(() => text(bounds.message))).map((messages) =>
          types.map((type, index) => ({
            type,
            status: 'True' as const,
            reason: 'Because',
            message: messages[index] ?? '',
            lastTransitionTime: at,
          })),
        ),
      ),
      result: fc.record({ outputs: list(output, bounds.outputs), acceleration, checks: list(check, 32) }),
      error: fc.record({
        code: fc.constant('FFMPEG_FAILED' as const),
        message: text(bounds.message),
        remedy: text(bounds.message),
        stderrTail: text(bounds.stderrTail),
      }),
    },
    { requiredKeys: ['message'] },
  )
  .map((more): RenderJobStatus => ({ ...aStatus(), ...more }));

describe('the size of a status', () => {
  it('is at most 16 KiB, whatever a job went through, and what is left has the form of a status', () => {
    fc.assert(
      fc.property(status, (given) => {
        const fitted = withinSize(given);
        expect(jsonBytes(fitted)).toBeLessThanOrEqual(bounds.statusBytes);
        expect(renderJobStatus.safeParse(fitted).error).toBeUndefined();
        expect(withinSize(fitted)).toBe(fitted);
        expect(fitted).toMatchObject({ phase: given.phase, reason: given.reason, attempt: given.attempt });
        if (given.error !== undefined) expect(fitted.error?.code).toBe(given.error.code);
        // The latest attempt is what people ask about.
        expect(fitted.attempts?.at(-1)?.number).toBe(given.attempts?.at(-1)?.number);
      }),
      { numRuns: 100 },
    );
  });

  it('is left alone when it is small', () => {
    const small = aStatus({ attempts: [{ number: 1, reason: 'It ended.' }] });
    expect(withinSize(small)).toBe(small);
  });

  it('loses the middle of its history before its ends, and texts last', () => {
    const steps = backends
      .slice(0, 4)
      .map((from) => ({ from, cause: 'device-failed' as const, message: 'x'.repeat(160) }));
    const attempts = Array.from({ length: 10 }, (_, index) => ({
      number: index + 1,
      reason: 'r'.repeat(1000),
      acceleration: { backend: 'software' as const, fallbacks: steps },
    }));
    const { attempts: left, message } = withinSize(aStatus({ attempts, message: 'm'.repeat(1000) }));
    expect(left?.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(left?.[0]).toEqual(attempts[0]);
    expect(left?.[9]).toEqual(attempts[9]);
    expect(left?.[4]?.reason?.length).toBeLessThan(210);
    expect(message).toHaveLength(1000);
  });
});
