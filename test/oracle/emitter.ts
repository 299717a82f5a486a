import { runQuery, UnexpectedResponse } from './query.ts';
import type { Emission, Item } from './emission-plan.ts';
import { sleep } from '../../src/concurrency/sleep.ts';
import type { Fleet } from './fleet.ts';
import { positionOf } from './position.ts';
import type { Retention } from './retention.ts';
import type { RunStats } from './stats.ts';

/** The cursor of each acknowledged event, by id. */
export type Acknowledged = Map<string, string>;

/**
 * The id of every acknowledged event, by position. A removed event can exist again at another
 * position.
 */
export type Ledger = Map<number, string>;

export interface EmitterParts {
  readonly fleet: Fleet;
  readonly stats: RunStats;
  readonly acknowledged: Acknowledged;
  readonly ledger: Ledger;
  readonly retention: Retention;
}

/**
 * Emits batches one after the other. Repeats a batch with an unknown result, with the same ids,
 * until a server acknowledges it. Throws UnexpectedResponse when a response contradicts the plan.
 * With retention, skips conflicts: a conflict with a removed event would take its id.
 */
export async function emitAll(emissions: readonly Emission[], parts: EmitterParts): Promise<void> {
  const { retention } = parts;
  for (const emission of retention.active ? withoutConflicts(emissions) : emissions) {
    const logStartBefore = await retention.logStart();
    const responses = await Promise.all(emission.servers.map((server) => emitUntilAcknowledged(emission, server, parts)));
    const logStart = await retention.logStart();
    emission.items.forEach((item, index) => checkItem(item, index, { emission, responses, parts, logStartBefore, logStart }));
    if (emission.checkedAt !== null) await checkReadable(emission, emission.checkedAt, parts);
    await sleep(emission.pauseMs);
  }
}

/** The plan repeats a batch that is rejected as a whole without its conflict. */
function withoutConflicts(emissions: readonly Emission[]): readonly Emission[] {
  return emissions.flatMap((emission) => {
    const items = emission.items.filter(({ expect }) => expect !== 'CONFLICT');
    return items.length < emission.items.length && emission.onError === 'REJECT_ALL' ? [] : [{ ...emission, items }];
  });
}

const mutation = `mutation ($input: [EventInput!]!, $onError: BatchErrorPolicy) { emitEvents(input: $input, onError: $onError) {
  head results { status event { id cursor } userErrors { code } } } }`;

interface EmitResponse {
  readonly head: string;
  readonly results: readonly {
    readonly status: string;
    readonly event: { readonly id: string; readonly cursor: string } | null;
    readonly userErrors: readonly { readonly code: string }[];
  }[];
  /** Whether an earlier attempt may have stored the batch. */
  readonly uncertain: boolean;
}

async function emitUntilAcknowledged({ items, onError }: Emission, first: number, { fleet, stats }: EmitterParts): Promise<EmitResponse> {
  const input = items.map(({ event }) => event);
  const began = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      const { emitEvents } = await runQuery(fleet.url((first + tries) % fleet.size), mutation, { input, onError });
      return { ...emitEvents, uncertain: tries > 0 };
    } catch (error) {
      if (error instanceof UnexpectedResponse || performance.now() - began > maxRetryMs) throw error;
      stats.add('repeated batches');
      await sleep(Math.min(20 * 2 ** tries, 500));
    }
  }
}

interface Context {
  readonly emission: Emission;
  readonly responses: readonly EmitResponse[];
  readonly parts: EmitterParts;
  /** The start of the log when the batch was emitted, and when it was acknowledged. */
  readonly logStartBefore: number;
  readonly logStart: number;
}

