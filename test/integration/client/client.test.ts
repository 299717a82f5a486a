import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { createReader, createTidings, TidingsError, type EventOf, type ReceivedEvent } from '../../../src/client/tidings-client.ts';
import { createFeed } from '../../../src/client/live-feed.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

let server: TestServer;
beforeAll(async () => void (server = await startTestServer()));
afterAll(() => server[Symbol.asyncDispose]());

const amount = z.object({ amount: z.number() });

async function take<T>(events: AsyncIterable<T>, count: number): Promise<readonly T[]> {
  const taken: T[] = [];
  for await (const event of events) if (taken.push(event) === count) break;
  return taken;
}

describe.each([
  ['SSE', {}],
  ['WebSocket', { webSocket: WebSocket }],
] as const)('over %s', (name, options) => {
  const prefix = `client-${name.toLowerCase()}`;

  test('events that are emitted arrive, in order, with exact numbers and microseconds', async () => {
    await using tidings = createTidings(server.tidings.url, { ...options, events: { 'acme.order.paid': amount } });
    const filter = { event: { in: ['acme.order.paid', `${prefix}.shipped`] } } as const;
    const stream = tidings.events(filter);
    await stream.listening;
    const paid = tidings.emit('acme.order.paid', { resource: prefix, payload: { amount: 12.5 }, occurred: '2026-11-23T14:41:10.863461Z' });
    const big = 9007199254740993n;
    const shipped = tidings.emit(`${prefix}.shipped`, { resource: prefix, payload: { big }, follows: paid, related: { actor: ['kiki'] } });
    expect(await shipped).toMatchObject({ id: shipped.id, status: 'CREATED', cursor: expect.any(String) });
    const [first, second] = await take(stream, 2);
    expect(first).toMatchObject({ id: paid.id, occurred: '2026-11-23T14:41:10.863461Z', payload: { amount: 12.5 } });
    expect(String((second!.payload as { big: unknown }).big)).toBe('9007199254740993');
    expect(second).toMatchObject({ follows: paid.id, related: [{ id: 'kiki', role: 'actor' }] });
    const again = tidings.emit(`${prefix}.shipped`, { ...second!, resource: second!.resource.id, related: second!.related });
    expect((await again).status).toBe('DUPLICATE');
  });

  test('a client that only reads follows events too, until it is closed', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    const reader = createReader(server.tidings.url, options);
    const filter = { event: { in: [`${prefix}.read`] } };
    const stream = reader.events(filter);
    await stream.listening;
    const { id } = await tidings.emit(`${prefix}.read`, { resource: prefix });
    const read: string[] = [];
    for await (const event of stream) {
      read.push(event.id);
      reader.close();
    }
    expect(read).toEqual([id]);
    await expect(reader.page({ filter })).rejects.toMatchObject({ code: 'CLOSED' });
    expect((await tidings.page({ filter })).nodes).toHaveLength(1);
  });

  test('a loop resumes after the last event whose body ended', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    let saved: string | undefined = (await tidings.page({ first: 1 })).head;
    const checkpoint = { load: () => saved, save: (cursor: string) => void (saved = cursor) };
    const ids = Array.from({ length: 30 }, () => tidings.emit(`${prefix}.resumed`, { resource: 'r' }).id);
    await tidings.flush();
    const filter = { event: { in: [`${prefix}.resumed`] } };
    const seen: string[] = [];
    const interrupted = async (): Promise<void> => {
      for await (const { id } of tidings.events(filter, { checkpoint })) {
        if (seen.length === 10) throw new Error('interrupted');
        seen.push(id);
      }
    };
    await expect(interrupted()).rejects.toThrow('interrupted');
    for await (const { id } of tidings.events(filter, { checkpoint })) if (seen.push(id) === 30) break;
    expect(seen).toEqual(ids);
  });

  test('a loop from the beginning begins with the first stored event', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    const { nodes } = await tidings.page({ order: 'LOG', first: 3 });
    expect(await take(tidings.events({}, { after: 'beginning' }), 3)).toEqual(nodes);
  });

  test('a signal ends a loop, and a closed client too', async () => {
    const tidings = createTidings(server.tidings.url, options);
    const stop = new AbortController();
    const stream = tidings.events({}, { signal: stop.signal });
    await stream.listening;
    stop.abort();
    expect(await take(stream, 1)).toEqual([]);
    const other = tidings.events({ id: ['none'] });
    await other.listening;
    await tidings.close();
    expect(await take(other, 1)).toEqual([]);
  });

  test('a cursor of another kind is an error that the loop throws, after the state was reported', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    const states: string[] = [];
    const stream = tidings.events({}, { after: 'nonsense', onState: ({ is }) => states.push(is) });
    await expect(take(stream, 1)).rejects.toMatchObject({ code: 'BAD_CURSOR' });
    expect(states).toEqual(['connecting', 'closed']);
  });

  test('live counts are added up', async () => {
    await using tidings = createTidings(server.tidings.url, options);
    const request = { by: [{ event: {} }], filter: { event: { startsWith: [`${prefix}.counted`] } } };
    const live = tidings.liveCounts({ ...request, intervalMs: 50 });
    expect((await live.next()).value).toMatchObject({ total: 0 });
    for (const [index, suffix] of ['b', 'a', 'b'].entries()) {
      await tidings.emit(`${prefix}.counted.${suffix}`, { resource: 'r' });
      const { value } = await live.next();
      const { total, buckets } = await tidings.counts(request);
      expect(value).toMatchObject({ total, buckets });
      expect(total).toBe(index + 1);
    }
    await live.return();
  });
});

