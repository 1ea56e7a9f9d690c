import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { FfmpegError } from '../../../src/media/ffmpeg/run/ffmpeg-process.ts';
import { type StageResult, stageResult } from '../../../src/model/status/result.ts';
import { exitOf, fitResult, jobErrorOf, writeResult } from '../../../src/worker/result/stage-result.ts';
import { it } from '../../support/fixtures.ts';

const text = (longest: number): fc.Arbitrary<string> => fc.string({ maxLength: longest, unit: 'binary', size: 'max' });

const results: fc.Arbitrary<StageResult> = fc.record(
  {
    version: fc.constant(1 as const),
    exitCode: fc.nat(255),
    outputs: fc.array(
      fc.record({
        name: text(40),
        kind: fc.constant('video' as const),
        key: text(255),
        mediaType: text(80),
        bytes: fc.nat(),
        durationSeconds: fc.nat(),
        videoCodec: text(20),
      }),
      { maxLength: 64, size: 'max' },
    ),
    checks: fc.array(
      fc.record({ name: fc.constant('duration' as const), ok: fc.boolean(), expected: text(80), measured: text(80) }),
      { maxLength: 32, size: 'max' },
    ),
    acceleration: fc.record({
      backend: fc.constant('software' as const),
      fallbacks: fc.array(
        fc.record({
          from: fc.constant('vaapi' as const),
          cause: fc.constant('device-failed' as const),
          message: text(160),
        }),
        { maxLength: 5 },
      ),
    }),
    precision: fc.record(
      {
        method: fc.constant('re-encode' as const),
        encodedFrames: fc.nat(),
        startErrorSeconds: fc.integer(),
        why: text(160),
      },
      { requiredKeys: ['method'] },
    ),
    error: fc.record({
      code: fc.constant('INPUT_INVALID' as const),
      message: text(1024),
      remedy: text(1024),
      stderrTail: text(2048),
    }),
    report: fc.constant('reports/uid-1.json'),
  },
  { requiredKeys: ['version', 'exitCode'] },
);

describe('a result', () => {
  it('always fits, stays valid, and keeps its status and the code of its error', () => {
    fc.assert(
      fc.property(results, (result) => {
        const fitted = fitResult(result);
        expect(Buffer.byteLength(JSON.stringify(fitted))).toBeLessThanOrEqual(4096);
        expect(stageResult.safeParse(fitted).success).toBe(true);
        expect(fitted.exitCode).toBe(result.exitCode);
        expect(fitted.error?.code).toBe(result.error?.code);
      }),
      { numRuns: 200 },
    );
  });

  it('that fits is left as it is', () => {
    const result: StageResult = { version: 1, exitCode: 0, checks: [{ name: 'opens', ok: true }] };
    expect(fitResult(result)).toEqual(result);
  });

  it('gives up the log and passed checks before failed ones, and outputs last', () => {
    const output = { name: 'main', kind: 'video', key: 'uid-1-main.mp4', mediaType: 'video/mp4', bytes: 1 } as const;
    const checks = Array.from(
      { length: 32 },
      (_, index) => ({ name: 'duration', ok: index > 0, expected: 'x'.repeat(80) }) as const,
    );
    const error = { code: 'OUTPUT_CONTRACT_FAILED', message: 'too short', stderrTail: 'y'.repeat(2048) } as const;
    const fitted = fitResult({ version: 1, exitCode: 16, outputs: [output], checks, error });
    expect(fitted.outputs).toEqual([output]);
    expect(fitted.checks).toEqual([checks[0]]);
    expect(fitted.error?.message).toBe('too short');
  });

  it('is written whole, under its own name only', async ({ ownScratch: dir }) => {
    await writeResult(join(dir, 'result.json'), { version: 1, exitCode: 0 });
    await writeResult(join(dir, 'result.json'), { version: 1, exitCode: 16 });
    expect(await readdir(dir)).toEqual(['result.json']);
    expect(JSON.parse(await readFile(join(dir, 'result.json'), 'utf8'))).toEqual({ version: 1, exitCode: 16 });
  });
});

describe('an error in a result', () => {
  it('has code, message, remedy and the end of the log of FFmpeg', () => {
    const error = new FfmpegError({ code: 'INPUT_INVALID', message: 'FFmpeg said: damaged' }, `${'x'.repeat(5000)}end`);
    expect(jobErrorOf(error)).toMatchObject({
      code: 'INPUT_INVALID',
      message: 'FFmpeg said: damaged',
      remedy: error.remedy,
    });
    expect(jobErrorOf(error).stderrTail).toHaveLength(2048);
    expect(jobErrorOf(error).stderrTail).toMatch(/end$/);
  });

  it('shows no query of a URL', () => {
    const error = new CodedError('SOURCE_UNAVAILABLE', 'Expected https://h/a.mp4?sig=SECRET, got nothing');
    expect(jobErrorOf(error).message).not.toContain('SECRET');
  });

  it.each([
    ['SPEC_INVALID', 40],
    ['INTERRUPTED', 143],
    ['STORAGE_FULL', 11],
    ['NOT_FOUND', 19],
  ] as const)('%s exits with %i', (code, status) => {
    expect(exitOf({ code })).toBe(status);
  });
});
