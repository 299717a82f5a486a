import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await emit(
    Array.from({ length: 120 }, (_, n) => ({
      id: `order-${n}`,
      event: 'order.shipped',
      occurred: `2026-01-01T00:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}Z`,
      resource: { id: `order.${n}`, name: `Order ${n}`, labels: n % 2 === 0 ? { region: 'eu' } : {} },
      related: [{ id: `user.${n % 7}`, role: 'actor' }, ...(n < 20 ? [{ id: 'flow.1', role: 'flow', labels: { region: 'us' } }] : [])],
      payload: { amount: n, lines: [{ 'sku.code': 'x', count: 1 }, { count: 2 }], ...(n === 119 ? { last: true } : {}) },
    })),
  );
  await emit([{ id: 'other', event: 'other', resource: { id: 'o', labels: { other: 'label' } }, payload: { secret: null } }]);
});
afterAll(() => server[Symbol.asyncDispose]());

const emit = (input: readonly object[]): Promise<unknown> =>
  server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input });
const query = `query ($filter: EventFilter, $sample: Int) { eventFields(filter: $filter, sample: $sample) {
  sampled labels { name count example } roles { name count example } payloadPaths { name count example } } }`;
const fields = async (variables: object): Promise<any> => (await server.data(query, variables)).eventFields;
const orders = { event: { in: ['order.shipped'] } };

test('names come with the number of matching events that have them, and an example of the newest one', async () => {
  expect(await fields({ filter: orders })).toEqual({
    sampled: 120,
    labels: [
      { name: 'prefect.resource.name', count: 120, example: 'Order 119' },
      { name: 'region', count: 70, example: 'eu' },
    ],
    roles: [
      { name: 'actor', count: 120, example: 'user.0' },
      { name: 'flow', count: 20, example: 'flow.1' },
    ],
    payloadPaths: [
      { name: 'amount', count: 120, example: 119 },
      { name: 'lines.*."sku.code"', count: 120, example: 'x' },
      { name: 'lines.*.count', count: 120, example: 1 },
      { name: 'last', count: 1, example: true },
    ],
  });
});

test('a sample is of the newest events that match', async () => {
  const { sampled, labels, roles, payloadPaths } = await fields({ filter: orders, sample: 40 });
  expect([sampled, roles.length]).toEqual([40, 1]);
  expect(labels.map(({ count }: any) => count)).toEqual([40, 20]);
  expect(payloadPaths.at(-1)).toEqual({ name: 'last', count: 1, example: true });
  expect((await fields({ filter: orders, sample: 1 })).labels).toEqual([{ name: 'prefect.resource.name', count: 1, example: 'Order 119' }]);
});

test('without a filter all events are looked at, and without events there is nothing', async () => {
  const { sampled, labels, payloadPaths } = await fields({});
  expect(sampled).toBe(121);
  expect(labels.map(({ name }: any) => name)).toContain('other');
  expect(payloadPaths).toContainEqual({ name: 'secret', count: 1, example: null });
  const none = await fields({ filter: { event: { in: ['nothing'] } } });
  expect(none).toEqual({ sampled: 0, labels: [], roles: [], payloadPaths: [] });
});

test('its paths work in filters, counts and payloadAt, its label keys and roles in filters', async () => {
  const { labels, roles, payloadPaths } = await fields({ filter: orders });
  for (const { name, count } of payloadPaths.filter(({ name: path }: any) => !path.includes('*'))) {
    const { events } = await server.data(
      'query ($path: String!) { events(first: 0, filter: { payload: [{ path: $path, exists: true }] }) { totalCount { count } } }',
      { path: name },
    );
    expect(events.totalCount.count, name).toBe(count);
  }
  for (const { name, count } of labels) {
    const filter = { ...orders, anyResource: [{ labels: [{ key: name, exists: true }] }] };
    const { events } = await server.data('query ($filter: EventFilter) { events(first: 0, filter: $filter) { totalCount { count } } }', {
      filter,
    });
    expect(events.totalCount.count, name).toBe(count);
  }
  for (const { name, count } of roles) {
    const filter = { ...orders, related: [{ role: [name] }] };
    const { events } = await server.data('query ($filter: EventFilter) { events(first: 0, filter: $filter) { totalCount { count } } }', {
      filter,
    });
    expect(events.totalCount.count, name).toBe(count);
  }
});

test('large payloads are read a page at a time', async () => {
  await emit(
    Array.from({ length: 12 }, (_, n) => ({
      id: `large-${n}`,
      event: 'large',
      resource: { id: 'r' },
      payload: { text: 'x'.repeat(1_000_000), n },
    })),
  );
  const { sampled, payloadPaths } = await fields({ filter: { event: { in: ['large'] } } });
  expect(sampled).toBe(12);
  expect(payloadPaths).toEqual([
    { name: 'n', count: 12, example: expect.any(Number) },
    { name: 'text', count: 12, example: `${'x'.repeat(200)}…` },
  ]);
});

test.each([0, -1, 10_001])('sample: %d is an error', async (sample) => {
  const { errors } = await server.execute(query, { sample });
  expect(errors).toMatchObject([
    { message: `sample: expected a whole number from 1 to 10000, got ${sample}`, extensions: { code: 'BAD_USER_INPUT', path: ['sample'] } },
  ]);
});
