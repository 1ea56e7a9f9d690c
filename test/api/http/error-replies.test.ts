import { describe, expect, it } from 'vitest';
import { editEnvelope, editError } from '../../../src/api/edit/edit-errors.ts';
import { envelopeOf, plainEnvelope, presentableError } from '../../../src/api/http/error-replies.ts';
import { plainError } from '../../../src/api/http/reply-schemas.ts';
import { problem, problemEnvelope } from '../../../src/api/native/problem.ts';
import { CodedError } from '../../../src/errors/coded-error.ts';
import { errorTable, isErrorCode } from '../../../src/errors/error-table.ts';
import { ConflictError, NotFoundError } from '../../../src/ports/job-store.ts';

const details = [{ path: 'inputs[0].url', message: 'is not allowed' }];
const rejected = new CodedError('SOURCE_HOST_NOT_ALLOWED', 'Expected an allowed host.', { details });

describe('the envelope of an error', () => {
  const byPrefix = { '/apis': problemEnvelope, '/api': editEnvelope };

  it.each([
    ['/api/trim', editEnvelope],
    ['/api?a=1', editEnvelope],
    ['/apis/render-jobs', problemEnvelope],
    ['/apis', problemEnvelope],
    ['/apiserver', plainEnvelope],
    ['/assets/api', plainEnvelope],
    ['/', plainEnvelope],
  ])('is chosen by the path %s', (url, envelope) => {
    expect(envelopeOf(byPrefix, url)).toBe(envelope);
  });

  it('is plain for routes of no API', () => {
    const { status, contentType, body } = plainEnvelope(rejected, 'r1');
    expect([status, contentType]).toEqual([400, 'application/json; charset=utf-8']);
    expect(plainError.parse(body)).toStrictEqual({
      statusCode: 400,
      code: 'SOURCE_HOST_NOT_ALLOWED',
      message: 'Expected an allowed host.',
      details,
    });
  });

  it('has the documented code in the Edit API', () => {
    const { status, contentType, body } = editEnvelope(rejected, 'r1');
    expect([status, contentType]).toEqual([400, 'application/json; charset=utf-8']);
    expect(editError.parse(body)).toStrictEqual({
      statusCode: 400,
      code: 'CDN_URL_NOT_ALLOWED',
      message: 'Expected an allowed host.',
      details,
    });
  });

  it('is a problem with remedy and request id in the Native API', () => {
    const { status, contentType, body } = problemEnvelope(rejected, 'r1');
    expect([status, contentType]).toEqual([400, 'application/problem+json; charset=utf-8']);
    expect(problem.parse(body)).toStrictEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      detail: 'Expected an allowed host.',
      code: 'SOURCE_HOST_NOT_ALLOWED',
      remedy: errorTable.SOURCE_HOST_NOT_ALLOWED.remedy,
      details,
      requestId: 'r1',
    });
  });

  it.each(Object.keys(errorTable).filter(isErrorCode))('follows the schema of each API for %s', (code) => {
    const error = new CodedError(code, 'A message.');
    expect(plainError.safeParse(plainEnvelope(error, 'r1').body).success).toBe(true);
    expect(editError.safeParse(editEnvelope(error, 'r1').body).success).toBe(true);
    expect(problem.safeParse(problemEnvelope(error, 'r1').body).success).toBe(true);
  });
});

describe('an error that is shown to a client', () => {
  it.each([
    [new ConflictError('version 5'), 'CONFLICT'],
    [new NotFoundError('default/a'), 'NOT_FOUND'],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 'FILE_TOO_LARGE'],
    [Object.assign(new Error('teapot'), { statusCode: 418 }), 'INVALID_REQUEST'],
    [Object.assign(new Error('closing'), { statusCode: 503 }), 'SERVICE_UNAVAILABLE'],
    [new Error('/secret/path'), 'INTERNAL_ERROR'],
    ['text', 'INTERNAL_ERROR'],
  ])('has a code: %s becomes %s', (error, code) => {
    expect(presentableError(error).code).toBe(code);
  });

  it('has no text of an unexpected error', () => {
    expect(presentableError(new Error('/secret/path')).message).not.toContain('secret');
    expect(presentableError(new CodedError('INTERNAL_ERROR', '/secret/path')).message).not.toContain('secret');
  });
});
