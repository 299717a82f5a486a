import type { CountBucket, Labels, Tidings } from '../../client/tidings-client.ts';
import { runEventPrefixes, type RunEvent } from './run-log.ts';

export interface ResourceFacts {
  readonly resource: { readonly id: string; readonly name: string | null; readonly labels: Labels } | null;
  /** Events that only relate to it, counted up to `maxRelated`. */
  readonly related: { readonly count: number; readonly exceeded: boolean };
}

/** Reads a resource, as its newest event describes it. */
export async function readResource(client: Tidings, id: string, signal: AbortSignal): Promise<ResourceFacts> {
  const filter = { related: [{ id: { in: [id] } }] };
  const { resource, events } = await client.graphql<{
    resource: ResourceFacts['resource'];
    events: { totalCount: ResourceFacts['related'] };
  }>(resourceQuery, { id, filter }, { signal });
  return { resource, related: events.totalCount };
}

export interface NamedCount {
  readonly event: string;
  readonly count: number;
}

export interface ResourceCounts {
  readonly total: number;
  /** Most frequent first. */
  readonly events: readonly NamedCount[];
  readonly first: string | null;
  readonly last: string | null;
}

/** The events that concern a resource, counted by name, as they arrive. */
export async function* countEvents(client: Tidings, id: string, signal: AbortSignal): AsyncGenerator<ResourceCounts, void> {
  const filter = { resource: { id: { in: [id] } } };
  for await (const { total, buckets } of client.liveCounts({ by: [{ event: {} }], filter, signal })) {
    const events = buckets.map(({ keys, count }) => ({ event: keys[0] ?? '', count })).toSorted((a, b) => b.count - a.count);
    yield { total, events, first: extreme(buckets, 'firstOccurred'), last: extreme(buckets, 'lastOccurred') };
  }
}

/** Instants have a fixed width, so their texts are in the order of time. */
function extreme(buckets: readonly CountBucket[], which: 'firstOccurred' | 'lastOccurred'): string | null {
  const instants = buckets.flatMap((bucket) => bucket[which] ?? []).toSorted();
  return (which === 'firstOccurred' ? instants[0] : instants.at(-1)) ?? null;
}

export interface RunPage {
  readonly events: readonly RunEvent[];
  readonly hasMore: boolean;
  readonly endCursor: string | null;
  readonly head: string;
}

export function runFilterOf(flowRunId: string): object {
  return { anyResource: [{ id: { in: [flowRunId] } }], event: { startsWith: runEventPrefixes } };
}

/** Reads events of a flow run, the oldest first. */
export async function readRun(
  client: Tidings,
  flowRunId: string,
  { after, signal }: { readonly after: string | null; readonly signal: AbortSignal },
): Promise<RunPage> {
  const { nodes, hasNextPage, endCursor, head } = await client.page({
    filter: runFilterOf(flowRunId),
    first: runPageSize,
    order: 'OLDEST_FIRST',
    select: runSelection,
    signal,
    ...(after !== null && { after }),
  });
  return { events: nodes as unknown as readonly RunEvent[], hasMore: hasNextPage, endCursor, head };
}

export const runSelection = `id occurred event
  resource { id: resourceId name state: label(key: "prefect.state-type") stateMessage: label(key: "prefect.state-message") }
  message: payloadAt(path: "message") level: payloadAt(path: "level") levelName: payloadAt(path: "level_name")`;
const runPageSize = 1000;
const resourceQuery = `query Resource($id: ID!, $filter: EventFilter) {
  resource(id: $id) { id name labels }
  events(filter: $filter, first: 0) { totalCount(max: 100000) { count exceeded } }
}`;
