import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { randomOf } from '../../oracle/random.ts';
import { randomRequest } from '../../fuzz/random-request.ts';
import { openRaw, type RawSocket } from '../../support/protocols/raw-socket.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';
import { overSse, overWebSocket } from '../../support/transports.ts';

// Whatever one operation is, the other operations of its socket go on.
let server: TestServer;
let raw: RawSocket;
const received: string[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  raw = await openRaw(server.tidings.url);
  received.length = 0;
  raw.socket.on('message', (data: Buffer) => {
    const { id, payload } = JSON.parse(data.toString());
    if (id === 'other' && payload !== undefined) received.push(payload.data.events.id);
  });
  const query = 'subscription ($after: Cursor) { events(after: $after, filter: { event: { in: ["shared.socket"] } }) { id } }';
  const { head: after } = await server.data('{ head }');
  raw.send({ id: 'other', type: 'subscribe', payload: { query, variables: { after } } });
  await raw.settled();
});
afterEach(() => raw[Symbol.dispose]());
let emitted = 0;
async function expectOtherGoesOn(): Promise<void> {
  const input = { id: `e-${(emitted += 1)}`, event: 'shared.socket', resource: { id: 'r' } };
  await server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input });
  await expect.poll(() => received, { timeout: 10_000 }).toEqual([input.id]);
  expect(await (await fetch(`${server.tidings.url}/metrics`)).text()).toMatch(/^tidings_unexpected_errors_total 0$/m);
}

const conditional = [
  'subscription { events @skip(if: true) { id } }',
  'subscription { events @include(if: false) { id } }',
  'subscription { events @include(if: true) { id } }',
  'subscription ($v: Boolean!) { events @skip(if: $v) { id } }',
  'subscription ($v: Boolean!) { events @include(if: $v) { id } }',
  'subscription { eventStream @skip(if: true) { __typename } }',
  'subscription { ... @skip(if: true) { events { id } } }',
  'subscription { ...F @include(if: false) } fragment F on Subscription { events { id } }',
  'subscription { ...F } fragment F on Subscription { ... { events @skip(if: true) { id } } }',
  'subscription { ...F } fragment F on Subscription { ...G } fragment G on Subscription { events @skip(if: true) { id } }',
  'subscription A { events { id } } subscription B { events @skip(if: true) { id } }',
];

describe('a condition on the root field of a subscription is a validation error', () => {
  test.each(conditional)('%s', async (query) => {
    const request = { query, variables: { v: true }, ...(query.includes('subscription B') && { operationName: 'B' }) };
    for (const transport of [overWebSocket(raw), overSse(server.tidings.url)]) {
      const { error } = await transport(request);
      expect(error?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
      expect(error?.message).toMatch(/^expected the root field of a subscription without @(skip|include), got one with it/);
    }
    await expectOtherGoesOn();
  });

  test('on a field below the root it is allowed', async () => {
    const { head } = await server.data('{ head }');
    const query = 'subscription ($after: Cursor) { eventStream(after: $after) { __typename @skip(if: false) } }';
    expect((await overWebSocket(raw)({ query, variables: { after: head } })).data).toEqual({ eventStream: { __typename: 'CaughtUp' } });
  });
});

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const payloads: readonly (readonly [payload: string, code: string])[] = [
  ['{}', 'BAD_USER_INPUT'],
  ['null', 'BAD_USER_INPUT'],
  ['[]', 'BAD_USER_INPUT'],
  ['{"query":null}', 'BAD_USER_INPUT'],
  ['{"query":7}', 'BAD_USER_INPUT'],
  ['{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}', 'BAD_USER_INPUT'],
  ['{"query":"{ head }","variables":[]}', 'BAD_USER_INPUT'],
  ['{"query":"{ head }","variables":"{}"}', 'BAD_USER_INPUT'],
  ['{"query":"{ head }","operationName":7}', 'BAD_USER_INPUT'],
  ['{"query":"{ head }","operationName":"None"}', 'OPERATION_RESOLUTION_FAILURE'],
  ['{"query":"{ head }","extensions":"x"}', 'BAD_USER_INPUT'],
  ['{"query":""}', 'GRAPHQL_PARSE_FAILED'],
  ['{"query":"\\u0000"}', 'GRAPHQL_PARSE_FAILED'],
  ['{"query":"\\ud800"}', 'GRAPHQL_PARSE_FAILED'],
  ['{"query":"fragment F on Query { head }"}', 'OPERATION_RESOLUTION_FAILURE'],
  ['{"query":"type T { a: Int }"}', 'OPERATION_RESOLUTION_FAILURE'],
  ['{"query":"subscription { ...F } fragment F on Subscription { ...F }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['{"query":"subscription { a: events { id } b: events { id } }"}', 'GRAPHQL_VALIDATION_FAILED'],
  ['{"query":"subscription { __typename }"}', 'GRAPHQL_VALIDATION_FAILED'],
  [`{"query":"query ($f: EventFilter) { events(filter: $f) { head } }","variables":{"f":${deep(2000)}}}`, 'LIMIT_EXCEEDED'],
  [`{"query":"{ head }","extensions":{"x":${deep(2000)}}}`, 'LIMIT_EXCEEDED'],
];

test.each(payloads)('an operation with the payload %s gets an error of its own', async (payload, code) => {
  const response = new Promise<any>((resolve, reject) => {
    raw.socket.once('close', reject);
    raw.socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString());
      if (message.id === 'odd' && message.type !== 'complete') resolve(message);
    });
  });
  raw.socket.send(`{"id":"odd","type":"subscribe","payload":${payload}}`);
  const message = await response;
  expect(message.type).toBe('error');
  expect(message.payload[0].extensions.code).toBe(code);
  expect(message.payload[0].extensions).not.toHaveProperty('http');
  await expectOtherGoesOn();
});

test.each(['__proto__', 'constructor', 'toString', '\0', '💥', 'x'.repeat(255), 'x'.repeat(5000)])(
  'the id %j harms no other operation',
  async (id) => {
    raw.send({ id, type: 'subscribe', payload: { query: '{ head }' } });
    raw.send({ id, type: 'complete' });
    raw.send({ id: 'unknown', type: 'complete' });
    raw.send({ type: 'ping', payload: { anything: [1] } });
    await raw.settled();
    await expectOtherGoesOn();
  },
);

test('2,000 random operations harm no other operation', async () => {
  const random = randomOf('shared-socket');
  for (let n = 0; n < 2000; n += 1) {
    const payload = randomRequest(random);
    if (JSON.stringify(payload).includes('ApiKey')) continue; // the first key would end the test's own connection
    raw.send({ id: `odd-${n}`, type: 'subscribe', payload });
    raw.send({ id: `odd-${n}`, type: 'complete' });
    if (n % 100 === 0) await raw.settled();
  }
  await raw.settled();
  await expectOtherGoesOn();
});

test.each([
  ['no subprotocol', []],
  ['the old subprotocol', ['graphql-ws']],
  ['an unknown subprotocol', ['nothing', 'graphql-ws']],
])('a socket with %s is closed with a reason', async (_what, protocols) => {
  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, protocols);
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([4406, 'expected the subprotocol graphql-transport-ws']);
});
