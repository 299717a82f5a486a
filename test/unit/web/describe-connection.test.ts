import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeConnection, type ConnectionFacts } from '../../../src/web/status/describe-connection.ts';

const live: ConnectionFacts = {
  is: 'live',
  lostAt: null,
  error: null,
  isOnline: true,
  isPaused: false,
  isHolding: false,
  heldCount: 0,
};
const error = { code: 'UNAVAILABLE', message: 'The database cannot be reached.' };

test.each<[Partial<ConnectionFacts>, string]>([
  [{}, 'Live'],
  [{ isHolding: true }, 'Held'],
  [{ isHolding: true, heldCount: 1234 }, 'Held, 1,234 waiting'],
  [{ isHolding: true, isPaused: true, heldCount: 2 }, 'Paused, 2 waiting'],
  [{ is: 'loading' }, 'Catching up'],
  [{ is: 'suspended', isHolding: true }, 'Catching up'],
  [{ is: 'catching-up' }, 'Catching up'],
  [{ is: 'catching-up', isHolding: true }, 'Catching up'],
  [{ is: 'waiting', lostAt: 5, error }, 'Reconnecting'],
  [{ is: 'connecting', lostAt: 5, error, isPaused: true }, 'Reconnecting'],
  [{ is: 'waiting', lostAt: 5, isOnline: false, error }, 'Offline'],
  [{ is: 'waiting', lostAt: 5, error: { code: 'LIMIT_EXCEEDED', message: '' } }, 'Paused: too many requests'],
  [{ is: 'closed', error: { code: 'UNAUTHENTICATED', message: '' } }, 'Offline: a key is needed'],
  [{ is: 'closed', error: { code: 'BAD_FILTER', message: '' }, isHolding: true }, 'Paused: the filter was rejected'],
])('%j is %s', (facts, label) => {
  expect(describeConnection({ ...live, ...facts }).label).toBe(label);
});

test('the list is live only if events arrive and appear', () => {
  const states = fc.record({
    is: fc.constantFrom<ConnectionFacts['is'][]>('loading', 'connecting', 'catching-up', 'live', 'waiting', 'closed', 'suspended'),
    lostAt: fc.option(fc.nat()),
    error: fc.option(fc.constant(error)),
    isOnline: fc.boolean(),
    isPaused: fc.boolean(),
    isHolding: fc.boolean(),
    heldCount: fc.nat(),
  });
  fc.assert(
    fc.property(states, (facts) => {
      const { label, meaning } = describeConnection(facts);
      expect(label).toMatch(/^(?:Live|Held|Paused|Catching up|Reconnecting|Offline)/);
      expect(meaning).not.toBe('');
      if (label !== 'Live') return;
      expect([facts.is, facts.lostAt, facts.isOnline, facts.isPaused, facts.isHolding]).toEqual(['live', null, true, false, false]);
    }),
  );
});
