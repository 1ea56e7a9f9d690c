import { describe, expect, it } from 'vitest';
import { operationType, taggedOperation } from '../../../src/model/job/operations.ts';

describe('a tagged operation', () => {
  it('has the type and the parameters of the one member that is set', () => {
    expect(taggedOperation({ trim: { start: 1 } })).toEqual({ type: 'trim', parameters: { start: 1 } });
    expect(operationType({ mute: {} })).toBe('mute');
  });

  it('is not created from an operation without a member', () => {
    expect(() => taggedOperation({})).toThrow(
      /^Expected an operation with one of transcode, trim, .*, got an empty one$/,
    );
  });
});