function checkItem({ event, expect }: Item, index: number, context: Context): void {
  const { emission, responses, logStart } = context;
  const { stats, acknowledged, ledger } = context.parts;
  const rejected = emission.onError === 'REJECT_ALL' && emission.items.some((item) => item.expect === 'CONFLICT');
  const uncertain = responses.some((response) => response.uncertain);
  const created: number[] = [];
  const stored = acknowledged.get(event.id);
  for (const { head, results } of responses) {
    const result = results[index]!;
    const { status } = result;
    const unexpected = (expected: string): UnexpectedResponse =>
      new UnexpectedResponse(`emitting ${event.id}: expected ${expected}, got ${JSON.stringify(result)}`);
    if (expect === 'CONFLICT' || rejected) {
      const code = expect === 'CONFLICT' ? 'ID_CONFLICT' : 'BATCH_REJECTED';
      if (status !== 'REJECTED' || result.userErrors[0]?.code !== code) throw unexpected(code);
      continue;
    }
    const allowed =
      expect === 'STORED' ? statusesOfStored(stored, context) : uncertain || responses.length > 1 ? createdOrDuplicate : ['CREATED'];
    if (!allowed.includes(status) || result.event?.id !== event.id) throw unexpected(allowed.join(' or '));
    const { cursor } = result.event;
    const before = acknowledged.get(event.id);
    if (positionOf(cursor) > positionOf(head)) throw unexpected(`a position up to the head ${head}`);
    const position = positionOf(cursor);
    ledger.set(position, event.id);
    if (status === 'CREATED' && before !== undefined && before !== cursor) stats.add('events created again');
    if (status === 'CREATED') created.push(position);
    if (before !== undefined && before !== cursor) {
      if (Math.min(positionOf(before), position) > logStart) throw unexpected(`the earlier cursor ${before}`);
      if (positionOf(before) > position) continue; // another server returned the later one
    }
    acknowledged.set(event.id, cursor);
  }
  if (expect === 'CONFLICT') return stats.add('conflicts');
  if (rejected) return;
  if (expect === 'STORED') return stats.add('duplicates');
  stats.add('events');
  // One response has CREATED, unless the event was removed in between.
  if (created.filter((position) => position > logStart).length > 1 || (created.length === 0 && !uncertain)) {
    throw new UnexpectedResponse(`emitting ${event.id} to ${responses.length} servers: expected one CREATED, got ${created.length}`);
  }
}

const createdOrDuplicate = ['CREATED', 'DUPLICATE'];

/** An event is stored until it is removed; from then on its id is free. */
function statusesOfStored(cursor: string | undefined, { responses, logStartBefore, logStart }: Context): readonly string[] {
  if (cursor === undefined || positionOf(cursor) > logStart) return ['DUPLICATE'];
  return positionOf(cursor) > logStartBefore || responses.length > 1 || responses.some(({ uncertain }) => uncertain)
    ? createdOrDuplicate
    : ['CREATED'];
}

/** An acknowledged event is in every later read, through any process, until it is removed. */
async function checkReadable({ items }: Emission, server: number, { fleet, acknowledged, stats, retention }: EmitterParts): Promise<void> {
  const id = [...new Set(items.map(({ event }) => event.id))].filter((each) => acknowledged.has(each));
  const query = 'query ($id: [ID!]) { events(filter: {id: $id}, first: 1000) { nodes { id cursor } totalCount { count } } }';
  let found;
  try {
    found = (await runQuery(fleet.url(server), query, { id })).events;
  } catch (error) {
    if (error instanceof UnexpectedResponse) throw error;
    return; // the server is down, so its result is unknown
  }
  stats.add('reads after acknowledgements');
  const cursors = new Map<string, string>(found.nodes.map((node: any) => [node.id, node.cursor]));
  const logStart = await retention.logStart();
  const kept = id.filter((each) => positionOf(acknowledged.get(each)!) > logStart);
  const missing = kept.filter((each) => cursors.get(each) !== acknowledged.get(each));
  const { count } = found.totalCount;
  if (missing.length > 0 || count < kept.length || count > id.length) {
    throw new UnexpectedResponse(
      `reading acknowledged events: missing or at another cursor ${missing.join(', ')}; ${count} of ${id.length}`,
    );
  }
}

/** Servers are down for seconds; on an overloaded machine each start takes that long again. */
const maxRetryMs = 5 * 60_000;
