import type { CountBucket, Labels, TidingsReader } from '../../client/tidings-client.ts';
import { runEventPrefixes, type RunEvent } from './run-log.ts';

export interface ResourceFacts {
  readonly resource: { readonly id: string; readonly name: string | null; readonly labels: Labels } | null;
  /** Events that only relate to it, counted up to `maxRelated`. */
  readonly related: { readonly count: number; readonly exceeded: boolean };
}

type Described = NonNullable<ResourceFacts['resource']>;

/** Reads a resource, as its newest event describes it. If that has no name, an earlier one can have it. */
export async function readResource(client: TidingsReader, id: string, signal: AbortSignal): Promise<ResourceFacts> {
  const variables = { id, related: { related: [{ id: { in: [id] } }] }, named: { resource: { id: { in: [id] }, labels: [hasName] } } };
  const { resource, related, named } = await client.graphql<{
    resource: Described | null;
    related: { totalCount: ResourceFacts['related'] };
    named: { nodes: readonly { resource: Pick<Described, 'name'> }[] };
  }>(resourceQuery, variables, { signal });
  const name = resource?.name ?? named.nodes[0]?.resource.name ?? null;
  return { resource: resource === null ? null : { ...resource, name }, related: related.totalCount };
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
export async function* countEvents(client: TidingsReader, id: string, signal: AbortSignal): AsyncGenerator<ResourceCounts, void> {
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
  client: TidingsReader,
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
const hasName = { key: 'prefect.resource.name', exists: true };
const resourceQuery = `query Resource($id: ID!, $related: EventFilter, $named: EventFilter) {
  resource(id: $id) { id name labels }
  related: events(filter: $related, first: 0) { totalCount(max: 100000) { count exceeded } }
  named: events(filter: $named, first: 1) { nodes { resource { name } } }
}`;
