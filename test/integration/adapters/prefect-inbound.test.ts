import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminKey, makeKey, revocation, bearer } from '../../support/keys.ts';
import { document, openPrefect } from '../../support/protocols/prefect.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ TIDINGS_MAX_EVENT_BYTES: '20000' });
});
afterAll(() => server[Symbol.asyncDispose]());

async function storedNames(prefix: string, in_: TestServer = server): Promise<string[]> {
  const query = 'query ($p: [String!]) { events(order: LOG, first: 1000, filter: { event: { startsWith: $p } }) { nodes { event } } }';
  return (await in_.data(query, { p: [prefix] })).events.nodes.map(({ event }: { event: string }) => event);
}

const rejectedQuery = '{ rejectedEvents(first: 1000) { nodes { protocol keyId reason raw bytes truncated } pageInfo { hasNextPage } } }';

test('a pong means that every event before the ping is durable, in order', async () => {
  using client = await openPrefect(server.tidings.url, 'in');
  expect(client.socket.protocol).toBe('prefect');
  const names = Array.from({ length: 900 }, (_, n) => `order.${String(n).padStart(3, '0')}`);
  for (const name of names) client.send(document(name));
  await client.settled();
  expect(await storedNames('order.')).toEqual(names);
  expect(client.received).toEqual([]); // events get no response
});

test('the end of a close handshake means the same', async () => {
  const client = await openPrefect(server.tidings.url, 'in');
  const names = Array.from({ length: 500 }, (_, n) => `closing.${n}`);
  for (const name of names) client.send(document(name));
  client.socket.close(1000);
  expect(await client.closed).toEqual([1000, '']);
  expect(await storedNames('closing.')).toEqual(names);
});

test('an event that is sent again is stored once', async () => {
  using client = await openPrefect(server.tidings.url, 'in');
  const event = document('again');
  for (let n = 0; n < 3; n += 1) client.send(event);
  await client.settled();
  client.send(event);
  await client.settled();
  expect(await storedNames('again')).toEqual(['again']);
  const { rejectedEvents } = await server.data(rejectedQuery);
  expect(rejectedEvents.nodes.filter(({ raw }: any) => raw.includes('again'))).toEqual([]);
});

test('unknown members of a document are ignored and counted, or rejected with strict=true', async () => {
  await using own = await startTestServer();
  {
    using client = await openPrefect(own.tidings.url, 'in');
    client.send(document('typo.ignored', { playload: {} }));
    await client.settled();
  }
  using strict = await openPrefect(own.tidings.url, 'in?strict=true');
  strict.send(document('typo.rejected', { playload: {} }));
  strict.send(document('typo.clean'));
  await strict.settled();
  expect(await storedNames('typo.', own)).toEqual(['typo.ignored', 'typo.clean']);
  const { nodes } = (await own.data(rejectedQuery)).rejectedEvents;
  expect(nodes).toMatchObject([{ reason: expect.stringMatching(/^playload: expected no members but id, /) }]);
  const metrics = await (await fetch(`${own.tidings.url}/metrics`)).text();
  expect(metrics).toContain('tidings_unknown_members_total{protocol="prefect"} 1\n');
});

test.each(['in?strickt=true', 'in?strict=yes', 'in?strict=true&strict=true', 'out?strict=true'])('events/%s is a 400', async (path) => {
  const socket = new WebSocket(`${server.tidings.url.replace('http', 'ws')}/api/events/${path}`, 'prefect');
  socket.on('error', () => undefined);
  const [, response] = await once(socket, 'unexpected-response');
  expect(response.statusCode).toBe(400);
});

test('an event without id or occurred has no defaults on the socket', async () => {
  await using own = await startTestServer();
  using client = await openPrefect(own.tidings.url, 'in');
  for (const field of ['id', 'occurred']) for (const value of [undefined, null]) client.send(document('bare', { [field]: value }));
  await client.settled();
  expect(await storedNames('bare', own)).toEqual([]);
  expect((await own.data(rejectedQuery)).rejectedEvents.nodes.map(({ reason }: any) => reason.split(':')[0])).toEqual([
    'occurred',
    'occurred',
    'id',
    'id',
  ]);
});

