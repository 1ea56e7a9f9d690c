import { describe, expect, it } from 'vitest';
import { taggedInput } from '../../../src/model/job/inputs.ts';

describe('a tagged input', () => {
  it.each([
    [{ url: 'https://example.com/a.mp4' }, 'url'],
    [{ file: 'a.mp4' }, 'file'],
    [{ asset: 'a.mp4' }, 'asset'],
    [{ s3: { bucket: 'films', key: 'a.mp4' } }, 's3'],
    [{ pvc: { claimName: 'films', path: 'a.mp4' } }, 'pvc'],
  ] as const)('has the one source that is set: %j', (source, type) => {
    expect(taggedInput({ name: 'main', ...source })).toEqual({ name: 'main', type, ...source });
  });

  it('is not created from an input without a source', () => {
    expect(() => taggedInput({ name: 'main' })).toThrow('Expected input main with one of url, file, asset, s3, pvc');
  });
});
