import { runQuery, UnexpectedResponse } from './query.ts';
import type { Emission, Item } from './emission-plan.ts';
import { sleep, type Fleet } from './fleet.ts';
import { positionOf } from './position.ts';
import type { Retention } from './retention.ts';
import type { RunStats } from './stats.ts';

/** What emitters were told: the cursor of each acknowledged event. */
export type Acknowledged = Map<string, string>;

/** The id of every event that was acknowledged, by its place; one that was removed may have come again at another. */
export type Ledger = Map<number, string>;

export interface EmitterParts {
  readonly fleet: Fleet;
  readonly stats: RunStats;
  readonly acknowledged: Acknowledged;
  readonly ledger: Ledger;
  readonly retention: Retention;
}

/**
 * Emits batches one after the other. One whose fate is unknown is repeated, with the same ids, until it is answered. Throws
 * UnexpectedAnswer when an answer is not what the plan expects. Where events are removed, conflicts are left out: one with
 * an event that has gone would take its id.
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

/** A batch that is refused as a whole comes again without its conflict anyway. */
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
  /** Whether an earlier try may have stored the batch. */
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
  /** Up to where events had been removed when the batch was emitted, and when it was answered. */
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
    if (positionOf(cursor) > positionOf(head)) throw unexpected(`a place up to the head ${head}`);
    const position = positionOf(cursor);
    ledger.set(position, event.id);
    if (status === 'CREATED' && before !== undefined && before !== cursor) stats.add('events created again');
    if (status === 'CREATED') created.push(position);
    if (before !== undefined && before !== cursor) {
      if (Math.min(positionOf(before), position) > logStart) throw unexpected(`the cursor of before, ${before}`);
      if (positionOf(before) > position) continue; // another server was told the later one
    }
    acknowledged.set(event.id, cursor);
  }
  if (expect === 'CONFLICT') return stats.add('conflicts');
  if (rejected) return;
  if (expect === 'STORED') return stats.add('duplicates');
  stats.add('events');
  // CREATED is said once, whoever is told it, unless the event was removed in between.
  if (created.filter((position) => position > logStart).length > 1 || (created.length === 0 && !uncertain)) {
    throw new UnexpectedResponse(`emitting ${event.id} to ${responses.length} servers: expected one CREATED, got ${created.length}`);
  }
}

const createdOrDuplicate = ['CREATED', 'DUPLICATE'];

/** An event is there until it is removed; from then on its id is free. */
function statusesOfStored(cursor: string | undefined, { responses, logStartBefore, logStart }: Context): readonly string[] {
  if (cursor === undefined || positionOf(cursor) > logStart) return ['DUPLICATE'];
  return positionOf(cursor) > logStartBefore || responses.length > 1 || responses.some(({ uncertain }) => uncertain)
    ? createdOrDuplicate
    : ['CREATED'];
}

/** What was acknowledged is in every read that begins later, through any process, until it is removed. */
async function checkReadable({ items }: Emission, server: number, { fleet, acknowledged, stats, retention }: EmitterParts): Promise<void> {
  const id = [...new Set(items.map(({ event }) => event.id))].filter((each) => acknowledged.has(each));
  const query = 'query ($id: [ID!]) { events(filter: {id: $id}, first: 1000) { nodes { id cursor } totalCount { count } } }';
  let found;
  try {
    found = (await runQuery(fleet.url(server), query, { id })).events;
  } catch (error) {
    if (error instanceof UnexpectedResponse) throw error;
    return; // it is away; what it would have said is not known
  }
  stats.add('reads after answers');
  const cursors = new Map<string, string>(found.nodes.map((node: any) => [node.id, node.cursor]));
  const logStart = await retention.logStart();
  const kept = id.filter((each) => positionOf(acknowledged.get(each)!) > logStart);
  const missing = kept.filter((each) => cursors.get(each) !== acknowledged.get(each));
  const { count } = found.totalCount;
  if (missing.length > 0 || count < kept.length || count > id.length) {
    throw new UnexpectedResponse(`reading what was acknowledged: missing or elsewhere ${missing.join(', ')}; ${count} of ${id.length}`);
  }
}

/** Servers are away for seconds; on a machine that is short of everything, their start takes as long again and again. */
const maxRetryMs = 5 * 60_000;
