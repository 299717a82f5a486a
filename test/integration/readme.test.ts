import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { block, blocks } from '../support/readme.ts';
import { listenTo, startTestServer } from '../support/test-server.ts';

const example = (name: string): string => block('graphql', ` ${name}`);

test('the README’s examples do what it says', async () => {
  await using server = await startTestServer();
  const { head } = await server.data('{ head }');
  const listening = listenTo(server.socket(), example('Listen'), { after: head });

  expect((await server.data(example('Tell ')))['emitEvent']).toMatchObject({ status: 'CREATED', userErrors: [] });
  expect((await server.data(example('Tell ')))['emitEvent'].status).toBe('DUPLICATE');
  expect((await server.data(example('TellMany')))['emitEvents']).toMatchObject({ created: 2, duplicates: 0, rejected: 0 });
  expect((await server.data(example('Ask')))['events']).toMatchObject({
    nodes: [{ id: 'order-4711-shipped', payloadAt: 1.5 }],
    totalCount: { count: 1, exceeded: false },
  });
  const about = (await server.data(example('About')))['resource'];
  expect(about).toMatchObject({
    name: 'Order 4711',
    events: { nodes: [{ follows: null, related: [{ id: 'acme.user.kiki', resource: { name: 'Kiki' } }] }] },
  });
  expect((await server.data(example('Count')))['eventCounts']).toMatchObject({
    buckets: [{ keys: [expect.any(String), 'acme.order.shipped'], count: 1 }],
    total: 1,
  });
  expect(await server.data(example('Why'))).toMatchObject({
    explainFilter: {
      indexConditions: ['the event begins with "acme.order."'],
      index: 'digests_by_terms',
      estimate: { count: 1, exact: true },
    },
    whyNot: { matches: false, fails: [{ path: ['filter', 'event', 'in'], got: 'acme.order.shipped' }] },
  });
  expect((await listening.next()).value.data.events.event).toBe('acme.order.shipped');

  const curl = blocks('sh').find((each) => each.startsWith('curl'))!;
  const shell = spawn('sh', ['-c', curl.replaceAll('http://127.0.0.1:4000', server.tidings.url)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [response] = (await once(shell.stdout, 'data')) as [Buffer];
  expect(JSON.parse(response.toString()).data.emitEvent.status).toBe('CREATED');
});