test('an invalid frame is stored as a rejected event, and does not affect other frames', async () => {
  await using own = await startTestServer({ TIDINGS_MAX_EVENT_BYTES: '3000' });
  using client = await openPrefect(own.tidings.url, 'in');
  const { id: _id, ...noId } = document('no id');
  const bad = [
    'no json',
    '[]',
    JSON.stringify(noId),
    JSON.stringify(document('nul', { payload: { a: 'x\0y' } })),
    JSON.stringify(document('label', { resource: { 'prefect.resource.id': 'r', 'l\0': 'v' } })),
    JSON.stringify(document('large', { payload: { text: 'x'.repeat(3000) } })),
    `"${'y'.repeat(100_000)}"`,
  ];
  client.send(document('valid.0'));
  for (const [index, frame] of bad.entries()) {
    client.send(frame);
    client.send(document(`valid.${index + 1}`));
  }
  client.socket.send(Buffer.from([0xff, 0x00]), { binary: true });
  client.send(document('valid.8'));
  await client.settled();
  expect(await storedNames('valid.', own)).toEqual(Array.from({ length: 9 }, (_, n) => `valid.${n}`));
  const { nodes } = (await own.data(rejectedQuery)).rejectedEvents;
  expect(nodes.map(({ reason }: any) => reason.slice(0, 60))).toEqual([
    'expected an event document in a text frame, got a binary one',
    expect.stringContaining('expected at most 3000 bytes of JSON, got 100002'),
    expect.stringContaining('expected at most 3000 bytes of JSON'),
    expect.stringContaining('resource.labels.l\ufffd: '),
    expect.stringContaining('payload.a: the string has the character U+0000'),
    'id: expected a non-empty string, got nothing',
    'expected an event document, got an array',
    expect.stringContaining('expected an event document, got invalid JSON'),
  ]);
  const raws = nodes.map(({ raw, bytes, truncated }: any) => [raw, bytes, truncated]).toReversed();
  expect(raws.slice(0, 5)).toEqual(bad.slice(0, 5).map((frame) => [frame, frame.length, false]));
  expect(raws[6]).toEqual([bad[6]!.slice(0, 3000), 100_002, true]);
  expect(raws[7]).toEqual(['\ufffd\0', 2, false]);
  expect(nodes[0]).toMatchObject({ protocol: 'prefect', keyId: null });
  const metrics = await (await fetch(`${own.tidings.url}/metrics`)).text();
  expect(metrics).toContain('tidings_rejected_events_stored_total{reason="invalid"} 5');
  expect(metrics).toContain('tidings_rejected_events_stored_total{reason="too_large"} 2');
  expect(metrics).toContain('tidings_adapter_events_total{protocol="prefect",status="created"} 9');
});

test('pages of rejected events continue after a cursor', async () => {
  await using own = await startTestServer();
  using client = await openPrefect(own.tidings.url, 'in');
  for (let n = 0; n < 5; n += 1) client.send(`bad ${n}`);
  await client.settled();
  const query =
    'query ($after: Cursor) { rejectedEvents(first: 2, after: $after) { edges { cursor node { raw } } pageInfo { hasNextPage hasPreviousPage endCursor } } }';
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 3; page += 1) {
    const { edges, pageInfo }: any = (await own.data(query, { after })).rejectedEvents;
    seen.push(...edges.map(({ node }: any) => node.raw));
    expect(pageInfo).toMatchObject({ hasNextPage: page < 2, hasPreviousPage: page > 0 });
    after = pageInfo.endCursor;
  }
  expect(seen).toEqual(['bad 4', 'bad 3', 'bad 2', 'bad 1', 'bad 0']);
  const { head } = await own.data('{ head }');
  expect((await own.execute(query, { after: head })).errors![0]!.extensions.code).toBe('BAD_CURSOR');
});

test('a flood is slowed by backpressure, and no event is lost', async () => {
  using client = await openPrefect(server.tidings.url, 'in');
  const payload = { text: 'x'.repeat(15_000) };
  for (let n = 0; n < 600; n += 1) client.send(document(`flood.${n}`, { payload }));
  await client.settled();
  const { events } = await server.data('{ events(filter: { event: { startsWith: ["flood."] } }, first: 1) { totalCount { count } } }');
  expect(events.totalCount.count).toBe(600);
});

