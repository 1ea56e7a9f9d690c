import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  outTime,
  type SpeedSegment,
  setptsExpression,
  speedCurve,
  steps,
} from '../../../src/media/filters/speed-curve.ts';

const speed = fc.double({ min: 0.1, max: 16, noNaN: true });
const segments = fc
  .array(
    fc.record({
      gap: fc.double({ min: 0, max: 5, noNaN: true }),
      length: fc.double({ min: 0.05, max: 8, noNaN: true }),
      speed,
      endSpeed: speed,
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => {
    let at = 0;
    return parts.map(({ gap, length, ...speeds }): SpeedSegment => {
      const start = at + gap;
      at = start + length;
      return { start, end: at, ...speeds };
    });
  });

/** The integral of 1 / v by Simpson's rule. */
function simpson({ start, end, speed: v0, endSpeed: v1 }: SpeedSegment, to: number): number {
  const n = 2000;
  const h = (to - start) / n;
  const slowness = (t: number): number => 1 / (v0 + ((v1 - v0) * (t - start)) / (end - start));
  let total = slowness(start) + slowness(to);
  for (let i = 1; i < n; i += 1) total += slowness(start + i * h) * (i % 2 === 1 ? 4 : 2);
  return (total * h) / 3;
}

describe('the curve', () => {
  test('agrees with a numeric integral', () => {
    fc.assert(
      fc.property(
        fc.record({ speed, endSpeed: speed, length: fc.double({ min: 0.1, max: 60, noNaN: true }) }),
        ({ length, ...speeds }) => {
          const segment = { start: 0, end: length, ...speeds };
          const curve = speedCurve([segment], length);
          expect(outTime(curve, length)).toBeCloseTo(simpson(segment, length), 4);
          expect(outTime(curve, length / 2)).toBeCloseTo(simpson(segment, length / 2), 4);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('joins segments whose gap is only the rounding of a number', () => {
    const pieces = speedCurve(
      [
        { start: 0, end: 0.05, speed: 0.1, endSpeed: 0.1 },
        { start: 0.05000000000000001, end: 0.1, speed: 0.1, endSpeed: 0.1 },
      ],
      0.1,
    );
    expect(pieces.map(({ start, end }) => [start, end])).toEqual([
      [0, 0.05],
      [0.05, 0.1],
    ]);
  });

  test('rises, has no gaps, and covers the timeline', () => {
    fc.assert(
      fc.property(segments, fc.double({ min: 0.1, max: 60, noNaN: true }), (parts, duration) => {
        const curve = speedCurve(parts, duration);
        expect(curve[0]?.start).toBe(0);
        expect(curve.at(-1)?.end).toBeCloseTo(duration, 9);
        for (const [index, piece] of curve.entries()) {
          expect(piece.outEnd).toBeGreaterThan(piece.outStart);
          const next = curve[index + 1];
          if (next !== undefined) expect([next.start, next.outStart]).toEqual([piece.end, piece.outEnd]);
        }
        const moments = Array.from({ length: 40 }, (_, index) => outTime(curve, (duration * index) / 39));
        expect(moments).toEqual([...moments].sort((a, b) => a - b));
      }),
    );
  });

  test('steps for the audio end where the curve ends', () => {
    fc.assert(
      fc.property(segments, (parts) => {
        const duration = (parts.at(-1)?.end ?? 0) + 1;
        const curve = speedCurve(parts, duration);
        const pieces = steps(curve, 240);
        expect(pieces.at(-1)?.outEnd).toBeCloseTo(outTime(curve, duration), 6);
        for (const piece of pieces)
          expect((piece.end - piece.start) / piece.speed).toBeCloseTo(piece.outEnd - piece.outStart, 6);
        for (const [index, piece] of pieces.entries())
          expect(piece.outStart).toBeCloseTo(pieces[index - 1]?.outEnd ?? 0, 6);
      }),
    );
  });
});

/** FFmpeg's expression in JavaScript's words, in a realm of its own. */
function evaluate(expression: string, t: number): number {
  const script = expression
    .replaceAll('if(', 'choose(')
    .replaceAll('log(', 'Math.log(')
    .replaceAll('round(', 'Math.round(');
  const choose = (condition: boolean, yes: number, no: number): number => (condition ? yes : no);
  return Number(runInNewContext(script, { T: t, TB: 0.000001, choose, lt: (a: number, b: number) => a < b, Math }));
}

describe('the expression for setpts', () => {
  test('is the curve, to a microsecond', () => {
    fc.assert(
      fc.property(segments, fc.double({ min: 0, max: 1, noNaN: true }), (parts, share) => {
        const duration = (parts.at(-1)?.end ?? 0) + 1;
        const curve = speedCurve(parts, duration);
        const moment = duration * share;
        expect(Math.abs(evaluate(setptsExpression(curve), moment) / 1e6 - outTime(curve, moment))).toBeLessThan(5e-6);
      }),
    );
  });

  test('nests less deep than FFmpeg’s parser allows, with as many segments as a job may have', () => {
    const parts = Array.from({ length: 64 }, (_, index) => ({
      start: index * 2,
      end: index * 2 + 1,
      speed: 2,
      endSpeed: 3,
    }));
    const expression = setptsExpression(speedCurve(parts, 200));
    let depth = 0;
    let deepest = 0;
    for (const character of expression) {
      if (character === '(') deepest = Math.max(deepest, (depth += 1));
      if (character === ')') depth -= 1;
    }
    expect(depth).toBe(0);
    expect(deepest).toBeLessThan(30);
  });
});
