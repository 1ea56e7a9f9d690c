import { describe, expect, it } from 'vitest';
import { type BucketLocation, checkBucketLocation } from '../../../src/adapters/object-store/bucket-policy.ts';

const rejectionOf = (
  location: Partial<BucketLocation>,
  buckets: readonly string[] = ['films', 'clips/public/'],
): string => {
  const endpoints = ['http://minio:9000'];
  const policy = { buckets, endpoint: 'https://s3.example.com', endpoints, setting: 'FRAMEWRIGHT_S3_SOURCE_BUCKETS' };
  try {
    checkBucketLocation({ bucket: 'films', key: 'a.mp4', ...location }, policy);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'none';
};

describe('the buckets that jobs may name', () => {
  it.each<Partial<BucketLocation>>([
    {},
    { key: '//a' },
    { key: 'ümläut 🎬.mp4' },
    { key: 'x'.repeat(1024) },
    { key: 'a..b/.c' },
    { bucket: 'clips', key: 'public/a.mp4' },
    { endpoint: 'https://s3.example.com/' },
    { endpoint: 'https://S3.EXAMPLE.com:443/path' },
    { endpoint: 'http://minio:9000' },
  ])('include %j', (location) => {
    expect(rejectionOf(location)).toBe('none');
  });

  it.each<[Partial<BucketLocation>, RegExp]>([
    [{ bucket: 'other' }, /allowed buckets, got other$/],
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
  ])('do not include %j', (location, message) => {
    expect(rejectionOf(location)).toMatch(message);
  });

  it('are none where no setting names one', () => {
    expect(rejectionOf({}, [])).toMatch(/got films$/);
  });

  it('are all that the credentials open with *', () => {
    expect(rejectionOf({ bucket: 'any' }, ['*'])).toBe('none');
    expect(rejectionOf({ bucket: 'any', key: '../a' }, ['*'])).toMatch(/without the parts/);
  });
});
