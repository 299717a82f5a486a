import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postTo } from '../../support/protocols/adapter.ts';
import { adminKey, makeKey } from '../../support/keys.ts';
import { requestPrefect, document, openPrefect } from '../../support/protocols/prefect.ts';
import { overHttp } from '../../support/transports.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const json = { 'content-type': 'application/json' };

describe('the cost of one client in a minute is bounded over all protocols together', () => {
  let server: TestServer;
  let url: string;
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_COST_PER_MINUTE: '1000' });
    ({ url } = server.tidings);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** The ids of events of this name, in log order. */
  async function named(name: string): Promise<string[]> {
    const query = 'query ($name: [String!]) { events(filter: { event: { in: $name } }, order: LOG, first: 200) { nodes { id } } }';
    const { bearer } = await makeKey(url, {}); // a key with its own rate limit
    const { events } = await bearer.data(query, { name });
    return events.nodes.map(({ id }: { id: string }) => id);
  }

  /** A key with a cost of about 100 left of 1,000. */
  async function nearlyExhausted(): Promise<{ secret: string; headers: Record<string, string> }> {
    const { secret } = await makeKey(url, {});
    const headers = { ...json, authorization: `Bearer ${secret}` };
    const { error } = await overHttp(url, { authorization: headers.authorization })({
      query: '{ events(first: 265) { nodes { id event } } }',
    });
    expect(error).toBeUndefined();
    return { secret, headers };
  }

  test.each([
    ['documents', 'api/events', Array.from({ length: 200 }, () => document('acme.some'))],
    ['pages', 'api/events/filter', { limit: 50 }],
    ['counts', 'api/events/count-by/event', {}],
  ])('for %s by POST, with 429 and retry-after, and nothing is stored', async (_what, path, body) => {
    const { headers } = await nearlyExhausted();
    const posted = await postTo(server, `/${path}`, body, headers);
    expect([posted.status, posted.body.exception_message]).toEqual([
      429,
      expect.stringMatching(/cost 1000 a minute at most.*repeat it after \d+ ms/),
    ]);
    expect(Number(posted.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await named('acme.some')).toEqual([]);
  });

  test('for CloudEvents', async () => {
    const { headers } = await nearlyExhausted();
    const events = Array.from({ length: 200 }, (_, n) => ({
      specversion: '1.0',
      id: `${n}`,
      source: '/s',
      type: 't',
      time: '2026-11-23T14:41:10Z',
    }));
    const posted = await postTo(server, '/cloudevents', events, { ...headers, 'content-type': 'application/cloudevents-batch+json' });
    expect(posted.status).toBe(429);
    // A request that fits into the rest of the bucket is accepted.
    expect(
      (await postTo(server, '/cloudevents', events.slice(0, 5), { ...headers, 'content-type': 'application/cloudevents-batch+json' }))
        .status,
    ).toBe(204);
  });

  test('for a Prefect subscriber, whose socket is closed with 1013', async () => {
    const { secret } = await nearlyExhausted();
    using first = await openPrefect(url, 'out', { token: secret });
    first.send({ type: 'filter', filter: {} });
    await first.settled();
    using second = await openPrefect(url, 'out', { token: secret });
    second.send({ type: 'filter', filter: {} });
    expect(await second.closed).toEqual([1013, expect.stringContaining('cost 1000 a minute')]);
  });

  test('for a Prefect sender, which is slowed down and loses no event', async () => {
    const { secret, headers } = await nearlyExhausted();
    using sender = await openPrefect(url, 'in', { token: secret });
    const events = Array.from({ length: 150 }, () => document('acme.slowed'));
    for (const each of events) sender.send(each);
    let isSettled = false;
    const settled = sender.settled().then(() => (isSettled = true));
    const { secret: other } = await makeKey(url, {});
    await postTo(server, '/api/events', document('acme.unhindered'), { ...json, authorization: `Bearer ${other}` });
    expect(await named('acme.unhindered')).toHaveLength(1);
    expect(isSettled).toBe(false); // the bucket refills for 50 events within 3 seconds
    await settled;
    expect(await named('acme.slowed')).toEqual(events.map(({ id }) => id));
    expect((await requestPrefect(url, 'events/filter', { limit: 50 }, headers)).status).toBe(429);
  });
});

test('Prefect sockets count among the connections of their address and of their key', async () => {
  await using server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey, TIDINGS_MAX_CONNECTIONS: '2' });
  const { url } = server.tidings;
  const { secret } = await makeKey(url, {});
  const from = (localAddress: string) => ({ token: secret, options: { localAddress } });
  using _first = await openPrefect(url, 'in', from('127.0.2.1'));
  const second = await openPrefect(url, 'out', from('127.0.2.1'));
  const third = await openPrefect(url, 'out', from('127.0.2.1'));
  expect((await third.closed)[0]).toBe(1006); // rejected with 429 before the upgrade
  const elsewhere = await openPrefect(url, 'out', from('127.0.2.2'));
  expect(await elsewhere.closed).toEqual([1013, 'Too many connections of this key']);
  second.socket.close();
  await second.closed;
  await expect
    .poll(async () => {
      using again = await openPrefect(url, 'out', from('127.0.2.2'));
      return again.socket.readyState === again.socket.OPEN;
    })
    .toBe(true);
});

describe('a rejected request does not affect other clients', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  const headers = { ...json, authorization: `Bearer ${adminKey}` };
  const bomb = '['.repeat(4_000_000);

  test.each([
    ['a document', '/api/events', 'application/json', bomb],
    ['a line', '/api/events', 'application/x-ndjson', `${bomb}\n`],
    ['a CloudEvent', '/cloudevents', 'application/cloudevents+json', bomb],
    ['many of them', '/cloudevents', 'application/cloudevents-batch+json', bomb],
    ["a CloudEvent's related", '/cloudevents', 'application/cloudevents+json', cloudEventWith({ related: bomb })],
    ['a filter', '/api/events/filter', 'application/json', bomb],
  ])('JSON of four million levels as %s', async (_what, path, type, body) => {
    const { status, body: answer } = await postTo(server, path, body, { ...headers, 'content-type': type });
    expect(status).toBe(422);
    expect(JSON.stringify(answer)).toMatch(/more than 1000 levels|a JSON object|expected JSON of a list/);
  });

  test('all of it is counted by why', async () => {
    await postTo(server, '/api/events', '{}', { authorization: headers.authorization }); // 415
    await postTo(server, '/api/events', '[]', { ...json, authorization: 'Bearer tidings_nobody' });
    const { secret } = await makeKey(server.tidings.url, { permissions: ['READ'] });
    await postTo(server, '/api/events', '[]', { ...json, authorization: `Bearer ${secret}` });
    using rejected = await openPrefect(server.tidings.url, 'in', { token: secret });
    expect((await rejected.closed)[0]).toBe(1008);
    const metrics = await (await fetch(`${server.tidings.url}/metrics`, { headers: { authorization: headers.authorization } })).text();
    const counted = (reason: string): number =>
      Number(new RegExp(`^tidings_rejected_requests_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
    expect(counted('BAD_USER_INPUT')).toBeGreaterThanOrEqual(5);
    expect([counted('UNAUTHENTICATED'), counted('FORBIDDEN')]).toEqual([1, 2]);
  });
});

function cloudEventWith(more: object): string {
  return JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 't', time: '2026-11-23T14:41:10Z', ...more });
}
