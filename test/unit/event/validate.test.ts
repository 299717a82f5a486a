import { describe, expect, test } from 'vitest';
import { validateEvent } from '../../../src/event/validate.ts';
import { defaultLimits, draftOf, eventWith, problemsOf, validEvent } from '../support/valid-event.ts';

test('a valid event becomes a draft', () => {
  expect(draftOf(validEvent)).toEqual({
    id: 'e1',
    occurred: '2026-11-23T14:41:10.863461Z',
    event: 'acme.user.logged-in',
    resource: { id: 'acme.user.kiki', labels: { plan: 'free', 'prefect.resource.name': 'Kiki' } },
    related: [
      { id: 'acme.flow.login', role: 'flow', labels: {} },
      { id: 'acme.user.jo', role: 'actor', labels: { team: 'a', 'prefect.resource.name': 'Jo' } },
    ],
    payload: { attempts: [1, { ok: true }] },
    follows: 'e0',
  });
});

test.each([undefined, null])('optional fields may be left out as %s', (nothing) => {
  const bare = { id: 'e1', event: 'a', resource: { id: 'r', name: nothing, labels: nothing } };
  const draft = draftOf({ ...bare, occurred: nothing, related: nothing, payload: nothing, follows: nothing });
  expect(draft).toEqual({ ...bare, resource: { id: 'r', labels: {} }, occurred: null, related: [], payload: null, follows: null });
});

test.each(['id', 'occurred', 'event', 'resource'])('%s is required, unless a protocol fills it in', (field) => {
  for (const nothing of [undefined, null]) expect(problemsOf(eventWith(field, nothing))).toEqual([`REQUIRED input.3.${field}`]);
});

test('a time is converted to UTC', () => {
  expect(draftOf(eventWith('occurred', '2026-11-23T14:41:10+02:00')).occurred).toBe('2026-11-23T12:41:10.000000Z');
});

test('related resources keep their order, and one may occur twice, also in the same role', () => {
  const [a, b] = [
    { id: 'a', role: 'actor', labels: {} },
    { id: 'b', role: 'actor', labels: {} },
  ];
  expect(draftOf(eventWith('related', [b, a, b, a, a])).related).toEqual([b, a, b, a, a]);
});

test('an event may follow itself', () => {
  expect(draftOf(eventWith('follows', 'e1')).follows).toBe('e1');
});

describe('REQUIRED', () => {
  const strings = ['id', 'event', 'resource.id', 'related.1.id', 'related.1.role'];
  test.each(strings.flatMap((path) => [undefined, null, ''].map((value) => [path, value] as const)))('%s is %j', (path, value) => {
    expect(problemsOf(eventWith(path, value))).toEqual([`REQUIRED input.3.${path}`]);
  });

  test.each([
    ['resource', undefined],
    ['resource', null],
    ['related.1', null],
    ['follows', ''],
    ['resource.labels', { '': 'x' }, 'resource.labels.'],
    ['related.1.labels', { '': 'x' }, 'related.1.labels.'],
  ])('%s is %j', (path, value, at = path) => {
    expect(problemsOf(eventWith(path, value))).toEqual([`REQUIRED input.3.${at}`]);
  });
});

describe('INVALID', () => {
  const strings = [
    'id',
    'event',
    'follows',
    'resource.id',
    'resource.name',
    'resource.labels.plan',
    'related.1.role',
    'related.1.labels.team',
  ];
  test.each(strings.flatMap((path) => [5, true, {}, []].map((value) => [path, value] as const)))('%s is %j', (path, value) => {
    expect(problemsOf(eventWith(path, value))).toEqual([`INVALID input.3.${path}`]);
  });

  const objects = ['resource', 'resource.labels', 'related.1', 'related.1.labels', 'payload'];
  test.each(objects.flatMap((path) => ['x', '', 5, false, []].map((value) => [path, value] as const)))('%s is %j', (path, value) => {
    expect(problemsOf(eventWith(path, value))).toEqual([`INVALID input.3.${path}`]);
  });

  test.each(['x', 5, {}, { 0: { id: 'a', role: 'b' } }])('related is %j', (value) => {
    expect(problemsOf(eventWith('related', value))).toEqual(['INVALID input.3.related']);
  });

  test.each(['', 'yesterday', '2026-02-30T00:00:00Z', '2026-01-01T00:00:00Z\0', 1_795_459_287, {}])('occurred is %j', (value) => {
    expect(problemsOf(eventWith('occurred', value))).toEqual(['INVALID input.3.occurred']);
  });

  test('a number that JSON does not have', () => {
    expect(problemsOf(eventWith('payload', { a: [Number.POSITIVE_INFINITY] }))).toEqual(['INVALID input.3.payload.a.0']);
    expect(problemsOf(eventWith('payload', { a: Number.NaN }))).toEqual(['INVALID input.3.payload.a']);
  });
});

test('all problems of an event are reported together', () => {
  const candidate = { id: '', occurred: 'now', resource: { name: 5 }, related: [{ role: 'r' }, 7], payload: [], follows: 1 };
  expect(problemsOf(candidate)).toEqual([
    'REQUIRED input.3.id',
    'INVALID input.3.occurred',
    'REQUIRED input.3.event',
    'REQUIRED input.3.resource.id',
    'INVALID input.3.resource.name',
    'REQUIRED input.3.related.0.id',
    'INVALID input.3.related.1',
    'INVALID input.3.payload',
    'INVALID input.3.follows',
  ]);
});

test('at most twenty problems are reported', () => {
  const candidate = eventWith('payload', { bad: Array.from({ length: 100_000 }, () => '\0') });
  expect(problemsOf(candidate)).toHaveLength(20);
});

test('a message has the field, the expectation and the value, which is cut if it is long', () => {
  const candidate = {
    id: 5,
    event: 'e',
    resource: { id: 'r' },
    related: 'x'.repeat(10_000),
    occurred: 'yesterday',
    payload: null,
    follows: {},
  };
  const validation = validateEvent(candidate, ['input', '0'], defaultLimits);
  expect('problems' in validation && validation.problems.map(({ message }) => message)).toEqual([
    'input.0.id: expected a string, got the number 5',
    'input.0.occurred: expected an RFC 3339 time such as 2026-11-23T14:41:10.863461Z, got "yesterday"',
    `input.0.related: expected a list of resources, got "${'x'.repeat(60)}…"`,
    'input.0.follows: expected a string, got an object',
  ]);
});