test('single objects, chains, explanations and other operations are read', async () => {
  await using tidings = createTidings(server.tidings.url);
  const first = tidings.emit('read.first', { resource: { id: 'read.r', name: 'R', labels: { k: 'v' } } });
  const second = tidings.emit('read.second', { resource: 'read.r2', follows: first });
  await second;
  const event: EventOf<object> | null = await tidings.event(first.id);
  expect(event).toMatchObject({ event: 'read.first', resource: { id: 'read.r', name: 'R', labels: { k: 'v' } } });
  expect(await tidings.chain(second.id)).toMatchObject({ root: { id: first.id }, truncated: false });
  expect(await tidings.resource('read.r')).toMatchObject({ name: 'R' });
  expect(await tidings.event('none')).toBeNull();
  expect(await tidings.chain('none')).toBeNull();
  const filter = { event: { in: ['read.second'] } };
  expect((await tidings.explain(filter)).estimate.count).toBe(1);
  expect(await tidings.whyNot(filter, first.id)).toMatchObject({ matches: false, fails: [{ path: ['filter', 'event', 'in'] }] });
  expect(await tidings.graphql<{ service: { version: string } }>('{ service { version } }')).toMatchObject({ service: {} });
  await expect(tidings.graphql('{ nothing }')).rejects.toBeInstanceOf(TidingsError);
});

test('a feed has the newest events, then live ones, holds them, and loads older ones', async () => {
  await using tidings = createTidings(server.tidings.url);
  const filter = { event: { in: ['fed'] } };
  const emit = async (id: string, second: number): Promise<unknown> =>
    await tidings.emit('fed', { id, resource: 'r', occurred: `2026-01-01T00:00:0${second}.999999Z` });
  for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) await emit(id, index > 1 ? 2 : index);
  using feed = createFeed(tidings, { filter, pageSize: 2 });
  const shows = (ids: string): Promise<void> => vi.waitFor(() => expect(feed.snapshot.rows.map(({ id }) => id).join('')).toBe(ids), 20_000);
  await shows('dc');
  await vi.waitFor(() => expect(feed.snapshot.state).toBe('live'), 20_000);
  await emit('e', 3);
  await shows('edc');
  feed.hold();
  await emit('f', 4);
  await vi.waitFor(() => expect(feed.snapshot.heldCount).toBe(1), 20_000);
  await feed.older();
  await shows('edcba');
  feed.follow();
  await shows('fedcba');
  expect(feed.snapshot.hasOlder).toBe(false);
  feed.setFilter({ id: ['a'] });
  await shows('a');
});

test('payloads have the types of their schemas, or of a type argument, when they are emitted and when they arrive', async () => {
  const events = { 'schema.zod': z.object({ at: z.string().transform(Number) }), 'schema.valibot': v.object({ name: v.string() }) };
  await using tidings = createTidings(server.tidings.url, { events, unknownEvents: 'reject', onUnsent: () => undefined });
  const stored = tidings.emit('schema.zod', { resource: 'r', payload: { at: '7' } });
  await tidings.emit('schema.valibot', { resource: 'r', payload: { name: 'x' } });
  await expect(tidings.emit('schema.valibot', { resource: 'r', payload: { name: 1 } as never })).rejects.toThrow('payload.name: ');
  await expect(tidings.emit('other', { resource: 'r' })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  const { nodes } = await tidings.page({ filter: { event: { in: ['schema.zod', 'schema.valibot'] } }, order: 'LOG' });
  expectTypeOf(nodes[0]!).toEqualTypeOf<ReceivedEvent<'schema.zod', { at: number }> | ReceivedEvent<'schema.valibot', { name: string }>>();
  expect(nodes.map(({ payload }) => payload)).toEqual([{ at: 7 }, { name: 'x' }]);
  expect(nodes[0]!.id).toBe(stored.id);

  const typed = createTidings<{ 'typed.paid': { readonly amount: number } }>(server.tidings.url);
  // @ts-expect-error -- the amount is a number
  void (() => typed.emit('typed.paid', { resource: 'r', payload: { amount: '1' } }));
});
