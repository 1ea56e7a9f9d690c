import { describe, expect, it } from 'vitest';
import { s3Error, s3Failure } from '../../../../src/adapters/object-store/s3/s3-errors.ts';
import { CodedError } from '../../../../src/errors/coded-error.ts';

/** An error as the SDK throws it: the server's code as its name, the request with its signature inside. */
function failure(name: string, httpStatusCode?: number, message = 'AKIDEXAMPLE signed hunter2'): Error {
  const error = new Error(message);
  error.name = name;
  return Object.assign(error, {
    $metadata: { httpStatusCode },
    AWSAccessKeyId: 'AKIDEXAMPLE',
    StringToSign: 'AWS4-HMAC-SHA256 hunter2',
  });
}

describe('a failed call on S3', () => {
  it.each([
    ['NoSuchKey', 404, 'no-object'],
    ['NotFound', 404, 'no-object'],
    ['403', 403, 'denied'],
    ['Unknown', 403, 'denied'],
    ['NoSuchBucket', 404, 'no-bucket'],
    // Named and unknown to us: a 404 may be about anything.
    ['XSomethingNotFound', 404, 'unknown'],
    ['RequestTimeTooSkewed', 403, 'clock'],
    ['ExpiredToken', 400, 'denied'],
    ['PreconditionFailed', 412, 'changed'],
    ['ConditionalRequestConflict', 409, 'taken'],
    ['NotImplemented', 501, 'not-supported'],
    ['SlowDown', 503, 'busy'],
    ['WeirdFailure', 500, 'busy'],
    ['QuotaExceeded', 403, 'full'],
    ['CredentialsProviderError', undefined, 'no-credentials'],
    ['TimeoutError', undefined, 'unreachable'],
  ])('by the name %s and status %s is %s', (name, status, problem) => {
    expect(s3Failure(failure(name, status)).problem).toBe(problem);
  });

  it('by the code of the system is the network', () => {
    expect(s3Failure(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toEqual({
      problem: 'unreachable',
      told: 'ECONNRESET',
    });
  });

  it('without a region says which setting is missing', () => {
    const error = s3Error('read', new Error('Region is missing'), { bucket: 'films' });
    expect([error.message, error.remedy]).toEqual([
      'Expected the bucket films in the region of the settings to read, got no region',
      'Set FRAMEWRIGHT_S3_REGION to the region of the bucket.',
    ]);
  });

  it.each(['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'RequestTimeTooSkewed', 'Odd name: hunter2', 'NoSuchBucket'])(
    'tells nothing of what was signed: %s',
    (name) => {
      const place = { bucket: 'films', endpoint: 'http://me:hunter2@s3:9000/?token=hunter2' };
      const error = s3Error('publish the object a.mp4', failure(name, 403), place);
      expect(error.code).toBe('STORAGE_UNAVAILABLE');
      const { cause } = error;
      const told = [
        error.message,
        error.remedy,
        error.stack,
        cause instanceof Error ? cause.message + cause.stack : '',
      ];
      expect(told.join('\n')).not.toMatch(/hunter2|AKIDEXAMPLE|AWS4/);
      expect(JSON.stringify([error, cause])).not.toMatch(/hunter2|AKIDEXAMPLE|AWS4/);
    },
  );

  it('that has a code already keeps it', () => {
    const error = new CodedError('STORAGE_FULL', 'Expected room, got none');
    expect(s3Error('read', error, { bucket: 'films' })).toBe(error);
  });
});
