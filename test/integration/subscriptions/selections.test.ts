import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parseJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

// A subscription that catches up reads only what its selection uses, and passes payloads on as text.
let server: TestServer;
let origin: string;
const input = Array.from({ length: 5 }, (_, n) => ({
  id: `e-${n}`,
  event: 'a.b',
  resource: { id: 'r', name: `name ${n}`, labels: { k: `"${n}"`, 'x.y': '\u2028💌' } },
  related: n === 2 ? [] : [{ id: `s-${n}`, role: 'actor', labels: { k: 'v' } }],
  payload: n === 3 ? {} : { n, text: 'two\nlines "€"', nested: { list: [1, null, 'EXACT'], constructor: true } },
  follows: n === 0 ? null : `e-${n - 1}`,
}));
beforeAll(async () => {
  server = await startTestServer();
  origin = (await server.data('{ head }')).head;
  const query = 'mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }';
  const body = JSON.stringify({ query, variables: { input } }).replaceAll('"EXACT"', '9007199254740993');
  const response = await (await send(body)).text();
  if (response !== '{"data":{"emitEvents":{"created":5}}}') throw new Error(response);
});
afterAll(() => server[Symbol.asyncDispose]());

function send(body: string, accept = 'application/json'): Promise<Response> {
  return fetch(`${server.tidings.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', accept }, body });
}

const selections = [
  'id',
  'payload',
  'a: payload payloadBytes payloadAt(path: "nested.list.2")',
  'resource { label(key: "k") }',
  '... on Node { ... on Event { resource { ...L } } }',
  'related(role: ["actor"]) { labels name }',
  'resource { resourceId resource { id name labels } }',
  'follows { resource { labels } related { role } payload }',
  'id event occurred received followsId cursor nodeId __typename resource { __typename resourceId labels } related { labels } payload',
];
const fragment = 'fragment L on ResourceSnapshot { labels }';
const documentOf = (text: string): string => (text.includes('...L') ? `${text} ${fragment}` : text);

/** The events of a subscription over a transport, as the exact JSON of each. */
async function caughtUp(
  transport: 'SSE' | 'WebSocket',
  root: (selection: string) => string,
  selection: string,
): Promise<readonly string[]> {
  const query = documentOf(`subscription { ${root(selection)} }`);
  const messages = transport === 'SSE' ? messagesOverSse(query) : messagesOverWebSocket(query);
  const found: unknown[] = [];
  for await (const message of messages) {
    const { data, errors } = parseJson(message) as any;
    expect(errors).toBeUndefined();
    if (data.events !== undefined) found.push(data.events);
    else found.push(...(data.eventStream.events ?? []));
    if (found.length >= input.length) break;
  }
  return found.map((event) => stringifyJson(event));
}

async function* messagesOverSse(query: string): AsyncGenerator<string> {
  const response = await send(JSON.stringify({ query }), 'text/event-stream');
  let text = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = `${text}${chunk}`.split('\n\n');
    text = parts.pop()!;
    for (const part of parts) {
      const data = part.split('\n').find((line) => line.startsWith('data: {'));
      if (data !== undefined) yield data.slice('data: '.length);
    }
  }
}

async function* messagesOverWebSocket(query: string): AsyncGenerator<string> {
  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const received: string[] = [];
  let wake = (): void => undefined;
  socket.on('message', (bytes: Buffer) => {
    received.push(bytes.toString());
    wake();
  });
  socket.on('open', () => socket.send('{"type":"connection_init"}'));
  try {
    for (;;) {
      const message = received.shift();
      if (message === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else if (message.includes('connection_ack')) socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
      else yield /^\{"id":"1","type":"next","payload":(.*)\}$/s.exec(message)![1]!;
    }
  } finally {
    socket.close();
  }
}

describe.each(['WebSocket', 'SSE'] as const)('a subscription that catches up over %s delivers what a query returns', (transport) => {
  test.each(selections)('%s', async (selection) => {
    const query = documentOf(`{ events(order: LOG, first: 5, after: "${origin}") { nodes { ${selection} } } }`);
    const { data } = parseJson(await (await send(JSON.stringify({ query }))).text()) as any;
    const expected = data.events.nodes.map((node: unknown) => stringifyJson(node));
    expect(expected).toHaveLength(input.length);
    const events = (selected: string): string => `events(after: "${origin}") { ${selected} }`;
    const stream = (selected: string): string => `eventStream(after: "${origin}") { ... on EventBatch { events { ${selected} } } }`;
    expect(await caughtUp(transport, events, selection)).toEqual(expected);
    expect(await caughtUp(transport, stream, selection)).toEqual(expected);
  });
});
