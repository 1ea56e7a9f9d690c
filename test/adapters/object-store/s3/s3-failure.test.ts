import { describe, expect, it } from 'vitest';
import { s3Failure } from '../../../../src/adapters/object-store/s3/s3-failure.ts';
import { sdkFailure } from './sdk-failure.ts';

describe('a failed call on S3', () => {
  it.each([
    ['NoSuchKey', 404, 'no-object'],
    ['NotFound', 404, 'no-object'],
    ['403', 403, 'denied'],
    ['Unknown', 403, 'denied'],
    ['NoSuchBucket', 404, 'no-bucket'],
    // An unknown name: a 404 may be about anything.
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
  ])('with the name %s and status %s means %s', (name, status, problem) => {
    expect(s3Failure(sdkFailure(name, status)).problem).toBe(problem);
  });

  it('with a code of the system is a failure of the network', () => {
    expect(s3Failure(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toEqual({
      problem: 'unreachable',
      label: 'ECONNRESET',
    });
  });
});
