import { get, type ClientRequest } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startFlakyProxy } from '../../support/database/flaky-proxy.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { eventSourceAt } from '../../support/protocols/event-source.ts';
import { onStreamMessage, streamField } from '../../support/protocols/event-stream.ts';
import { listenTo, startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const subscription = `subscription ($filter: EventFilter, $after: Cursor) {
  events(filter: $filter, after: $after) { id cursor event resource { resourceId labels } payload }
}`;
const head = async (): Promise<string> => (await server.data('{ head }')).head;
async function emit(...ids: string[]): Promise<void> {
  const input = ids.map((id, n) => ({
    id,
    event: `kind.${id.split('-')[0]}`,
    resource: { id: 'r' },
    payload: { n, text: 'two\n\nlines' },
  }));
  await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
}
const names = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
const pollOptions = { timeout: 20_000, interval: 20 };

async function openSubscriptions(): Promise<number> {
  const metrics = await (await fetch(`${server.tidings.url}/metrics`)).text();
  return Number(/^tidings_subscriptions (\d+)$/m.exec(metrics)![1]);
}

/** An SSE client, and the events that it received. */
function listenOverSse(variables: object): { readonly events: any[]; readonly request: ClientRequest } {
  const events: any[] = [];
  const query = new URLSearchParams({ query: subscription, variables: JSON.stringify(variables) });
  const request = get(`${server.tidings.url}/graphql?${query}`, { headers: { accept: 'text/event-stream' } }, (response) => {
    response.on('error', () => undefined);
    onStreamMessage(response, (message) => {
      const data = /^id: \S+\nevent: next\ndata: (.*)$/.exec(message);
      if (data !== null) events.push(JSON.parse(data[1]!).data.events);
    });
  });
  request.on('error', () => undefined);
  return { events, request };
}

test('SSE delivers what WebSocket delivers, from history into live', async () => {
  const variables = { after: await head(), filter: { event: { in: ['kind.same'] } } };
  await emit(...names('same', 250));
  const overSse = listenOverSse(variables);
  await expect.poll(() => overSse.events.length, pollOptions).toBeGreaterThan(0);
  await emit('other-1', ...names('same', 500).slice(250));
  await expect.poll(() => overSse.events.length, pollOptions).toBe(500);
  overSse.request.destroy();
  const overWebSocket = listenTo(server.socket(), subscription, variables);
  const expected = [];
  while (expected.length < 500) expected.push((await overWebSocket.next()).value.data.events);
  expect(overSse.events).toEqual(expected);
  await overWebSocket.return?.();
});

test('the cursor of any event received over SSE resumes exactly after it', async () => {
  const first = listenOverSse({ after: await head() });
  await expect.poll(openSubscriptions, pollOptions).toBe(1);
  await emit(...names('resume', 20));
  await expect.poll(() => first.events.length, pollOptions).toBe(20);
  first.request.destroy();
  for (const [n, { cursor }] of first.events.slice(0, 19).entries()) {
    const second = listenOverSse({ after: cursor });
    await expect.poll(() => second.events.length, pollOptions).toBe(19 - n);
    expect(second.events).toEqual(first.events.slice(n + 1));
    second.request.destroy();
  }
});

test('an SSE client that leaves, idle or in the middle of events, leaves no subscription open', async () => {
  await expect.poll(openSubscriptions, pollOptions).toBe(0);
  const after = await head();
  await emit(...names('leave', 1000));
  const idle = Array.from({ length: 20 }, () => listenOverSse({ filter: { event: { in: ['kind.never'] } } }));
  const busy = Array.from({ length: 20 }, () => listenOverSse({ after }));
  await expect.poll(openSubscriptions, pollOptions).toBe(40);
  for (const { events } of busy) await expect.poll(() => events.length, pollOptions).toBeGreaterThan(0);
  // One half closes its connection, the other half resets it.
  [...idle, ...busy].forEach(({ request }, n) => (n % 2 === 0 ? request.destroy() : request.socket!.resetAndDestroy()));
  await expect.poll(openSubscriptions, pollOptions).toBe(0);
});

interface SseMessage {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: any;
}

/** Opens a stream as a browser's EventSource does, and collects its messages. */
function openEventSource(query: string, lastEventId?: string): { readonly messages: SseMessage[]; readonly headers: any } & Disposable {
  const messages: SseMessage[] = [];
  const opened = { messages, headers: {} as any, [Symbol.dispose]: () => void request.destroy() };
  const headers = { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
  const request = get(`${server.tidings.url}/graphql?${new URLSearchParams({ query })}`, { headers }, (response) => {
    opened.headers = response.headers;
    response.on('error', () => undefined);
    onStreamMessage(response, (message) => {
      const [id, event, data] = (['id', 'event', 'data'] as const).map((name) => streamField(message, name));
      if (message !== ':') messages.push({ id, event, data: data === undefined || data === '' ? null : JSON.parse(data) });
    });
  });
  request.on('error', () => undefined);
  return opened;
}

test('the example for a browser prints every event once while its connection is cut in the middle of messages', async () => {
  await using proxy = await startFlakyProxy(server.tidings.url);
  const printed: string[] = [];
  const EventSource = eventSourceAt(`http://127.0.0.1:${proxy.port}`);
  vi.stubGlobal('EventSource', EventSource);
  const log = vi.spyOn(console, 'log').mockImplementation((name) => void printed.push(name));
  const { listen } = await import(join(packageRoot, 'examples/clients/event-source.mjs'));
  const cursor = await head();
  listen(cursor);
  proxy.cutAfter(1500);
  let emitted = 0;
  for (; proxy.cuts() < 6; emitted += 1) await emit(`browser${emitted}-`);
  proxy.cutAfter(Infinity);
  await expect.poll(() => printed, pollOptions).toEqual(Array.from({ length: emitted }, (_, n) => `kind.browser${n}`));
  EventSource.closeAll();
  log.mockRestore();
  vi.unstubAllGlobals();
});

describe('Last-Event-ID', () => {
  // Neither selects a cursor.
  const selections: readonly (readonly [name: string, query: string, idsOf: (data: any) => string[]])[] = [
    ['events', 'subscription { it: events(filter: { event: { in: ["kind.sse"] } }) { id } }', ({ it }) => [it.id]],
    [
      'eventStream',
      'subscription { eventStream(batchSize: 3, filter: { event: { in: ["kind.sse"] } }) { ...F } } fragment F on EventStreamMessage { ... on EventBatch { events { id } } }',
      ({ eventStream }) => (eventStream.events ?? []).map((event: any) => event.id),
    ],
  ];

  test.each(selections)('resumes %s after every message, and after none, without a gap or a repeat', async (name, query, idsOf) => {
    const idsIn = (messages: readonly SseMessage[]): string[] => messages.flatMap(({ data }) => (data === null ? [] : idsOf(data.data)));
    const ids = names('sse', 10).map((id) => `${id}-${name}`);
    using whole = openEventSource(query);
    await expect.poll(() => whole.messages.at(-1)?.id, pollOptions).toBeTypeOf('string');
    expect(whole.headers['x-accel-buffering']).toBe('no');
    for (const id of ids) await emit(id);
    await expect.poll(() => idsIn(whole.messages), pollOptions).toEqual(ids);
    for (const [n, { id }] of whole.messages.entries()) {
      expect(id).toBeTypeOf('string');
      using rest = openEventSource(query, id);
      await expect.poll(() => idsIn(rest.messages), pollOptions).toEqual(idsIn(whole.messages.slice(n + 1)));
    }
  });

  test('is preferred to `after`, and an invalid one is an error that names it', async () => {
    const { head: before } = await server.data('{ head }');
    await emit('prefer-1', 'prefer-2');
    const { events } = await server.data(`{ events(order: LOG, after: "${before}") { nodes { cursor } } }`);
    using resumed = openEventSource(`subscription { events(after: "${before}") { id } }`, events.nodes[0].cursor);
    await expect.poll(() => resumed.messages.find(({ data }) => data !== null)?.data.data.events.id, pollOptions).toBe('prefer-2');
    for (const field of ['events { id }', 'eventStream { __typename }']) {
      using failed = openEventSource(`subscription { ${field} }`, 'nonsense');
      await expect
        .poll(() => failed.messages[0]?.data?.errors[0].extensions, pollOptions)
        .toEqual({ code: 'BAD_CURSOR', path: ['Last-Event-ID'] });
    }
  });

  test('is ignored by a subscription to counts, which begins with a snapshot', async () => {
    using counts = openEventSource('subscription { eventCounts(by: [{ event: {} }]) { kind } }', 'nonsense');
    await expect
      .poll(() => counts.messages[0], pollOptions)
      .toMatchObject({ id: undefined, data: { data: { eventCounts: { kind: 'SNAPSHOT' } } } });
  });
});
