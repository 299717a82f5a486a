import type { EventFilter, TidingsReader } from '../../client/tidings-client.ts';
import { eventBatches } from '../data/event-batches.ts';
import type { LinkedEvent } from './chain-layout.ts';

export interface ChainEvent extends LinkedEvent {
  readonly event: string;
  readonly resource: { readonly id: string; readonly name: string | null };
}

export interface WholeChain {
  readonly root: ChainEvent;
  /** All events but the root. */
  readonly others: readonly ChainEvent[];
  /** The id that the root follows, when that event is not stored. */
  readonly missingId: string | null;
  readonly isCyclic: boolean;
  /** There are more than `maxChainEvents`. */
  readonly isCut: boolean;
  /** A position of the log before which all of these were stored. */
  readonly head: string;
}

/** The server returns no more of a chain, and accepts no more ids in a filter. */
export const maxChainEvents = 1000;

interface Part {
  readonly root: ChainEvent;
  readonly ancestors: readonly ChainEvent[];
  readonly descendants: readonly ChainEvent[];
  readonly missingId: string | null;
  readonly cyclic: boolean;
  readonly truncated: boolean;
}

/** Reads the chain of an event from its root on, with all branches; null when it is not stored. */
export async function readChain(client: TidingsReader, id: string, signal: AbortSignal): Promise<WholeChain | null> {
  // First, so that a follower that is stored meanwhile is in the chain, or after the head.
  const { head } = await client.graphql<{ head: string }>('{ head }', {}, { signal });
  const part = async (of: string): Promise<(Part & { readonly self: ChainEvent }) | null> => {
    const { event } = await client.graphql<{ event: (ChainEvent & { readonly chain: Part }) | null }>(query, { id: of }, { signal });
    return event === null ? null : { ...event.chain, self: event };
  };
  const own = await part(id);
  if (own === null) return null;
  const whole = own.root.id === id ? own : await part(own.root.id);
  const isIn = ({ self, descendants }: { readonly self: ChainEvent; readonly descendants: readonly ChainEvent[] }): boolean =>
    self.id === id || descendants.some((each) => each.id === id);
  // Of a large chain, the part around the event is shown instead of the part below its root.
  if (whole !== null && isIn(whole)) return chainOf(whole, { root: whole.self, others: whole.descendants, head });
  const root = own.ancestors.at(-1) ?? own.self;
  return chainOf({ ...own, truncated: true }, { root, others: [...own.ancestors, own.self, ...own.descendants], head });
}

type Events = Pick<WholeChain, 'root' | 'others' | 'head'>;

function chainOf({ missingId, cyclic, truncated }: Part, events: Events): WholeChain {
  return { ...events, missingId, isCyclic: cyclic, isCut: truncated };
}

interface Growth {
  readonly ids: readonly string[];
  readonly after: string;
  readonly signal: AbortSignal;
  /** Receives events that follow events of the chain. */
  readonly onEvents: (events: readonly ChainEvent[]) => void;
}

/**
 * Follows the growth of a chain until it is aborted, or has too many events. An event that arrives is
 * followed in turn. Throws GapError where events are missing.
 */
export async function followChain(client: TidingsReader, { ids, after, signal, onEvents }: Growth): Promise<void> {
  const known = new Set(ids);
  let from = after;
  while (known.size <= maxChainEvents) {
    const filter: EventFilter = { follows: [...known] };
    let added: readonly ChainEvent[] = [];
    for await (const { events, cursor } of eventBatches<ChainEvent>(client, filter, { after: from, signal, select: selection })) {
      from = cursor;
      added = newOnes(known, events);
      if (added.length > 0) break;
    }
    if (added.length === 0) return; // aborted, or another key is used from now on
    onEvents(added);
    // Their own followers can have been stored before them.
    for (let next = added; next.length > 0 && known.size <= maxChainEvents;) {
      const followers = { follows: next.map(({ id }) => id) };
      const page = await client.page({ filter: followers, first: maxChainEvents, order: 'LOG', select: selection, signal });
      next = newOnes(known, page.nodes as unknown as readonly ChainEvent[]);
      onEvents(next);
    }
  }
}

function newOnes(known: Set<string>, events: readonly ChainEvent[]): readonly ChainEvent[] {
  return events.filter(({ id }) => known.size !== known.add(id).size);
}

const selection = 'id event occurred followsId resource { id: resourceId name }';
const query = `query Chain($id: ID!) {
  event(id: $id) {
    ...link
    chain(maxEvents: ${maxChainEvents}) {
      root { ...link } ancestors { ...link } descendants { ...link } missingId cyclic truncated
    }
  }
}
fragment link on Event { ${selection} }`;
