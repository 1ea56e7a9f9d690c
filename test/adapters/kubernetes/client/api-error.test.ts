import { describe, expect, it } from 'vitest';
import {
  ApiError,
  hasStatus,
  isAlreadyExists,
  isConflict,
  isExpired,
  UnreachableError,
} from '../../../../src/adapters/kubernetes/client/api-error.ts';

const status = (reason: string, more: object = {}): string =>
  JSON.stringify({ kind: 'Status', message: 'because', reason, ...more });

describe('a rejection by the API server', () => {
  it('has the call, the status, the reason and the message', () => {
    expect(new ApiError(403, status('Forbidden'), 'GET /api').message).toBe(
      'GET /api was rejected with 403 Forbidden: because',
    );
  });

  it('contains the fields with errors', () => {
    const details = { causes: [{ reason: 'FieldValueInvalid', field: 'spec.inputs', message: 'must differ' }, 'odd'] };
    expect(new ApiError(422, status('Invalid', { details }), 'POST /api').causes).toEqual([
      { field: 'spec.inputs', message: 'must differ' },
    ]);
  });

  it.each(['', '<html>bad gateway</html>', '{"a":', 'null', '[]', '{"message":1}'])(
    'stands without a Status: %j',
    (body) => {
      const error = new ApiError(502, body, 'GET /api');
      expect(error).toMatchObject({ status: 502, reason: '', causes: [] });
      expect(error.message).toMatch(/^GET \/api was rejected with 502: ./);
    },
  );

  it('of 409 is either a name that is taken or a version that is old', () => {
    const taken = new ApiError(409, status('AlreadyExists'), 'POST /api');
    const old = new ApiError(409, status('Conflict'), 'PUT /api');
    expect([isAlreadyExists(taken), isConflict(taken)]).toEqual([true, false]);
    expect([isAlreadyExists(old), isConflict(old)]).toEqual([false, true]);
  });

  it('is different from a missing answer', () => {
    expect(isExpired(new ApiError(410, '', 'GET /api'))).toBe(true);
    expect(isExpired(new UnreachableError('no answer'))).toBe(false);
    expect(hasStatus(new Error('410'), 410)).toBe(false);
  });
});
