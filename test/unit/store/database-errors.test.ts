import { expect, test } from 'vitest';
import { asOutdated, asTimeLimitExceeded, asUnavailable, isConnectionLost, sqlState } from '../../../src/store/database/database-errors.ts';

const failure = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code, ...more });

test.each(['EPIPE', 'ENOENT', 'ECONNRESET', 'EMFILE', 'ENFILE', 'EADDRNOTAVAIL'])(
  '%s of the system is not a state of the server, and the connection is lost',
  (code) => {
    expect(sqlState(failure(code))).toBeNull();
    expect(isConnectionLost(failure(code))).toBe(true);
    expect(asUnavailable(failure(code))?.code).toBe('UNAVAILABLE');
  },
);

test.each([
  ['a state with a digit', failure('40P01'), '40P01'],
  ['a state of letters that a server gives with its severity', failure('ABCDE', { severity: 'ERROR' }), 'ABCDE'],
  ['a state behind other errors', new Error('outer', { cause: failure('TD001') }), 'TD001'],
])('%s comes from the server, and the connection can be used again', (_, error, state) => {
  expect(sqlState(error)).toBe(state);
  expect(isConnectionLost(error)).toBe(false);
});

test('an error by which the server ends a connection is a lost connection', () => {
  expect(isConnectionLost(failure('57P01', { severity: 'FATAL' }))).toBe(true);
});

test.each(['57P01', '57P02', '57P03', '57P04', '57P05', '25006', '40001', '08006', '53300', 'TD003'])(
  '%s, which a standby or a server that stops gives, is UNAVAILABLE',
  (code) => {
    const error = new Error('outer', { cause: failure(code, { severity: 'ERROR' }) });
    expect(asUnavailable(error)).toMatchObject({ code: 'UNAVAILABLE', cause: error });
    expect(asTimeLimitExceeded(error, 1)).toBeNull();
  },
);

test('a statement of an older program is UNAVAILABLE, for a retry by another process', () => {
  const error = new Error('outer', { cause: failure('TD002', { severity: 'ERROR' }) });
  expect(asOutdated(error)).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: expect.any(Number), cause: error });
  expect(isConnectionLost(error)).toBe(false);
  expect(asOutdated(failure('57P01'))).toBeNull();
});

test.each(['40P01', '23505', '57014', '55000'])('%s is not', (code) => {
  expect(asUnavailable(failure(code, { severity: 'ERROR' }))).toBeNull();
});
