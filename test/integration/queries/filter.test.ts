import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let start: string;
beforeAll(async () => {
  server = await startTestServer();
  start = (await server.data('{ head }')).head;
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input: events });
});
afterAll(() => server[Symbol.asyncDispose]());

const events = [
  {
    id: 'flow',
    event: 'flow.run.done',
    resource: { id: 'run.1', name: 'Nightly', labels: { env: 'prod', 'odd key%': '50%' } },
    related: [
      { id: 'flow.a', role: 'flow', labels: { team: 'core' } },
      { id: 'user.kiki', role: 'actor', labels: { team: 'data' } },
    ],
    payload: { n: 1, deep: { list: [{ 'b.c': null }, 'text', 'Say "Ægir\\"\n'] }, tags: ['x'], sizes: [1, 20], '*': { grid: [[5]] } },
  },
  { id: 'next', event: 'flow.run.done', resource: { id: 'run.2', labels: { env: 'test' } }, payload: { n: 10.5 }, follows: 'flow' },
  {
    id: 'bare',
    event: 'user.left',
    resource: { id: 'user.kiki' },
    payload: { 'cafe ke\u0301y': ['Cafe\u0301 a "bar"', { note: 'e\n\u0301 \uD55C \u1E69' }] },
  },
];

test.each<[string, object, string[]]>([
  ['a label', { resource: { labels: [{ key: 'env', in: ['prod', 'dev'] }] } }, ['flow']],
  ['a label that is missing or has another value', { resource: { labels: [{ key: 'env', notIn: ['prod'] }] } }, ['next', 'bare']],
  ['a label that has another value', { resource: { labels: [{ key: 'env', exists: true, notIn: ['prod'] }] } }, ['next']],
  ['globs', { resource: { labels: [{ key: 'prefect.resource.name', like: ['N?ght*'] }] } }, ['flow']],
  ['a glob of names', { event: { like: ['*.done', 'us?r'] } }, ['flow', 'next']],
  ['no glob of names', { event: { notLike: ['flow.*'] } }, ['bare']],
  ['a glob of ids', { resource: { id: { like: ['run.?'], notLike: ['*.2'] } } }, ['flow']],
  ['a glob of related ids', { related: [{ role: ['actor'], id: { like: ['*kiki'] } }] }, ['flow']],
  ['a glob of any ids', { anyResource: [{ id: { like: ['user.*'] } }] }, ['flow', 'bare']],
  ['a literal per cent', { resource: { labels: [{ key: 'odd key%', like: ['?0%'] }] } }, ['flow']],
  ['one related resource that meets all', { related: [{ role: ['actor'], labels: [{ key: 'team', in: ['data'] }] }] }, ['flow']],
  ['two that meet one each', { related: [{ role: ['actor'], labels: [{ key: 'team', in: ['core'] }] }] }, []],
  ['each entry by a resource of its own', { related: [{ role: ['actor'] }, { labels: [{ key: 'team', in: ['core'] }] }] }, ['flow']],
  ['any resource', { anyResource: [{ id: { in: ['user.kiki'] } }] }, ['flow', 'bare']],
  ['any related resource at all', { related: [{}] }, ['flow']],
  ['no entries', { related: [], payload: [], and: [] }, ['flow', 'next', 'bare']],
  ['no alternatives', { or: [] }, []],
  ['a payload value', { payload: [{ path: 'n', eq: 1.0 }] }, ['flow']],
  ['a comparison', { payload: [{ path: 'n', gt: 1, lte: 10.5 }] }, ['next']],
  ['a quoted key and JSON null', { payload: [{ path: 'deep.list.0."b.c"', eq: null }] }, ['flow']],
  ['null in a list', { payload: [{ path: 'deep.list.0."b.c"', in: [null, 1] }] }, ['flow']],
  ['an element of a list', { payload: [{ path: 'tags.*', eq: 'x' }] }, ['flow']],
  ['a value in elements', { payload: [{ path: 'deep.list.*."b.c"', eq: null }] }, ['flow']],
  ['an element that meets both', { payload: [{ path: 'sizes.*', gt: 1, lt: 20 }] }, []],
  [
    'an element for each',
    {
      payload: [
        { path: 'sizes.*', gt: 1 },
        { path: 'sizes.*', lt: 20 },
      ],
    },
    ['flow'],
  ],
  ['no element', { payload: [{ path: 'tags.*', exists: false }] }, ['next', 'bare']],
  ['not an element', { not: { payload: [{ path: 'sizes.*', eq: 20 }] } }, ['next', 'bare']],
  ['lists in lists, below the key *', { payload: [{ path: '"*".grid.*.*', in: [5, 6] }] }, ['flow']],
  ['no list in it', { payload: [{ path: 'n.*', exists: true }] }, []],
  ['an object', { payload: [{ path: 'deep.list', eq: [{ 'b.c': null }, 'text', 'Say "Ægir\\"\n'] }] }, ['flow']],
  ['an absent value', { payload: [{ path: 'n', exists: false }] }, ['bare']],
  ['follows', { follows: ['flow'] }, ['next']],
  ['not follows', { not: { follows: ['flow'] } }, ['flow', 'bare']],
  ['text in a name, in any case', { text: 'RUN.DONE' }, ['flow', 'next']],
  ['text in ids of resources', { text: '+KIKI' }, ['flow', 'bare']],
  ['text in labels', { text: 'TEST DATA' }, ['flow', 'next']],
  ['text in the payload, quoted as JSON would be', { text: '"say" "Y \\"' }, ['flow']],
  ['text with a backslash, a quote and a line end', { text: 'æGIR\\\\\\"' }, ['flow']],
  ['text that is a key, a role or a number', { text: 'deep tags env team actor 10.5' }, []],
  ['text across two values', { text: '"done run" texttags core"}' }, []],
  ['text that must not occur', { text: '-nightly' }, ['next', 'bare']],
  ['text of all kinds', { text: '"run.2" "nightly" +DONE -prod' }, ['next']],
  [
    'more text than one regular expression holds',
    { or: ['x'.repeat(150), 'y'.repeat(150), 'NIGHTLY'].map((text) => ({ text })) },
    ['flow'],
  ],
  ['text with a quote, which a backslash escapes', { text: '"a \\"BAR\\""' }, ['bare']],
  ['composed text in decomposed text', { text: '+CAF\u00C9 +\uD55C +s\u0307\u0323' }, ['bare']],
  ['decomposed text in composed text', { text: '+\u1112\u1161\u11AB +\u00E9' }, ['bare']],
  ['a letter that has an accent in the text', { text: 'cafe' }, []],
  [
    'and, or, not',
    { or: [{ event: { in: ['user.left'] } }, { and: [{ follows: ['flow'] }, { not: { id: ['flow'] } }] }] },
    ['next', 'bare'],
  ],
  ['received', { received: { since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z' } }, []],
])('%s: the same in a page, a count and a subscription', async (_name, filter, expected) => {
  const { events: page } = await server.data(
    'query ($filter: EventFilter) { events(filter: $filter, order: LOG) { nodes { id } totalCount { count } } }',
    { filter },
  );
  expect(page.nodes.map((node: any) => node.id)).toEqual(expected);
  expect(page.totalCount.count).toBe(expected.length);
  const stream = listenTo(
    server.socket(),
    'subscription ($filter: EventFilter, $after: Cursor) { events(filter: $filter, after: $after) { id } }',
    {
      after: start,
      filter: { or: [filter, { id: ['bare'] }] },
    },
  );
  const seen: string[] = [];
  while (!seen.includes('bare')) seen.push((await stream.next()).value.data.events.id);
  expect(seen).toEqual([...expected.filter((id) => id !== 'bare'), 'bare']);
});

test.each<[object, string[]]>([
  [{ not: { payload: [{ path: 'a..b', exists: true }] } }, ['filter', 'not', 'payload', '0', 'path']],
  [{ payload: [{ path: '$.a', eq: 1 }] }, ['filter', 'payload', '0', 'path']],
  [{ not: { event: { notLike: ['*'.repeat(1025)] } } }, ['filter', 'not', 'event', 'notLike', '0']],
  [{ and: [{ text: 'a'.repeat(201) }] }, ['filter', 'and', '0', 'text']],
  [{ text: ' ' }, ['filter', 'text']],
  [{ or: [{ text: '"' }] }, ['filter', 'or', '0', 'text']],
  [{ payload: [{ path: 'a', gt: '\u0000' }] }, ['filter', 'payload', '0', 'gt']],
  [{ related: [{}, { labels: [{ key: 'k', like: ['*'.repeat(1025)] }] }] }, ['filter', 'related', '1', 'labels', '0', 'like', '0']],
  [{ anyResource: Array.from({ length: 501 }, () => ({})) }, ['filter']],
  [Array.from({ length: 10 }).reduce<object>((filter) => ({ not: filter }), {}), ['filter', ...Array<string>(10).fill('not')]],
])('a filter that breaks a rule is rejected with the path: %#', async (filter, path) => {
  const { errors } = await server.execute('query ($filter: EventFilter) { events(filter: $filter) { head } }', { filter });
  expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_FILTER', path });
});
