import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onPostgres, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const long = 'a'.repeat(10_000);
  const input = Array.from({ length: 20 }, (_, n) => ({
    id: `e${n}`,
    event: 'acme.thing.happened',
    payload: n === 0 ? { grid: many(100, () => many(200, (m) => ({ m: -m }))) } : {},
    resource: { id: `thing.${n}`, labels: { long, short: 'ab' } },
    related: Array.from({ length: 20 }, (_, m) => ({ id: `r${m}`, role: 'part', labels: { long } })),
  }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

const query = 'query ($filter: EventFilter) { events(filter: $filter) { nodes { id } totalCount { count } } }';
const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const stars = many(340, (n) => '*a'.repeat(300) + n);

describe('a hostile filter gets a result or is rejected, and the server keeps working', () => {
  test.each<[string, object, number | string]>([
    ['a thousand globs', { resource: { labels: [{ key: 'short', like: many(1000, (n) => `*${n}*b`) }] } }, 0],
    ['globs of stars against long values', { anyResource: [{ labels: [{ key: 'long', like: stars.slice(0, 20) }] }] }, 0],
    ['globs of single characters', { anyResource: [{ labels: [{ key: 'long', like: many(2, (n) => `*${'?a'.repeat(100)}${n}`) }] }] }, 0],
    ['more globs than a filter can have', { resource: { labels: [{ key: 'short', like: stars }] } }, 'BAD_FILTER'],
    ['many long lists', { and: many(11, () => ({ event: { in: many(1000, String) } })) }, 'BAD_FILTER'],
    ['the maximum number of values', { or: many(9, (n) => ({ event: { in: many(1000, (m) => `${n}.${m}`) } })) }, 0],
    ['prefixes', { event: { startsWith: many(1000, (n) => `acme.thing.happenee${n}`) } }, 0],
    ['too many payload paths', { or: many(249, (n) => ({ payload: [{ path: `a.${n}`, gt: n }] })) }, 'BAD_FILTER'],
    ['globs of names', { event: { like: stars.slice(0, 20) } }, 0],
    ['nested lists', { or: many(40, (n) => ({ payload: [{ path: 'a.*.*.*.*.*.*.*.*', eq: n }] })) }, 0],
    ['more nested lists than nodes', { or: many(60, (n) => ({ payload: [{ path: 'a.*.*.*.*.*.*.*.*', eq: n }] })) }, 'BAD_FILTER'],
    ['too deeply nested lists', { payload: [{ path: `a${'.*'.repeat(400)}`, eq: 1 }] }, 'BAD_FILTER'],
    ['many values against many elements', { not: { payload: [{ path: 'grid.*.*', in: many(1000, (n) => ({ n })) }] } }, 20],
    ['alternatives of texts', { or: many(100, (n) => ({ text: `nowhere${n} "and nothing ${n}"` })) }, 0],
    ['nesting', many(9, (n) => n).reduce<object>((filter) => ({ not: filter }), {}), 0],
    ['deeper nesting', many(10, (n) => n).reduce<object>((filter) => ({ not: filter }), {}), 'BAD_FILTER'],
  ])('%s', async (_what, filter, expected) => {
    const { data, errors } = await server.execute(query, { filter });
    expect(errors?.[0]?.extensions?.code ?? data.events.totalCount.count).toBe(expected);
    expect((await server.data('{ event(id: "e3") { id } }')).event.id).toBe('e3');
  });
});

test.runIf(onPostgres)('a query that exceeds the statement timeout gets LIMIT_EXCEEDED', async () => {
  await using hasty = await startTestServer({ TIDINGS_STATEMENT_TIMEOUT_MS: '300' });
  await hasty.data('mutation { emitEvent(input: { event: "a", resource: { id: "r" } }) { status } }');
  const other = postgres(hasty.environment['DATABASE_URL']!, { max: 1, onnotice: () => undefined });
  await other.begin(async (transaction) => {
    // The head of the log can be read, the skip index cannot.
    await transaction`lock table tidings.digests in access exclusive mode`;
    const responses = await Promise.all([
      hasty.execute(query, { filter: { text: 'a' } }),
      hasty.execute('{ eventCounts(by: [{ payload: { path: "a" } }]) { total } }'),
      hasty.execute('{ eventCounts(by: [{ label: { key: "a" } }]) { total } }'),
    ]);
    for (const { errors } of responses)
      expect(errors?.[0]).toMatchObject({ message: expect.stringContaining('300 ms'), extensions: { code: 'LIMIT_EXCEEDED' } });
  });
  await other.end();
  expect((await hasty.data(query, { filter: { text: 'a' } })).events.totalCount.count).toBe(1);
  expect((await hasty.data('{ service { limits { statementTimeoutMs } } }')).service.limits.statementTimeoutMs).toBe(300);
});
