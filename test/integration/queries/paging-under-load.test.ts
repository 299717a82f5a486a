import { expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../../support/test-server.ts';

const orders = ['NEWEST_FIRST', 'OLDEST_FIRST', 'LOG'] as const;
const directions = ['forward', 'backward'] as const;
const start = 700;
const minute = (n: number): string => `2026-01-01T00:${String(n % 60).padStart(2, '0')}:00Z`;

test('pages neither miss nor repeat an event that was there at the start, whatever is emitted meanwhile', async () => {
  await using server = await startTestServer();
  await emit(server, 'start', start);
  const stop = new AbortController();
  let emitted = 0;
  const emitting = (async () => {
    // With the same times as the events at the start, and with earlier and later ones.
    for (let batch = 0; batch < 120 && !stop.signal.aborted; batch += 1) emitted += await emit(server, `late${batch}`, 25);
  })();
  try {
    const scans = orders.flatMap((order) => directions.map((direction) => scanPages(server, { order, direction, filter: wanted })));
    const idsByScan = await Promise.all(scans);
    const before = Array.from({ length: start }, (_, n) => `start-${n}`).filter((_, n) => n % 3 !== 0);
    for (const ids of idsByScan) {
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => id.startsWith('start-')).toSorted()).toEqual(before.toSorted());
    }
    // Both directions return the events of the start in the same order.
    for (const [n, order] of orders.entries()) {
      const [forward, backward] = [idsByScan[2 * n]!, idsByScan[2 * n + 1]!].map((ids) => ids.filter((id) => id.startsWith('start-')));
      expect(backward!.toReversed(), order).toEqual(forward);
    }
  } finally {
    stop.abort();
    await emitting;
  }
  expect(emitted).toBeGreaterThan(100);
}, 120_000);

const wanted = { resource: { labels: [{ key: 'kind', in: ['a', 'b'] }] } };

async function emit(server: TestServer, prefix: string, count: number): Promise<number> {
  const events = Array.from({ length: count }, (_, n) => ({
    id: `${prefix}-${n}`,
    event: 'acme.thing.happened',
    occurred: n % 10 === 9 ? (n % 20 === 9 ? '1999-01-01T00:00:00Z' : '2100-01-01T00:00:00Z') : minute(n),
    resource: { id: `thing.${n % 7}`, labels: { kind: 'cab'[n % 3]! } },
  }));
  for (let at = 0; at < count; at += 500) {
    await server.data('mutation ($input: [EventInput!]!) { emitEvents(input: $input) { created } }', { input: events.slice(at, at + 500) });
  }
  return count;
}

interface Scan {
  readonly order: (typeof orders)[number];
  readonly direction: (typeof directions)[number];
  readonly filter: object;
}

/** The ids of all pages from one end of the log to the other. */
async function scanPages(server: TestServer, { order, direction, filter }: Scan): Promise<readonly string[]> {
  const ids: string[] = [];
  const forward = direction === 'forward';
  const args = forward ? 'first: 40, after: $cursor' : 'last: 40, before: $cursor';
  const query = `query ($order: EventOrder, $filter: EventFilter, $cursor: Cursor) {
    events(order: $order, filter: $filter, ${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
  // A scan towards the end of the log need not follow everything that is emitted meanwhile.
  for (let cursor: string | null = null, pages = 0; pages < 400; pages += 1) {
    const { events }: any = await server.data(query, { order, filter, cursor });
    const page = events.nodes.map((node: any) => node.id);
    ids.push(...(forward ? page : page.toReversed()));
    const { hasNextPage, hasPreviousPage, startCursor, endCursor } = events.pageInfo;
    if (!(forward ? hasNextPage : hasPreviousPage)) break;
    cursor = forward ? endCursor : startCursor;
  }
  return ids;
}