test('a frame above the size limit closes its socket with 1009, and the frames before it are stored', async () => {
  await using own = await startTestServer({ TIDINGS_MAX_BODY_BYTES: '100000' });
  using client = await openPrefect(own.tidings.url, 'in');
  const names = Array.from({ length: 20 }, (_, n) => `before.${n}`);
  for (const name of names) client.send(document(name));
  client.send(document('beyond', { payload: { text: 'x'.repeat(100_000) } }));
  expect((await client.closed)[0]).toBe(1009);
  await expect.poll(() => storedNames('b', own)).toEqual(names);
});

describe('the handshake', () => {
  test.each([
    ['another first message', { type: 'filter' }],
    ['invalid JSON', 'hello'],
  ])('%s closes with 1008', async (_what, first) => {
    using client = await openPrefect(server.tidings.url, 'in', { first });
    expect(await client.closed).toEqual([1008, "Expected 'auth' message"]);
  });

  test('a client without the subprotocol needs no auth message', async () => {
    using client = await openPrefect(server.tidings.url, 'in', { protocol: null });
    client.send(document('plain'));
    await client.settled();
    expect(await storedNames('plain')).toEqual(['plain']);
  });

  test('a frame sent before the response of the handshake is not lost', async () => {
    using client = await openPrefect(server.tidings.url, 'in', { first: null });
    client.send({ type: 'auth', token: 'anything' });
    client.send(document('early'));
    await client.settled();
    expect(await storedNames('early')).toEqual(['early']);
  });

  test('a web page of another origin is rejected', async () => {
    using client = await openPrefect(server.tidings.url, 'in', { options: { origin: 'http://elsewhere.example' } });
    expect((await client.closed)[0]).toBe(1006);
  });
});

test('where keys are required, a client needs a key that can emit', async () => {
  await using closed = await startTestServer({ TIDINGS_ADMIN_KEY: adminKey });
  const { url } = closed.tidings;
  const emitting = await makeKey(url, { permissions: ['EMIT'], emitPrefix: 'acme.' });
  const reading = await makeKey(url, { permissions: ['READ'] });

  using unauthenticated = await openPrefect(url, 'in');
  expect((await unauthenticated.closed)[0]).toBe(1008);
  using wrong = await openPrefect(url, 'in', { token: 'name:wrong' });
  expect((await wrong.closed)[0]).toBe(1008);
  using reader = await openPrefect(url, 'in', { token: reading.secret });
  expect(await reader.closed).toEqual([
    1008,
    'The key "test" lacks the permission emit. Use a key that was created with --permissions emit.',
  ]);
  using bare = await openPrefect(url, 'in', { protocol: null });
  expect((await bare.closed)[0]).toBe(1006);
  using listener = await openPrefect(url, 'out', { token: emitting.secret });
  expect((await listener.closed)[0]).toBe(1008);

  using named = await openPrefect(url, 'in', { token: `admin:${emitting.secret}` });
  named.send(document('allowed'));
  named.send(document('elsewhere', { resource: { 'prefect.resource.id': 'other.job' } }));
  await named.settled();
  const basic = Buffer.from(emitting.secret).toString('base64');
  using header = await openPrefect(url, 'in', { options: { headers: { authorization: `Basic ${basic}` } } });
  header.send(document('also allowed'));
  await header.settled();

  const admin = bearer(url, adminKey);
  const { nodes } = (await admin.data('{ events(order: LOG, filter: { event: { notStartsWith: ["tidings."] } }) { nodes { event } } }'))
    .events;
  expect(nodes.map(({ event }: any) => event)).toEqual(['allowed', 'also allowed']);
  expect((await admin.data(rejectedQuery)).rejectedEvents.nodes).toMatchObject([
    { keyId: emitting.id, reason: expect.stringContaining('acme.') },
  ]);
  expect((await emitting.bearer.execute(rejectedQuery)).errors![0]!.extensions.code).toBe('FORBIDDEN');

  await admin.data(revocation, { id: emitting.id });
  expect(await named.closed).toEqual([1008, 'The key was revoked or has expired']);
});
