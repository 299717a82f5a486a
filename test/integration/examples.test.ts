import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/package-info.ts';
import { javascriptClients, packageClient, runWithClients } from '../support/example-clients.ts';
import { exampleAddress, graphqlExamples, textOf } from '../support/examples.ts';
import { adminKey, bearer } from '../support/keys.ts';
import { storedIds } from '../support/protocols/adapter.ts';
import { listenTo, startTestServer, type TestServer } from '../support/test-server.ts';
import { overSse } from '../support/transports.ts';

const examples: ReadonlyMap<string, string> = new Map(graphqlExamples.map(([, text]) => [/\w+ (\w+)/.exec(text)![1]!, text]));
/** The names of the operations that the tests have run. */
const ran = new Set<string>();
function example(name: string): string {
  ran.add(name);
  return examples.get(name)!;
}

let server: TestServer;
let address: string;
let start: string;
beforeAll(async () => {
  server = await startTestServer();
  address = new URL(server.tidings.url).host;
  start = (await server.data('{ head }')).head;
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs an example over HTTP and, if it is a query, over WebSocket too: the data must be equal. */
async function run(name: string, variables: Record<string, unknown> = {}): Promise<any> {
  const data = await server.data(example(name), variables);
  if (!example(name).startsWith('query')) return data;
  const { value } = await listenTo(server.socket(), example(name), variables).next();
  expect(value, name).toEqual({ data });
  return data;
}

/** The messages of a subscription over WebSocket. */
function subscribe(name: string, variables: Record<string, unknown> = {}): AsyncIterableIterator<any> {
  return listenTo(server.socket(), example(name), variables);
}

describe('the operations of the documentation', () => {
  test('Emit creates an event, and its repetition is a duplicate', async () => {
    expect((await run('Emit')).emitEvent).toMatchObject({ status: 'CREATED', event: { id: 'order-4711-shipped' }, userErrors: [] });
    expect((await run('Emit')).emitEvent.status).toBe('DUPLICATE');
  });

  test('EmitMany creates two events', async () => {
    expect((await run('EmitMany')).emitEvents).toMatchObject({ created: 2, duplicates: 0, rejected: 0 });
  });

  test('FindEvents finds the event by name, time, label, related resource and payload', async () => {
    expect((await run('FindEvents')).events).toMatchObject({
      nodes: [{ id: 'order-4711-shipped', resource: { resourceId: 'acme.order.4711', name: 'Order 4711' }, payloadAt: 1.5 }],
      totalCount: { count: 1, exceeded: false },
    });
  });

  test('AboutResource and Resources describe the resource as its newest event does', async () => {
    expect((await run('AboutResource')).resource).toMatchObject({
      name: 'Order 4711',
      labels: { region: 'eu' },
      events: { nodes: [{ follows: null, related: [{ resourceId: 'acme.user.kiki', role: 'actor', resource: { name: 'Kiki' } }] }] },
    });
    expect((await run('Resources')).resources.nodes).toEqual([
      { id: 'acme.order.4711', name: 'Order 4711', labels: expect.objectContaining({ region: 'eu' }) },
    ]);
  });

  test('CountEvents and TopResources count', async () => {
    expect((await run('CountEvents')).eventCounts).toMatchObject({
      buckets: [{ keys: [expect.any(String), 'acme.order.shipped'], count: 1 }],
      total: 1,
      zeroFilled: true,
    });
    expect((await run('TopResources')).eventCounts).toMatchObject({
      buckets: [
        { keys: ['acme.job'], count: 2 },
        { keys: ['acme.order'], count: 1 },
      ],
      total: 3,
      truncated: false,
    });
  });

  test('Chain names the ancestor that is not stored', async () => {
    expect((await run('Chain')).event.chain).toMatchObject({
      ancestors: [],
      missingId: 'order-4711-paid',
      cyclic: false,
      truncated: false,
    });
  });

  test('EventFieldNames lists labels, roles and payload paths', async () => {
    expect((await run('EventFieldNames')).eventFields).toMatchObject({
      sampled: 1,
      labels: expect.arrayContaining([{ name: 'region', count: 1, example: 'eu' }]),
      roles: [{ name: 'actor', count: 1 }],
      payloadPaths: [{ name: 'parcels.*.weight', count: 1 }],
    });
  });

  test('Explain describes the filter, and the clause that the event fails', async () => {
    expect(await run('Explain')).toMatchObject({
      explainFilter: {
        description: expect.stringContaining('"acme.order."'),
        indexConditions: expect.arrayContaining([expect.stringContaining('"acme.order."')]),
        index: 'events_by_content',
        postFilter: expect.any(Array),
        estimate: { count: 1, exact: true },
      },
      whyNot: { matches: false, fails: [{ path: ['filter', 'event', 'in'], got: 'acme.order.shipped' }] },
    });
  });

  test('ServiceLimits reports the limits', async () => {
    expect((await run('ServiceLimits')).service.limits).toMatchObject({ eventBytes: 1_500_000, pageSize: 1000 });
  });

  test('RelayNode returns an event and a resource', async () => {
    const { event } = await server.data('{ event(id: "order-4711-shipped") { nodeId resource { resource { nodeId } } } }');
    expect((await run('RelayNode', { nodeId: event.nodeId })).node).toMatchObject({ __typename: 'Event', id: 'order-4711-shipped' });
    const { node } = await run('RelayNode', { nodeId: event.resource.resource.nodeId });
    expect(node).toMatchObject({ __typename: 'Resource', id: 'acme.order.4711', name: 'Order 4711' });
  });

  test('Subscribe, EventStream and LiveCounts deliver what is stored', async () => {
    const first = { data: { events: { event: 'acme.order.shipped', resource: { resourceId: 'acme.order.4711' } } } };
    expect((await subscribe('Subscribe', { after: start }).next()).value).toMatchObject(first);
    expect(await overSse(server.tidings.url)({ query: example('Subscribe'), variables: { after: start } })).toMatchObject(first);

    const messages = subscribe('EventStream', { after: start });
    const { value: batch } = await messages.next();
    expect(batch.data.eventStream).toMatchObject({ __typename: 'EventBatch', previous: start, events: { length: 3 } });
    const { value: caughtUp } = await messages.next();
    expect(caughtUp.data.eventStream).toEqual({ __typename: 'CaughtUp', cursor: batch.data.eventStream.cursor });

    const { value: counts } = await subscribe('LiveCounts').next();
    expect(counts.data.eventCounts).toMatchObject({ kind: 'SNAPSHOT', total: 3 });
  });
});

test('the operations of the README emit, find, count and deliver an event', async () => {
  const { head } = await server.data('{ head }');
  const messages = subscribe('QuickSubscribe', { after: head });
  const arrived = messages.next();
  expect((await run('QuickEmit')).emitEvent).toEqual({ status: 'CREATED', userErrors: [] });
  expect((await run('QuickFind')).events.nodes).toMatchObject([{ event: 'acme.order.paid', resource: { resourceId: 'acme.order.4711' } }]);
  expect((await run('QuickCount')).eventCounts).toMatchObject({
    total: 4,
    buckets: expect.arrayContaining([{ keys: [expect.any(String), 'acme.order.paid'], count: 1 }]),
  });
  expect((await arrived).value).toMatchObject({ data: { events: { event: 'acme.order.paid' } } });
  // The event that Emit follows is stored now.
  expect((await run('Chain')).event.chain).toMatchObject({ ancestors: [{ event: 'acme.order.paid' }], missingId: null });
});

test('the operations about keys make, list and revoke a key, and list rejected events', async () => {
  await using secured = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const admin = bearer(secured.tidings.url, adminKey);
  const { createApiKey } = await admin.data(example('CreateKey'));
  expect(createApiKey.key).toMatchObject({ name: 'orders', permissions: ['EMIT', 'READ'], emitPrefix: 'acme.order.' });
  const emitted = await bearer(secured.tidings.url, createApiKey.secret).execute(example('Emit'));
  expect(emitted.data.emitEvent.status).toBe('CREATED');
  const listed = await admin.data(example('ListKeys'));
  expect(listed).toMatchObject({ me: { permissions: ['EMIT', 'READ', 'ADMIN'] }, apiKeys: [{ id: createApiKey.key.id, revoked: null }] });
  expect((await admin.data(example('RevokeKey'), { id: createApiKey.key.id })).revokeApiKey.revoked).toEqual(expect.any(String));
  expect((await admin.data(example('RejectedEvents'))).rejectedEvents.nodes).toEqual([]);
});

describe('the scripts', () => {
  /** Starts a script in the project's folder, against the test server. */
  function startScript(name: string) {
    const script = textOf(`examples/http/${name}.sh`).replaceAll(exampleAddress, address);
    const shell = spawn('sh', ['-ec', script], { cwd: packageRoot, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    let output = '';
    shell.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    return { shell, output: () => output };
  }

  async function runScript(name: string): Promise<string> {
    const { shell, output } = startScript(name);
    expect((await once(shell, 'close'))[0], name).toBe(0);
    return output();
  }

  test('emit-graphql.sh creates an event', async () => {
    expect(JSON.parse(await runScript('emit-graphql')).data.emitEvent.status).toBe('CREATED');
  });

  test('emit-document.sh and emit-ndjson.sh store a document, and lines compressed with gzip', async () => {
    const { head } = await server.data('{ head }');
    expect(await runScript('emit-document')).toBe('');
    const printed = JSON.parse(await runScript('emit-ndjson'));
    expect(printed).toMatchObject({ created: 2, duplicates: 0, rejected: 0 });
    expect(textOf('docs/event-documents.md')).toContain(JSON.stringify(printed).replaceAll(':', ': ').replaceAll(',', ', '));
    expect(await storedIds(server, head)).toEqual(['order-4711-packed', 'order-4712-packed', 'order-4712-shipped']);
  });

  test('cloudevent-*.sh and cloudevents-batch.sh store CloudEvents in every mode', async () => {
    const { head } = await server.data('{ head }');
    for (const name of ['cloudevent-structured', 'cloudevent-binary', 'cloudevents-batch']) await runScript(name);
    const query =
      'query ($after: Cursor) { events(order: LOG, after: $after) { nodes { id event resource { resourceId } payload followsId } } }';
    expect((await server.data(query, { after: head })).events.nodes).toMatchObject([
      { id: '/shop/eu 17', resource: { resourceId: 'acme.order.4711' }, payload: { amount: 12.5 } },
      { id: '/shop/eu 18', resource: { resourceId: 'acme.order.4711' }, payload: { data: 'two parcels' }, followsId: '/shop/eu 17' },
      { id: '/shop/eu 19', resource: { resourceId: 'acme.order.4712' }, event: 'acme.order.paid' },
      { id: '/shop/eu 20', resource: { resourceId: 'acme.order.4712' }, event: 'acme.order.packed' },
    ]);
  });

  test('subscribe-sse.sh prints events as they arrive', async () => {
    const { shell, output } = startScript('subscribe-sse');
    try {
      for (let n = 0; !output().includes('acme.streamed'); n += 1) {
        expect(n).toBeLessThan(500);
        await server.data('mutation { emitEvent(input: { event: "acme.streamed", resource: { id: "r" } }) { status } }');
      }
    } finally {
      process.kill(-shell.pid!, 'SIGKILL'); // the shell and curl
      await once(shell, 'close');
    }
  });
});

describe('the clients', () => {
  test('each prints the stored events after a cursor', async () => {
    const nodes: { event: string }[] = (
      await server.data('query ($after: Cursor) { events(order: LOG, first: 1000, after: $after) { nodes { event } } }', { after: start })
    ).events.nodes;
    const names = nodes.map(({ event }) => event);
    await Promise.all(
      [...javascriptClients, packageClient].map(async (startClient) => {
        await using client = startClient({ port: Number(new URL(server.tidings.url).port), cursor: start });
        await expect.poll(client.printed, { timeout: 20_000, message: client.name }).toEqual(names);
      }),
    );
  });

  test('relay.mjs and urql-cache.mjs query and subscribe', async () => {
    const query = JSON.stringify(example('QuickFind'));
    const subscription = JSON.stringify(example('QuickSubscribe'));
    const after = JSON.stringify(start);
    const relay = `
      import { environment } from './relay.mjs';
      const network = environment.getNetwork();
      const found = await network.execute({ name: 'QuickFind', text: ${query}, operationKind: 'query' }, {}, {}).toPromise();
      console.log(found.data.events.nodes[0].event);
      network.execute({ name: 'QuickSubscribe', text: ${subscription}, operationKind: 'subscription' }, { after: ${after} }, {}).subscribe({
        next({ data }) {
          console.log(data.events.event);
          process.exit();
        },
      });`;
    const urql = `
      import { urql } from './urql-cache.mjs';
      const found = await urql.query(${query}, {}).toPromise();
      console.log(found.data.events.nodes[0].event);
      urql.subscription(${subscription}, { after: ${after} }).subscribe(({ data }) => {
        console.log(data.events.event);
        process.exit();
      });`;
    const printed = ['acme.order.paid', 'acme.order.shipped'];
    expect(await Promise.all([relay, urql].map((code) => runWithClients(code, address)))).toEqual([printed, printed]);
  });
});

test('every operation among the examples was run', () => {
  expect([...examples.keys()].filter((name) => !ran.has(name))).toEqual([]);
});
