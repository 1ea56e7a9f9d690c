import { expect, it } from 'vitest';
import { ApiError, UnreachableError } from '../../../../src/adapters/kubernetes/client/api-error.ts';
import { storeError } from '../../../../src/adapters/kubernetes/jobs/store-errors.ts';

const ref = { namespace: 'media', name: 'a' };
const rejection = (status: number, reason = ''): ApiError =>
  new ApiError(status, JSON.stringify({ message: 'because', reason }), 'PUT /apis');

it.each<[string, unknown, object]>([
  ['of a deleted job', rejection(404, 'NotFound'), { name: 'NotFoundError' }],
  ['of a changed job', rejection(409, 'Conflict'), { name: 'ConflictError' }],
  ['with an invalid body', rejection(422, 'Invalid'), { code: 'INVALID_REQUEST' }],
  ['with a malformed body', rejection(400, 'BadRequest'), { code: 'INVALID_REQUEST' }],
  ['to an overloaded server', rejection(429, 'TooManyRequests'), { code: 'SERVICE_UNAVAILABLE' }],
  ['to a failing server', rejection(500), { code: 'SERVICE_UNAVAILABLE' }],
  ['without an answer', new UnreachableError('no answer'), { code: 'SERVICE_UNAVAILABLE' }],
  ['without permission', rejection(403, 'Forbidden'), { name: 'ApiError', status: 403 }],
  ['with another error', 'text', { message: 'text' }],
])('a write %s', (_case, thrown, expected) => {
  expect(storeError(thrown, ref)).toMatchObject(expected);
});

it('a rejection contains the fields with errors', () => {
  const details = { causes: [{ field: 'spec.inputs[0]', message: 'exactly one of url, file must be set' }] };
  const error = new ApiError(422, JSON.stringify({ message: 'invalid', reason: 'Invalid', details }), 'POST /apis');
  expect(storeError(error, ref)).toMatchObject({
    details: [{ path: 'spec.inputs[0]', message: 'exactly one of url, file must be set' }],
  });
});
