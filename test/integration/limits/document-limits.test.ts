import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentLimits } from '../../../src/server/graphql/limits/document-limit-defaults.ts';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { overHttp, overSse, overWebSocket, type Transport, type Request } from '../../support/transports.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
let raw: RawSocket;
const transports: Record<string, Transport> = {};
beforeAll(async () => {
  server = await startTestServer();
  raw = await openRaw(server.tidings.url);
  transports['HTTP'] = overHttp(server.tidings.url);
  transports['SSE'] = overSse(server.tidings.url);
  transports['WebSocket'] = overWebSocket(raw);
});
afterAll(async () => {
  raw[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const many = (count: number, make: (n: number) => string): string => Array.from({ length: count }, (_, n) => make(n)).join(' ');
const fragments = (count: number): string =>
  `{ event(id: "x") { ...F0 } } fragment F${count} on Event { id }
  ${many(count, (n) => `fragment F${n} on Event { a: follows { ...F${n + 1} } b: follows { ...F${n + 1} } }`)}`;
const widening = (count: number): string =>
  `query { ...F0 } fragment F${count} on Query { head } ${many(count, (n) => `fragment F${n} on Query { ...F${n + 1} ...G${n} } fragment G${n} on Query { ...F${n + 1} }`)}`;
/** An emission with this number of tokens, 34 of which are not in the list. */
const emission = (tokens: number): string =>
  `mutation { emitEvent(input: { id: "t" event: "a" resource: { id: "r" } payload: { a: [${many(tokens - 34, () => '1')}] } }) { status } }`;
const stream = (events: string): string => `subscription ($batchSize: Int = 100) {
  eventStream(batchSize: $batchSize) { __typename ... on EventBatch { events ${events} } } }`;
const { queryTokens, queryDepth, querySelections, queryAliases, queryDirectives, queryRootFields } = documentLimits;
const cost = 500_000;

/** A request, and the message of its rejection; null: it is accepted. */
const httpCases: Record<string, [Request, RegExp | null]> = {
  'the maximum number of tokens': [{ query: emission(queryTokens) }, null],
  'one token more': [{ query: emission(queryTokens + 1) }, new RegExp(`at most ${queryTokens} tokens, got more`)],
  'nested lists that would overflow the stack': [{ query: `{ events(filter: ${'['.repeat(9000)}` }, /nested too deeply|at most \d+ tokens/],
  'nested selections that would overflow the stack': [{ query: '{a'.repeat(4900) }, /nested too deeply|levels of fields|Expected Name/],
  'the maximum number of levels': [
    { query: `{ event(id: "x") { ${many(queryDepth - 2, () => 'follows {')} id ${'}'.repeat(queryDepth)}` },
    null,
  ],
  'one level more': [
    { query: `{ event(id: "x") { ${many(queryDepth - 1, () => 'follows {')} id ${'}'.repeat(queryDepth + 1)}` },
    new RegExp(`at most ${queryDepth} levels of fields, got ${queryDepth + 1}`),
  ],
  'a fragment that makes fields deeper': [{ query: fragments(queryDepth) }, /levels of fields/],
  'the maximum number of aliases': [{ query: `{ service { ${many(queryAliases, (n) => `a${n}: version`)} } }` }, null],
  '10,000 aliases': [{ query: `{ ${many(3300, (n) => `a${n}: head`)} }` }, /at most 50 root fields|at most \d+ (aliases|fields)/],
  'one alias more': [
    { query: `{ service { ${many(queryAliases + 1, (n) => `a${n}: version`)} } }` },
    new RegExp(`${queryAliases} aliases, got`),
  ],
  'the maximum number of directives': [{ query: `{ service { ${many(queryDirectives, () => 'version @include(if: true)')} } }` }, null],
  'one directive more': [
    { query: `{ service { ${many(queryDirectives + 1, () => 'version @include(if: true)')} } }` },
    new RegExp(`${queryDirectives} directives, got ${queryDirectives + 1}`),
  ],
  'a thousand directives on one field': [{ query: `{ head ${many(1000, () => '@skip(if: false)')} }` }, /directives, got 1000/],
  'the maximum number of root fields': [{ query: `{ ${many(queryRootFields, (n) => `a${n}: head`)} }` }, null],
  'one root field more': [{ query: `{ ${many(queryRootFields + 1, (n) => `a${n}: head`)} }` }, /root fields in an operation, got 51/],
  'root fields in fragments': [{ query: widening(10) }, /root fields in an operation, got 1024/],
  'fragments that expand to 2^22 root fields': [{ query: widening(22) }, /root fields in an operation, got 4194304/],
  'equal fields': [{ query: `{ service { ${many(querySelections, () => 'version')} } }` }, /at most 500 fields and fragments, got 501/],
  'fragments that contain each other': [
    { query: '{ ...A } fragment A on Query { head ...B } fragment B on Query { ...A }' },
    /Cannot spread fragment "A" within itself/,
  ],
  'fragments that expand to 2^16 events': [{ query: fragments(16) }, null],
  'fragments that expand to 2^16 pages of 50': [
    { query: fragments(16).replace('{ id }', '{ followers { nodes { id } } }') },
    new RegExp(`cost ${cost} at most.*, got 6\\d{6}`),
  ],
  'a large page': [
    {
      query:
        '{ events(first: 1000) { nodes { id event resource { resourceId name labels } related { resourceId role labels } payload } } }',
    },
    null,
  ],
  'large pages in a large page': [{ query: '{ resources(first: 1000) { nodes { events(first: 1000) { nodes { id } } } } }' }, /got 2\d{6}/],
  'nested pages without a length': [
    { query: '{ events { nodes { followers { nodes { followers { nodes { followers { nodes { id } } } } } } } } }' },
    /cost/,
  ],
  'a large page by a variable, in a large one': [
    { query: 'query ($n: Int) { resources(first: $n) { nodes { events(last: $n) { nodes { id } } } } }', variables: { n: 1000 } },
    /got 2\d{6}/,
  ],
  'the same document with small pages': [
    { query: 'query ($n: Int) { resources(first: $n) { nodes { events(last: $n) { nodes { id } } } } }', variables: { n: 10 } },
    null,
  ],
  'a large page by the default of a variable': [
    { query: 'query ($n: Int = 1000) { resources(first: $n) { nodes { events(last: $n) { nodes { id } } } } }' },
    /got 2\d{6}/,
  ],
  'a large batch with large answers': [
    {
      query: 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { results { event { chain { descendants { id } } } } } }',
      variables: { input: Array.from({ length: 900 }, () => ({ event: 'a', resource: { id: 'r' } })) },
    },
    /got 1804502/,
  ],
  'long chains on a page': [
    { query: 'query ($n: Int) { events(first: 500) { nodes { chain(maxEvents: $n) { descendants { id } } } } }', variables: { n: 1000 } },
    /cost/,
  ],
  'short chains on a page': [
    { query: 'query ($n: Int) { events(first: 500) { nodes { chain(maxEvents: $n) { descendants { id } } } } }', variables: { n: 10 } },
    null,
  ],
  'introspection, all of it': [{ query: getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true, oneOf: true }) }, null],
  'introspection within introspection': [
    { query: '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }' },
    /introspection depth/i,
  ],
};

