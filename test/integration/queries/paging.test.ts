import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
/** Ids in log order, with equal and decreasing times. */
const ids = Array.from({ length: 25 }, (_, index) => `e${String(index).padStart(2, '0')}`);
const timeOf = (index: number): string => `2026-01-01T00:00:0${[3, 1, 1, 4, 2][index % 5]}Z`;

beforeAll(async () => {
  server = await startTestServer();
  const input = ids.map((id, index) => ({
    id,
    event: index % 2 === 0 ? 'even.made' : 'odd_made',
    occurred: timeOf(index),
    resource: { id: `res.${index % 3}` },
    follows: index === 0 ? 'lost' : 'e00',
  }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
});
afterAll(() => server[Symbol.asyncDispose]());

const byTime = ids.map((id, index) => [timeOf(index), id] as const).toSorted(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1));
const expected: Record<string, string[]> = {
  LOG: ids,
  OLDEST_FIRST: byTime.map(([, id]) => id),
  NEWEST_FIRST: byTime.map(([, id]) => id).toReversed(),
};

const query = `query ($order: EventOrder, $first: Int, $after: Cursor, $last: Int, $before: Cursor, $filter: EventFilter) {
  events(order: $order, first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount { count exceeded } head } }`;
const page = async (variables: object): Promise<any> => (await server.data(query, variables)).events;
const idsOf = (connection: any): string[] => connection.nodes.map((node: any) => node.id);

describe.each(['LOG', 'OLDEST_FIRST', 'NEWEST_FIRST'])('in order %s', (order) => {
  test('forward paging returns every event once, in order', async () => {
    const seen: string[] = [];
    for (let after: string | null = null; ;) {
      const found: any = await page({ order, first: 7, after });
      seen.push(...idsOf(found));
      expect(found.pageInfo.hasPreviousPage).toBe(after !== null);
      expect(found.edges.map((edge: any) => edge.node.id)).toEqual(idsOf(found));
      expect(found.pageInfo).toMatchObject({ startCursor: found.edges.at(0).cursor, endCursor: found.edges.at(-1).cursor });
      if (!found.pageInfo.hasNextPage) break;
      after = found.pageInfo.endCursor;
    }
    expect(seen).toEqual(expected[order]);
  });

  test('backward paging returns the same from the end', async () => {
    const seen: string[] = [];
    for (let before: string | null = null; ;) {
      const found: any = await page({ order, last: 7, before });
      seen.unshift(...idsOf(found));
      expect(found.pageInfo.hasNextPage).toBe(before !== null);
      if (!found.pageInfo.hasPreviousPage) break;
      before = found.pageInfo.startCursor;
    }
    expect(seen).toEqual(expected[order]);
  });

  test('a page between two cursors has the events between them', async () => {
    const { edges } = await page({ order, first: 25 });
    const found = await page({ order, first: 10, after: edges[4].cursor, before: edges[9].cursor });
    expect(idsOf(found)).toEqual(expected[order]!.slice(5, 9));
    expect(found.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const empty = await page({ order, first: 10, after: edges[4].cursor, before: edges[5].cursor });
    expect(empty.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: true, startCursor: null, endCursor: null });
  });
});

test.each(['LOG', 'OLDEST_FIRST', 'NEWEST_FIRST'])('a page of no events in order %s says what lies around it', async (order) => {
  const { edges, head } = await page({ order, first: 25 });
  const [start, middle, end] = [edges[0].cursor, edges[12].cursor, edges[24].cursor];
  // Arguments, hasPreviousPage, hasNextPage
  const cases: [object, boolean, boolean][] = [
    [{ first: 0 }, false, true],
    [{ last: 0 }, true, false],
    [{ first: 0, after: middle }, true, true],
    [{ first: 0, after: end }, true, false],
    [{ last: 0, before: middle }, true, true],
    [{ last: 0, before: start }, false, true],
    [{ first: 0, after: start, before: end }, true, true],
    [{ first: 0, after: edges[3].cursor, before: edges[4].cursor }, true, true],
    [{ first: 0, filter: { id: [] } }, false, false],
    [{ last: 0, filter: { event: { in: ['nothing'] } } }, false, false],
    [{ first: 0, filter: { event: { in: ['odd_made'] } } }, false, true],
  ];
  for (const [variables, hasPreviousPage, hasNextPage] of cases) {
    const found = await page({ order, ...variables });
    expect(found.pageInfo, JSON.stringify(variables)).toEqual({ hasNextPage, hasPreviousPage, startCursor: null, endCursor: null });
    expect([found.nodes, found.edges, found.head]).toEqual([[], [], head]);
  }
  expect((await page({ order, first: 0, filter: { event: { in: ['odd_made'] } } })).totalCount).toEqual({ count: 12, exceeded: false });
});

test('totalCount counts all matches, whatever the page, and reports when the cap was exceeded', async () => {
  expect((await page({ first: 1 })).totalCount).toEqual({ count: 25, exceeded: false });
  const { events } = await server.data(
    '{ events { a: totalCount(max: 24) { count exceeded } b: totalCount(max: 25) { count exceeded } c: totalCount(max: 0) { count exceeded } } }',
  );
  expect(events).toEqual({ a: { count: 24, exceeded: true }, b: { count: 25, exceeded: false }, c: { count: 0, exceeded: true } });
});

test('cursors of events, heads and LOG pages are positions in the log, and are interchangeable', async () => {
  const { event, head } = await server.data('{ head event(id: "e10") { cursor } }');
  expect(idsOf(await page({ order: 'LOG', after: event.cursor }))).toEqual(ids.slice(11));
  expect(idsOf(await page({ order: 'LOG', after: head }))).toEqual([]);
  expect(idsOf(await page({ order: 'LOG', last: 2, before: head }))).toEqual(['e22', 'e23']);
  const edges = (await page({ order: 'LOG', first: 25 })).edges;
  expect(edges[10].cursor).toBe(event.cursor);
  expect(edges[24].cursor).toBe(head);
});

test.each([
  ['first and last together', { first: 1, last: 1 }, 'BAD_USER_INPUT'],
  ['first: -1', { first: -1 }, 'BAD_USER_INPUT'],
  ['last: -1', { last: -1 }, 'BAD_USER_INPUT'],
  ['first: 1001', { first: 1001 }, 'BAD_USER_INPUT'],
  ['last: 1001', { last: 1001 }, 'BAD_USER_INPUT'],
  ['first: 0 and last: 0', { first: 0, last: 0 }, 'BAD_USER_INPUT'],
  ['a malformed cursor', { after: 'nonsense' }, 'BAD_CURSOR'],
  ['an empty cursor', { before: '' }, 'BAD_CURSOR'],
])('%s is an error', async (_name, variables, code) => {
  const { errors } = await server.execute(query, variables);
  expect(errors).toEqual([expect.objectContaining({ path: ['events'], extensions: expect.objectContaining({ code }) })]);
});

test('a cursor works only in the order and the log that it came from', async () => {
  const { edges } = await page({ order: 'NEWEST_FIRST', first: 1 });
  const other = await server.execute(query, { order: 'OLDEST_FIRST', after: edges[0].cursor });
  expect(other.errors?.[0]?.extensions?.code).toBe('BAD_CURSOR');
  await using elsewhere = await startTestServer();
  const expired = await elsewhere.execute(query, { order: 'NEWEST_FIRST', after: edges[0].cursor });
  expect(expired.errors?.[0]?.extensions?.code).toBe('CURSOR_EXPIRED');
});

test.each<[string, object, (index: number) => boolean]>([
  ['ids', { id: ['e01', 'e03', 'nothing', 'e01'] }, (index) => index === 1 || index === 3],
  ['no ids', { id: [] }, () => false],
  ['a name', { event: { in: ['odd_made'] } }, (index) => index % 2 === 1],
  ['a prefix, no character special', { event: { startsWith: ['even%', 'odd_'] } }, (index) => index % 2 === 1],
  ['prefixes excluded', { event: { notStartsWith: ['even.', 'odd.'] } }, (index) => index % 2 === 1],
  ['names excluded', { event: { notIn: ['even.made'] } }, (index) => index % 2 === 1],
  ['an empty exclusion', { event: { notIn: [] } }, () => true],
  ['resources', { resource: { id: { in: ['res.0', 'res.2'] } } }, (index) => index % 3 !== 1],
  ['a resource prefix', { resource: { id: { startsWith: ['res.1'] } } }, (index) => index % 3 === 1],
  [
    'a time range, since inclusive and until exclusive',
    { occurred: { since: '2026-01-01T00:00:02Z', until: '2026-01-01T00:00:03Z' } },
    (index) => timeOf(index).endsWith('02Z'),
  ],
  ['no condition', {}, () => true],
  ['nulls', { id: null, event: { in: null }, occurred: { since: null }, resource: { id: null } }, () => true],
  [
    'everything at once',
    { id: ids, event: { startsWith: ['e'] }, resource: { id: { in: ['res.0'] } }, occurred: { until: '2026-01-01T00:00:04Z' } },
    (index) => index % 6 === 0 && !timeOf(index).endsWith('04Z'),
  ],
])('a filter by %s', async (_name, filter, matching) => {
  const found = await page({ order: 'LOG', filter });
  expect(idsOf(found)).toEqual(ids.filter((_, index) => matching(index)));
  expect(found.totalCount.count).toBe(idsOf(found).length);
});

test('a filter that breaks a rule is rejected with the path of the clause', async () => {
  const cases: [object, string[]][] = [
    [{ occurred: { since: 'noon' } }, ['filter', 'occurred', 'since']],
    [{ event: { in: Array.from({ length: 1001 }, String) } }, ['filter', 'event', 'in']],
    [{ resource: { id: { startsWith: ['ok', '\u0000'] } } }, ['filter', 'resource', 'id', 'startsWith', '1']],
  ];
  for (const [filter, path] of cases) {
    const { errors } = await server.execute(query, { filter });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_FILTER', path });
  }
});

test('a page of no followers counts them', async () => {
  const { event } = await server.data(
    '{ event(id: "e00") { followers(first: 0) { nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } totalCount { count } } } }',
  );
  expect(event.followers).toEqual({
    nodes: [],
    pageInfo: { hasNextPage: true, hasPreviousPage: false, endCursor: null },
    totalCount: { count: 24 },
  });
});

test('followers, oldest first, page by their own cursors', async () => {
  const followers = async (after: string | null): Promise<any> =>
    (
      await server.data(
        'query ($after: Cursor) { event(id: "e00") { followers(first: 20, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } totalCount { count } } } }',
        { after },
      )
    ).event.followers;
  const first = await followers(null);
  const second = await followers(first.pageInfo.endCursor);
  expect([...idsOf(first), ...idsOf(second)]).toEqual(expected['OLDEST_FIRST']!.filter((id) => id !== 'e00'));
  expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage, first.totalCount.count]).toEqual([true, false, 24]);
});
