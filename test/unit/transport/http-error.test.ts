import { expect, test } from 'vitest';
import { TidingsError, type ErrorCode, type ErrorDetails } from '../../../src/errors.ts';
import { HttpError, httpErrorOf } from '../../../src/transport/http-error.ts';

test.each<[ErrorCode, ErrorDetails, number, object]>([
  ['BAD_USER_INPUT', { path: ['first'] }, 422, {}],
  ['CURSOR_EXPIRED', {}, 410, {}],
  ['FORBIDDEN', {}, 403, {}],
  ['UNAUTHENTICATED', {}, 401, { 'www-authenticate': 'Bearer realm="Tidings"' }],
  ['UNAVAILABLE', {}, 503, { 'retry-after': '1' }],
  ['UNAVAILABLE', { retryAfterMs: 2001 }, 503, { 'retry-after': '3' }],
  ['LIMIT_EXCEEDED', {}, 422, {}],
  ['LIMIT_EXCEEDED', { retryAfterMs: 10 }, 429, { 'retry-after': '1' }],
])('%s %j is the status %i', (code, details, status, headers) => {
  const error = new TidingsError(code, 'message', details);
  expect(httpErrorOf(error)).toMatchObject({ status, code, message: 'message', headers, extensions: error.extensions });
});

test('an HTTP error stays as it is; a bug is none', () => {
  const error = new HttpError(413, 'message');
  expect(httpErrorOf(error)).toBe(error);
  expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', headers: {}, extensions: { code: 'LIMIT_EXCEEDED' } });
  expect(new HttpError(415, 'message').extensions).toEqual({ code: 'BAD_USER_INPUT' });
  for (const bug of [new Error('bug'), 'text', null]) expect(httpErrorOf(bug)).toBeNull();
});
