import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { formatNodeId } from '../../../schema/node.ts';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

/** A client with a normalized cache. */
export interface CachingClient extends AsyncDisposable {
  /** Fetches all events of the log, and then follows the cache. */
  watchEvents(): Watched<readonly ShownEvent[]>;
  /** Fetches a resource, and then follows the cache. */
  watchResource(id: string): Watched<ResourceState | null>;
  /** Subscribes to the events after a cursor. The list grows by each event, as the client returns it. */
  listen(after: string): readonly ShownEvent[];
}

/** A query that stays on the screen. */
export interface Watched<Data> {
  /** What the client shows now; undefined before the first result. */
  latest(): Data | undefined;
  /** Fetches it again. */
  refetch(): Promise<void>;
}

export interface Snapshot {
  readonly resourceId: string;
  readonly name: string | null;
  readonly labels: Labels;
}

export interface ResourceState {
  readonly nodeId: string;
  readonly id: string;
  readonly name: string | null;
  readonly labels: Labels;
}

export interface ShownEvent {
  readonly nodeId: string;
  readonly id: string;
  readonly event: string;
  readonly resource: Snapshot & { readonly resource: ResourceState };
  readonly related: readonly (Snapshot & { readonly role: string })[];
}

type Labels = Readonly<Record<string, string>>;

const eventFields = `
  nodeId
  id
  event
  resource { resourceId name labels resource { nodeId id name labels } }
  related { resourceId role name labels }
`;
/** The documents, for clients that need no compiler. */
export const documents = {
  events: `query Events { events(order: LOG) { nodes { ${eventFields} } } }`,
  resource: 'query Resource($id: ID!) { resource(id: $id) { nodeId id name labels } }',
  liveEvents: `subscription LiveEvents($after: Cursor) { events(after: $after) { ${eventFields} } }`,
};

/**
 * Tests that the cache of a client shows each state of a resource where it belongs: those that events
 * describe, and the newest one. A cache that takes a snapshot for the resource shows one state in all.
 */
export function testCache(open: (server: TestServer) => CachingClient): void {
  let server: TestServer;
  let client: CachingClient;
  let events: Watched<readonly ShownEvent[]>;
  let order: Watched<ResourceState | null>;
  const shown = (id: string): ShownEvent => events.latest()!.find((event) => event.id === id)!;
  const logged = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];

  beforeAll(async () => {
    server = await startTestServer();
    await emit(server, stored);
    client = open(server);
    events = client.watchEvents();
    order = client.watchResource('order');
    await vi.waitFor(() => expect([events.latest()?.length, order.latest()?.id]).toEqual([stored.length, 'order']), patience);
  });
  afterAll(async () => {
    await client[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    logged.forEach((spy) => spy.mockRestore());
  });

  describe('queries', () => {
    test('show two states of one resource in two events', () => {
      expect(shown('placed').resource).toMatchObject(snapshot('order', { name: 'Order', state: 'new' }));
      expect(shown('paid').resource).toMatchObject(snapshot('order', { name: 'Order of Kiki', state: 'paid' }));
    });

    test('show two roles of one resource in one event', () => {
      expect(shown('placed').related).toEqual([
        { role: 'buyer', ...snapshot('kiki', { name: 'Kiki', seat: '1A' }) },
        { role: 'payer', ...snapshot('kiki', { card: 'visa' }) },
      ]);
      expect(shown('paid').related).toEqual([{ role: 'payer', ...snapshot('kiki', { name: 'Kiki K.', card: 'amex' }) }]);
    });

    test('show an event whose id is that of its resource', () => {
      const state = { name: 'Invoice', state: 'sent' };
      expect(shown('invoice')).toEqual({
        nodeId: formatNodeId({ type: 'Event', id: 'invoice' }),
        id: 'invoice',
        event: 'invoice.sent',
        resource: { ...snapshot('invoice', state), resource: newest('invoice', state) },
        related: [],
      });
    });

    test('show the newest state of a resource beside older snapshots', () => {
      const state = newest('order', { name: 'Order of Kiki', state: 'paid' });
      expect(order.latest()).toEqual(state);
      expect(shown('placed').resource.resource).toEqual(state);
      expect(shown('placed').resource.name).toBe('Order');
    });
  });

  describe('live events', () => {
    let received: readonly ShownEvent[];
    const shippedState = { name: 'Order of Kiki, sent', state: 'shipped' };

    beforeAll(async () => {
      received = client.listen((await server.data('{ head }')).head);
      await emit(server, live);
      await vi.waitFor(() => {
        expect(received).toHaveLength(live.length);
        // Apollo notifies the watchers of its cache in a later task.
        expect([order.latest(), shown('placed').resource.resource]).toEqual(Array(2).fill(newest('order', shippedState)));
      }, patience);
    });

    test('show a further state of a resource, and change no older snapshot', () => {
      expect(received[0]!.resource).toMatchObject(snapshot('order', shippedState));
      expect(shown('placed').resource).toMatchObject(snapshot('order', { name: 'Order', state: 'new' }));
      expect(shown('paid').resource).toMatchObject(snapshot('order', { name: 'Order of Kiki', state: 'paid' }));
    });

    test('show two roles of one resource in one event, and change no older snapshot', () => {
      expect(received[0]!.related).toEqual([
        { role: 'buyer', ...snapshot('kiki', { name: 'Kiki', seat: '2B' }) },
        { role: 'courier', ...snapshot('kiki', { bike: 'red' }) },
      ]);
      expect(shown('placed').related.map(({ role, labels }) => [role, labels['seat'] ?? labels['card']])).toEqual([
        ['buyer', '1A'],
        ['payer', 'visa'],
      ]);
    });

    test('show an event whose id is that of its resource', () => {
      const state = { name: 'Parcel', state: 'packed' };
      expect(received[1]).toEqual({
        nodeId: formatNodeId({ type: 'Event', id: 'parcel' }),
        id: 'parcel',
        event: 'parcel.packed',
        resource: { ...snapshot('parcel', state), resource: newest('parcel', state) },
        related: [],
      });
    });

    test('update the newest state of a resource beside older snapshots', () => {
      const state = newest('order', shippedState);
      expect(received[0]!.resource.resource).toEqual(state);
      expect(order.latest()).toEqual(state);
      expect(shown('placed').resource.resource).toEqual(state);
      expect(shown('placed').resource.name).toBe('Order');
    });

    test('are the same when they are queried', async () => {
      await Promise.all([events.refetch(), order.refetch()]);
      expect(events.latest()!.slice(stored.length)).toEqual(received);
      expect(shown('placed').resource).toMatchObject(snapshot('order', { name: 'Order', state: 'new' }));
      expect(order.latest()).toEqual(newest('order', shippedState));
    });
  });

  test('the client logs no warning', () => {
    expect(logged.flatMap((spy) => spy.mock.calls)).toEqual([]);
  });
}

