import type { Tidings } from './create-client.ts';
import type { EventFilter, ReceivedEvent } from './event-types.ts';
import { emptyFeed, reduceFeed, type FeedAction, type FeedModel } from './feed-model.ts';
import type { Cursor, StreamState } from './follow/stream-types.ts';

export { emptyFeed, reduceFeed, type FeedAction, type FeedEvent, type FeedModel } from './feed-model.ts';

export interface FeedOptions {
  readonly filter?: EventFilter;
  /** Events of a page: 100 by default. */
  readonly pageSize?: number;
  /** The rows kept while events arrive: 2,000 by default. */
  readonly maxRows?: number;
}

/** A list for a page, which changes as a whole: a new object for each change. */
export interface FeedSnapshot<E = ReceivedEvent> {
  /** Newest first. */
  readonly rows: readonly E[];
  /** Live events that `follow` will show. */
  readonly heldCount: number;
  readonly isHolding: boolean;
  readonly hasOlder: boolean;
  readonly gaps: number;
  readonly state: StreamState['is'];
  /** The error that ended it; `retry` starts it again. */
  readonly error: unknown;
}

/** A live list of the newest events that match. */
export interface Feed<E = ReceivedEvent> extends Disposable {
  readonly snapshot: FeedSnapshot<E>;
  /** Calls `changed` at most once a frame. Returns the function that ends this. */
  readonly subscribe: (changed: () => void) => () => void;
  /** Keeps the rows still while a person reads: live events are counted. */
  readonly hold: () => void;
  /** Shows the events that were held, and live ones from now on. */
  readonly follow: () => void;
  /** Loads the page below the last row. */
  readonly older: () => Promise<void>;
  readonly setFilter: (filter: EventFilter) => void;
  readonly retry: () => void;
}

/** Starts a feed: it loads the first page, and subscribes from its head. */
export function createFeed(tidings: Tidings, options: FeedOptions = {}): Feed {
  const { pageSize = 100, maxRows = 2000 } = options;
  let filter = options.filter ?? {};
  let model = emptyFeed<ReceivedEvent>(maxRows);
  let error: unknown = null;
  let snapshot = snapshotOf(model, error);
  let run = new AbortController();
  let isScheduled = false;
  const listeners = new Set<() => void>();

  const publish = (): void => {
    isScheduled = false;
    snapshot = snapshotOf(model, error);
    for (const changed of listeners) changed();
  };
  const change = (action?: FeedAction<ReceivedEvent>): void => {
    if (action !== undefined) model = reduceFeed(model, action);
    if (isScheduled) return;
    isScheduled = true;
    nextFrame(publish);
  };
  const load = async (signal: AbortSignal): Promise<Cursor> => {
    const { nodes, head, hasNextPage } = await tidings.page({ filter, first: pageSize, signal });
    if (!signal.aborted) change({ type: 'loaded', events: nodes, hasOlder: hasNextPage });
    return head;
  };
  const play = async (signal: AbortSignal): Promise<void> => {
    try {
      let after = await load(signal);
      while (!signal.aborted) {
        const onState = ({ is }: StreamState): void => void (is !== 'closed' && !signal.aborted && change({ type: 'state', state: is }));
        for await (const message of tidings.stream(filter, { after, onState, signal })) {
          if ('events' in message) change({ type: 'received', events: message.events });
          if (!('reason' in message)) continue;
          // What is missing is not known, so the list is loaded again.
          change({ type: 'gap' });
          break;
        }
        if (!signal.aborted) after = await load(signal);
      }
    } catch (caught) {
      if (signal.aborted) return;
      error = caught;
      change({ type: 'state', state: 'closed' });
    }
  };
  const restart = (): void => {
    run.abort();
    run = new AbortController();
    [model, error] = [{ ...emptyFeed<ReceivedEvent>(maxRows), isHolding: model.isHolding }, null];
    change();
    void play(run.signal);
  };
  void play(run.signal);

  return {
    get snapshot() {
      return snapshot;
    },
    subscribe(changed) {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
    hold: () => change({ type: 'hold' }),
    follow: () => change({ type: 'follow' }),
    async older() {
      const { signal } = run;
      const last = model.rows.at(-1)?.event.occurred;
      if (last === undefined || !model.hasOlder) return;
      // Up to the time of the last row, without the rows of that very time.
      const ties = model.rows.flatMap(({ event }) => (event.occurred === last ? [event.id] : []));
      const below = { and: [filter, { occurred: { until: nextMicrosecond(last) }, not: { id: ties.slice(-maxTies) } }] };
      const { nodes, hasNextPage } = await tidings.page({ filter: below, first: pageSize, signal });
      if (!signal.aborted) change({ type: 'older', events: nodes, hasOlder: hasNextPage });
    },
    setFilter(next) {
      filter = next;
      restart();
    },
    retry: restart,
    [Symbol.dispose]: () => run.abort(),
  };
}

function snapshotOf({ rows, held, isHolding, hasOlder, gaps, state }: FeedModel<ReceivedEvent>, error: unknown): FeedSnapshot {
  return { rows: rows.map(({ event }) => event), heldCount: held.length, isHolding, hasOlder, gaps, state, error };
}

function nextFrame(callback: () => void): void {
  const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame?: (callback: () => void) => void };
  if (requestAnimationFrame === undefined) setTimeout(callback, frameMs);
  else requestAnimationFrame(callback);
}

function nextMicrosecond(instant: string): string {
  const micros = Number(instant.slice(20, 26)) + 1;
  if (micros < 1_000_000) return `${instant.slice(0, 20)}${String(micros).padStart(6, '0')}Z`;
  return `${new Date(Date.parse(`${instant.slice(0, 19)}Z`) + 1000).toISOString().slice(0, 19)}.000000Z`;
}

const frameMs = 16;
/** The server accepts 1,000 values in a list. */
const maxTies = 1000;
