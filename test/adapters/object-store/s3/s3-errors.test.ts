import { describe, expect, it } from 'vitest';
import { s3Error } from '../../../../src/adapters/object-store/s3/s3-errors.ts';
import { CodedError } from '../../../../src/errors/coded-error.ts';
import { sdkFailure } from './sdk-failure.ts';

describe('the error of a failed call on S3', () => {
  it('names the setting of a missing region', () => {
    const error = s3Error('read', new Error('Region is missing'), { bucket: 'films' });
    expect([error.message, error.remedy]).toEqual([
      'Expected the bucket films in the region of the settings to read, got no region',
      'Set FRAMEWRIGHT_S3_REGION to the region of the bucket.',
    ]);
  });

  it.each(['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'RequestTimeTooSkewed', 'Odd name: hunter2', 'NoSuchBucket'])(
    'shows nothing of what was signed: %s',
    (name) => {
      const ref = { bucket: 'films', endpoint: 'http://me:hunter2@s3:9000/?token=hunter2' };
      const error = s3Error('publish the object a.mp4', sdkFailure(name, 403), ref);
      expect(error.code).toBe('STORAGE_UNAVAILABLE');
      const { cause } = error;
      const texts = [
        error.message,
        error.remedy,
        error.stack,
        cause instanceof Error ? cause.message + cause.stack : '',
      ];
      expect(texts.join('\n')).not.toMatch(/hunter2|AKIDEXAMPLE|AWS4/);
      expect(JSON.stringify([error, cause])).not.toMatch(/hunter2|AKIDEXAMPLE|AWS4/);
    },
  );

  it('keeps the code of a coded error', () => {
    const error = new CodedError('STORAGE_FULL', 'Expected room, got a full disk');
    expect(s3Error('read', error, { bucket: 'films' })).toBe(error);
  });
});
