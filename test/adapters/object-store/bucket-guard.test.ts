import { describe, expect, it } from 'vitest';
import { type BucketRef, createBucketGuard } from '../../../src/adapters/object-store/bucket-guard.ts';

const refusalOf = (place: Partial<BucketRef>, buckets: readonly string[] = ['films', 'clips/public/']): string => {
  const policy = { buckets, endpoint: 'https://s3.example.com', endpoints: ['http://minio:9000'] };
  try {
    createBucketGuard(policy, 'FRAMEWRIGHT_S3_SOURCE_BUCKETS').check({ bucket: 'films', key: 'a.mp4', ...place });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'none';
};

describe('the buckets that jobs may name', () => {
  it.each<Partial<BucketRef>>([
    {},
    { key: '//a' },
    { key: 'ümläut 🎬.mp4' },
    { key: 'x'.repeat(1024) },
    { key: 'a..b/.c' },
    { bucket: 'clips', key: 'public/a.mp4' },
    { endpoint: 'https://s3.example.com/' },
    { endpoint: 'https://S3.EXAMPLE.com:443/path' },
    { endpoint: 'http://minio:9000' },
  ])('include %j', (place) => {
    expect(refusalOf(place)).toBe('none');
  });

  it.each<[Partial<BucketRef>, RegExp]>([
    [{ bucket: 'other' }, /allowed ones, got other$/],
    [{ bucket: 'film' }, /got film$/],
    [{ bucket: 'clips', key: 'private/a.mp4' }, /got clips$/],
    [{ bucket: 'clips', key: 'public' }, /got clips$/],
    [{ key: '../other/a.mp4' }, /without the parts/],
    [{ key: 'a/../../b' }, /without the parts/],
    [{ key: './a' }, /without the parts/],
    [{ key: '..' }, /without the parts/],
    [{ key: 'a\r\nHost: evil' }, /without the parts/],
    [{ key: 'a\0b' }, /without the parts/],
    [{ endpoint: 'http://s3.example.com' }, /endpoint, got s3\.example\.com$/],
    [{ endpoint: 'https://s3.example.com.evil.test' }, /got s3\.example\.com\.evil\.test$/],
    [{ endpoint: 'http://169.254.169.254' }, /got 169\.254\.169\.254$/],
    [{ endpoint: 'http://user:secret@minio:9001/?key=secret' }, /got minio:9001$/],
    [{ endpoint: 'minio' }, /got a text that is no URL$/],
    [{ endpoint: '' }, /got a text that is no URL$/],
  ])('do not include %j', (place, message) => {
    expect(refusalOf(place)).toMatch(message);
  });

  it('are none where no setting names one', () => {
    expect(refusalOf({}, [])).toMatch(/got films$/);
  });

  it('are all that the credentials open with *', () => {
    expect(refusalOf({ bucket: 'any' }, ['*'])).toBe('none');
    expect(refusalOf({ bucket: 'any', key: '../a' }, ['*'])).toMatch(/without the parts/);
  });
});
