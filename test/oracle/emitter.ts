import { ask, UnexpectedAnswer } from './ask.ts';
import type { Emission, Item } from './emission-plan.ts';
import { passing, type Fleet } from './fleet.ts';
import { placeOf } from './place.ts';
import type { Tally } from './tally.ts';

/** What emitters were told: the cursor of each acknowledged event. */
export type Acknowledged = Map<string, string>;

export interface EmitterParts {
  readonly fleet: Fleet;
  readonly tally: Tally;
  readonly acknowledged: Acknowledged;
}

/**
 * Emits batches one after the other. One whose fate is unknown is repeated, with the same ids, until it is answered. Throws
 * UnexpectedAnswer when an answer is not what the plan expects.
 */
export async function emitAll(emissions: readonly Emission[], parts: EmitterParts): Promise<void> {
  for (const emission of emissions) {
    const answers = await Promise.all(emission.servers.map((server) => emitUntilAnswered(emission, server, parts)));
    emission.items.forEach((item, index) => checkItem(item, index, { emission, answers, parts }));
    if (emission.checkedAt !== null) await checkReadable(emission, emission.checkedAt, parts);
    await passing(emission.pauseMs);
  }
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
}

function checkItem({ event, expect }: Item, index: number, { emission, answers, parts: { tally, acknowledged } }: Context): void {
  const refused = emission.onError === 'REJECT_ALL' && emission.items.some((item) => item.expect === 'CONFLICT');
  const uncertain = answers.some((answer) => answer.uncertain);
  let created = 0;
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
    const allowed = expect === 'STORED' ? ['DUPLICATE'] : uncertain || answers.length > 1 ? ['CREATED', 'DUPLICATE'] : ['CREATED'];
    if (!allowed.includes(status) || result.event?.id !== event.id) throw wrong(allowed.join(' or '));
    const { cursor } = result.event;
    if (placeOf(cursor) > placeOf(head)) throw wrong(`a place up to the head ${head}`);
    const before = acknowledged.get(event.id) ?? cursor;
    if (before !== cursor) throw wrong(`the cursor of before, ${before}`);
    acknowledged.set(event.id, cursor);
    if (status === 'CREATED') created += 1;
  }
  if (expect === 'CONFLICT') return tally.add('conflicts');
  if (refused) return;
  if (expect === 'STORED') return tally.add('duplicates');
  tally.add('events');
  // CREATED is said once, whoever is told it.
  if (created > 1 || (created === 0 && !uncertain)) {
    throw new UnexpectedAnswer(`emitting ${event.id} to ${answers.length} servers: expected one CREATED, got ${created}`);
  }
}

/** What was acknowledged is in every read that begins later, through any process. */
async function checkReadable({ items }: Emission, server: number, { fleet, acknowledged, tally }: EmitterParts): Promise<void> {
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
  const missing = id.filter((each) => cursors.get(each) !== acknowledged.get(each));
  if (missing.length > 0 || found.totalCount.count !== id.length) {
    throw new UnexpectedAnswer(
      `reading what was acknowledged: missing or elsewhere ${missing.join(', ')}; ${found.totalCount.count} of ${id.length}`,
    );
  }
}

/** Servers are away for seconds; on a machine that is short of everything, their start takes as long again and again. */
const longestMs = 5 * 60_000;