const streamCases: Record<string, [Request, RegExp | null]> = {
  'a stream of large batches': [{ query: stream('{ id payload related { resourceId } }'), variables: { batchSize: 1000 } }, null],
  'a stream whose batches cost too much': [
    { query: stream('{ id chain { ancestors { id } descendants { id } } }'), variables: { batchSize: 1000 } },
    /cost 500000 at most/,
  ],
  'the same stream in small batches': [
    { query: stream('{ id chain { ancestors { id } descendants { id } } }'), variables: { batchSize: 10 } },
    null,
  ],
  'a stream with too many aliases': [{ query: stream(`{ ${many(queryAliases + 1, (n) => `a${n}: id`)} }`) }, /aliases/],
};

/** Expects the same result for a document the first time and when it is cached. */
async function check(transport: string, request: Request, rejection: RegExp | null): Promise<void> {
  const first = await transports[transport]!(request);
  const again = await transports[transport]!(request);
  expect(again.error).toEqual(first.error);
  if (rejection === null) return expect([first.error, first.data]).toEqual([undefined, expect.anything()]);
  expect(first.error?.message).toMatch(rejection);
  if (!/fragment|introspection|Expected Name/.test(rejection.source)) expect(first.error?.extensions).toEqual({ code: 'LIMIT_EXCEEDED' });
  expect((await transports[transport]!({ query: '{ head }' })).error).toBeUndefined();
}

describe.each(['HTTP', 'WebSocket', 'SSE'])('over %s', (transport) => {
  test.each(Object.entries(transport === 'SSE' ? {} : httpCases))('%s', async (_what, [request, rejection]) =>
    check(transport, request, rejection),
  );
  test.each(Object.entries(transport === 'HTTP' ? {} : streamCases))('%s', async (_what, [request, rejection]) =>
    check(transport, request, rejection),
  );
});

test('service.limits reports the limits', async () => {
  const names = [...Object.keys(documentLimits), 'queryCost'];
  const { service } = await server.data(`{ service { limits { ${names.join(' ')} } } }`);
  expect(service.limits).toEqual({ ...documentLimits, queryCost: cost });
});
