import { describe, expect, test } from 'vitest';
import { readPlan } from '../../../src/cli/client/replies.ts';
import { precisionText } from '../../../src/cli/output/precision-text.ts';

describe('a trim in one line', () => {
  test('shows what was copied, what was encoded and how exact it is', () => {
    const precision = {
      method: 'smart-cut',
      copiedFrames: 45,
      encodedFrames: 6,
      encoded: [
        { start: 0, end: 0.1667, frames: 5 },
        { start: 1.6667, end: 1.7, frames: 1 },
      ],
      startErrorSeconds: -0.01,
      endErrorSeconds: 0,
    };
    expect(precisionText(precision)).toBe(
      'smart-cut: 45 frames copied, 6 encoded (0-0.1667 s, 1.6667-1.7 s), start off by -0.01 s, end off by 0 s',
    );
  });

  test('shows why everything was encoded', () => {
    const precision = {
      method: 're-encode',
      copiedFrames: 0,
      encodedFrames: 9,
      encoded: [],
      why: 'blur changes every frame',
    };
    expect(precisionText(precision)).toBe('re-encode: 9 encoded, blur changes every frame');
  });

  test('is absent without a trim', () => {
    expect(precisionText(undefined)).toBeUndefined();
    expect(precisionText(readPlan({ precision: { method: 7 } }).precision)).toBeUndefined();
  });
});
