import { describe, expect, it } from 'vitest';
import type { Destination } from '../../../src/model/job/output.ts';
import { outputLocation } from '../../../src/model/job/output-location.ts';

describe('the location of an output', () => {
  it.each<[Destination | undefined, string | undefined]>([
    [undefined, undefined],
    [{ asset: {} }, undefined],
    [{ s3: { bucket: 'out' } }, 's3://out/u-1-main.mp4'],
    [{ s3: { bucket: 'out', prefix: 'for/ann/' } }, 's3://out/for/ann/u-1-main.mp4'],
    [{ pvc: { claimName: 'films', path: 'cut' } }, 'pvc://films/cut/u-1-main.mp4'],
  ])('with the destination %j is %s', (destination, location) => {
    expect(outputLocation({ output: destination && { destination } }, 'u-1-main.mp4')).toBe(location);
  });
});
