import { ask, UnexpectedAnswer } from './query.ts';
import type { Emission, Item } from './emission-plan.ts';
import { passing, type Fleet } from './fleet.ts';
import { placeOf } from './position.ts';
import type { Removal } from './retention.ts';
import type { Tally } from './stats.ts';

/** What emitters were told: the cursor of each acknowledged event. */
export type Acknowledged = Map<string, string>;

/** The id of every event that was acknowledged, by its place; one that was removed may have come again at another. */
export type Ledger = Map<number, string>;

export interface EmitterParts {
  readonly fleet: Fleet;
  readonly tally: Tally;
  readonly acknowledged: Acknowledged;
  readonly ledger: Ledger;
  readonly removal: Removal;
}

/**
 * Emits batches one after the other. One whose fate is unknown is repeated, with the same ids, until it is answered. Throws
 * UnexpectedAnswer when an answer is not what the plan expects. Where events are removed, conflicts are left out: one with
 * an event that has gone would take its id.
 */
export async function emitAll(emissions: readonly Emission[], parts: EmitterParts): Promise<void> {
  const { removal } = parts;
  for (const emission of removal.active ? withoutConflicts(emissions) : emissions) {
    const goneBefore = await removal.upTo();
    const answers = await Promise.all(emission.servers.map((server) => emitUntilAnswered(emission, server, parts)));
    const gone = await removal.upTo();
    emission.items.forEach((item, index) => checkItem(item, index, { emission, answers, parts, goneBefore, gone }));
    if (emission.checkedAt !== null) await checkReadable(emission, emission.checkedAt, parts);
    await passing(emission.pauseMs);
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

interface Answered {
  readonly head: string;
  readonly results: readonly {
    readonly status: string;
    readonly event: { readonly id: string; readonly cursor: string } | null;
    readonly userErrors: readonly { readonly code: string }[];
  }[];
  /** Whether an earlier try may have stored the batch. */
  readonly uncertain: boolean;
}

async function emitUntilAnswered({ items, onError }: Emission, first: number, { fleet, tally }: EmitterParts): Promise<Answered> {
  const input = items.map(({ event }) => event);
  const began = performance.now();
  for (let tries = 0; ; tries += 1) {
    try {
      const { emitEvents } = await ask(fleet.url((first + tries) % fleet.size), mutation, { input, onError });
      return { ...emitEvents, uncertain: tries > 0 };
    } catch (error) {
      if (error instanceof UnexpectedAnswer || performance.now() - began > longestMs) throw error;
      tally.add('repeated batches');
      await passing(Math.min(20 * 2 ** tries, 500));
    }
  }
}

interface Context {
  readonly emission: Emission;
  readonly answers: readonly Answered[];
  readonly parts: EmitterParts;
  /** Up to where events had been removed when the batch was emitted, and when it was answered. */
  readonly goneBefore: number;
  readonly gone: number;
}

function checkItem({ event, expect }: Item, index: number, context: Context): void {
  const { emission, answers, gone } = context;
  const { tally, acknowledged, ledger } = context.parts;
  const refused = emission.onError === 'REJECT_ALL' && emission.items.some((item) => item.expect === 'CONFLICT');
  const uncertain = answers.some((answer) => answer.uncertain);
  const created: number[] = [];
  const stored = acknowledged.get(event.id);
  for (const { head, results } of answers) {
    const result = results[index]!;
    const { status } = result;
    const wrong = (expected: string): UnexpectedAnswer =>
      new UnexpectedAnswer(`emitting ${event.id}: expected ${expected}, got ${JSON.stringify(result)}`);
    if (expect === 'CONFLICT' || refused) {
      const code = expect === 'CONFLICT' ? 'ID_CONFLICT' : 'BATCH_REJECTED';
      if (status !== 'REJECTED' || result.userErrors[0]?.code !== code) throw wrong(code);
      continue;
    }
    const allowed = expect === 'STORED' ? statusesOfStored(stored, context) : uncertain || answers.length > 1 ? either : ['CREATED'];
    if (!allowed.includes(status) || result.event?.id !== event.id) throw wrong(allowed.join(' or '));
    const { cursor } = result.event;
    const before = acknowledged.get(event.id);
    if (placeOf(cursor) > placeOf(head)) throw wrong(`a place up to the head ${head}`);
    const place = placeOf(cursor);
    ledger.set(place, event.id);
    if (status === 'CREATED' && before !== undefined && before !== cursor) tally.add('events created again');
    if (status === 'CREATED') created.push(place);
    if (before !== undefined && before !== cursor) {
      if (Math.min(placeOf(before), place) > gone) throw wrong(`the cursor of before, ${before}`);
      if (placeOf(before) > place) continue; // another server was told the later one
    }
    acknowledged.set(event.id, cursor);
  }
  if (expect === 'CONFLICT') return tally.add('conflicts');
  if (refused) return;
  if (expect === 'STORED') return tally.add('duplicates');
  tally.add('events');
  // CREATED is said once, whoever is told it, unless the event was removed in between.
  if (created.filter((place) => place > gone).length > 1 || (created.length === 0 && !uncertain)) {
    throw new UnexpectedAnswer(`emitting ${event.id} to ${answers.length} servers: expected one CREATED, got ${created.length}`);
  }
}

const either = ['CREATED', 'DUPLICATE'];

/** An event is there until it is removed; from then on its id is free. */
function statusesOfStored(cursor: string | undefined, { answers, goneBefore, gone }: Context): readonly string[] {
  if (cursor === undefined || placeOf(cursor) > gone) return ['DUPLICATE'];
  return placeOf(cursor) > goneBefore || answers.length > 1 || answers.some(({ uncertain }) => uncertain) ? either : ['CREATED'];
}

/** What was acknowledged is in every read that begins later, through any process, until it is removed. */
async function checkReadable({ items }: Emission, server: number, { fleet, acknowledged, tally, removal }: EmitterParts): Promise<void> {
  const id = [...new Set(items.map(({ event }) => event.id))].filter((each) => acknowledged.has(each));
  const query = 'query ($id: [ID!]) { events(filter: {id: $id}, first: 1000) { nodes { id cursor } totalCount { count } } }';
  let found;
  try {
    found = (await ask(fleet.url(server), query, { id })).events;
  } catch (error) {
    if (error instanceof UnexpectedAnswer) throw error;
    return; // it is away; what it would have said is not known
  }
  tally.add('reads after answers');
  const cursors = new Map<string, string>(found.nodes.map((node: any) => [node.id, node.cursor]));
  const gone = await removal.upTo();
  const kept = id.filter((each) => placeOf(acknowledged.get(each)!) > gone);
  const missing = kept.filter((each) => cursors.get(each) !== acknowledged.get(each));
  const { count } = found.totalCount;
  if (missing.length > 0 || count < kept.length || count > id.length) {
    throw new UnexpectedAnswer(`reading what was acknowledged: missing or elsewhere ${missing.join(', ')}; ${count} of ${id.length}`);
  }
}

/** Servers are away for seconds; on a machine that is short of everything, their start takes as long again and again. */
const longestMs = 5 * 60_000;
