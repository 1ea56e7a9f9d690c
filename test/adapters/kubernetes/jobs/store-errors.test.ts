import { expect, it } from 'vitest';
import { ApiError, UnreachableError } from '../../../../src/adapters/kubernetes/client/api-error.ts';
import { storeError } from '../../../../src/adapters/kubernetes/jobs/store-errors.ts';

const ref = { namespace: 'media', name: 'a' };
const refusal = (status: number, reason = ''): ApiError =>
  new ApiError(status, JSON.stringify({ message: 'because', reason }), 'PUT /apis');

it.each<[string, unknown, object]>([
  ['gone', refusal(404, 'NotFound'), { name: 'NotFoundError' }],
  ['changed', refusal(409, 'Conflict'), { name: 'ConflictError' }],
  ['invalid', refusal(422, 'Invalid'), { code: 'INVALID_REQUEST' }],
  ['malformed', refusal(400, 'BadRequest'), { code: 'INVALID_REQUEST' }],
  ['too much', refusal(429, 'TooManyRequests'), { code: 'SERVICE_UNAVAILABLE' }],
  ['broken', refusal(500), { code: 'SERVICE_UNAVAILABLE' }],
  ['not answered', new UnreachableError('no answer'), { code: 'SERVICE_UNAVAILABLE' }],
  ['not allowed', refusal(403, 'Forbidden'), { name: 'ApiError', status: 403 }],
  ['something else', 'text', { message: 'text' }],
])('a write that is %s', (_case, thrown, expected) => {
  expect(storeError(thrown, ref)).toMatchObject(expected);
});

it('a refusal names the fields it is about', () => {
  const details = { causes: [{ field: 'spec.inputs[0]', message: 'exactly one of url, file must be set' }] };
  const error = new ApiError(422, JSON.stringify({ message: 'invalid', reason: 'Invalid', details }), 'POST /apis');
  expect(storeError(error, ref)).toMatchObject({
    details: [{ path: 'spec.inputs[0]', message: 'exactly one of url, file must be set' }],
  });
});