const patience = { timeout: 30_000, interval: 20 };
const stored = [
  {
    id: 'placed',
    event: 'order.placed',
    resource: { id: 'order', name: 'Order', labels: { state: 'new' } },
    related: [
      { id: 'kiki', role: 'buyer', name: 'Kiki', labels: { seat: '1A' } },
      { id: 'kiki', role: 'payer', labels: { card: 'visa' } },
    ],
  },
  {
    id: 'paid',
    event: 'order.paid',
    resource: { id: 'order', name: 'Order of Kiki', labels: { state: 'paid' } },
    related: [{ id: 'kiki', role: 'payer', name: 'Kiki K.', labels: { card: 'amex' } }],
  },
  { id: 'invoice', event: 'invoice.sent', resource: { id: 'invoice', name: 'Invoice', labels: { state: 'sent' } } },
];
const live = [
  {
    id: 'shipped',
    event: 'order.shipped',
    resource: { id: 'order', name: 'Order of Kiki, sent', labels: { state: 'shipped' } },
    related: [
      { id: 'kiki', role: 'buyer', name: 'Kiki', labels: { seat: '2B' } },
      { id: 'kiki', role: 'courier', labels: { bike: 'red' } },
    ],
  },
  { id: 'parcel', event: 'parcel.packed', resource: { id: 'parcel', name: 'Parcel', labels: { state: 'packed' } } },
];

async function emit(server: TestServer, input: readonly object[]): Promise<void> {
  for (const each of input) await server.data('mutation ($input: EventInput!) { emitEvent(input: $input) { status } }', { input: each });
}

function snapshot(resourceId: string, { name, ...labels }: { readonly name?: string; readonly [label: string]: string }): Snapshot {
  return { resourceId, name: name ?? null, labels: name === undefined ? labels : { ...labels, 'prefect.resource.name': name } };
}

function newest(id: string, state: { readonly name: string; readonly [label: string]: string }): ResourceState {
  const { name, labels } = snapshot(id, state);
  return { nodeId: formatNodeId({ type: 'Resource', id }), id, name, labels };
}
