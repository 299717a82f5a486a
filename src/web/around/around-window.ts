import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { TidingsError, type Cursor, type EventFilter, type TidingsReader } from '../../client/tidings-client.ts';
import { eventBatches } from '../data/event-batches.ts';
import { useLogFollower } from '../data/log-follower.ts';
import { tidings } from '../data/session.ts';
import { aroundSelection, readAround, type AroundEvent } from './around-query.ts';

/** The part of the log on one side of the event, in its order. */
export interface Side {
  readonly events: readonly AroundEvent[];
  /** More events are stored further away from the event. */
  readonly hasMore: boolean;
  readonly error: unknown;
}

export interface AroundWindow {
  readonly older: Side;
  readonly newer: Side;
  /** Events that have arrived and are not shown yet. */
  readonly waiting: readonly AroundEvent[];
  /** Loads the next page of a side, or tries again. */
  readonly load: (way: 'before' | 'after') => void;
  /** Shows the events that wait. */
  readonly reveal: () => void;
}

interface AroundRequest {
  readonly middle: AroundEvent;
  readonly filter: EventFilter;
  /** Loads the event in the middle again, because its position is not valid any more or events are missing. */
  readonly reload: () => void;
}

/**
 * A window of the log around an event.
 *
 * Guarantees: the events of a side continue each other without a hole or a repetition. When the newer
 * side reaches the end of the log, events that arrive wait to be shown after it. Beyond `maxLive` of
 * them the window ends before the end of the log again, and the next page is loaded on demand.
 */
export function useAroundWindow({ middle, filter, reload }: AroundRequest): AroundWindow {
  const sides = { before: useSignal(notLoaded), after: useSignal(notLoaded) };
  const waiting = useSignal<readonly AroundEvent[]>([]);
  /** Where the log is followed from. */
  const position = useRef<Cursor>('');
  const liveCount = useRef(0);
  const stop = useMemo(() => new AbortController(), []);
  const load = async (way: 'before' | 'after'): Promise<void> => {
    const side = sides[way];
    const { events } = side.peek();
    const edge = (way === 'before' ? events[0] : events.at(-1)) ?? middle;
    try {
      const page = await readAround(tidings.peek(), { filter, cursor: edge.cursor, way, signal: stop.signal });
      if (side.peek().events !== events) return; // it was requested twice
      if (way === 'after') [position.current, liveCount.current] = [page.head, 0];
      const hasMore = way === 'before' ? page.hasPreviousPage : page.hasNextPage;
      side.value = { events: way === 'before' ? [...page.nodes, ...events] : [...events, ...page.nodes], hasMore, error: null };
    } catch (error) {
      if (stop.signal.aborted) return;
      if (error instanceof TidingsError && (error.code === 'CURSOR_EXPIRED' || error.code === 'BAD_CURSOR')) reload();
      else side.value = { ...side.peek(), error };
    }
  };
  useEffect(() => {
    void load('before');
    void load('after');
    return () => stop.abort();
  }, []);
  const isAtEnd = !sides.after.value.hasMore;
  const follow = async (client: TidingsReader, signal: AbortSignal): Promise<void> => {
    if (!isAtEnd) return;
    const { current: after } = position;
    for await (const { events, cursor } of eventBatches<AroundEvent>(client, filter, { after, select: aroundSelection, signal })) {
      if (signal.aborted) return;
      position.current = cursor;
      liveCount.current += events.length;
      if (liveCount.current > maxLive) {
        waiting.value = [];
        sides.after.value = { ...sides.after.peek(), hasMore: true };
        return;
      }
      if (events.length > 0) waiting.value = [...waiting.peek(), ...events];
    }
  };
  const failure = useLogFollower(isAtEnd, { follow, reload });
  const newer = sides.after.value;
  return {
    older: sides.before.value,
    newer: { ...newer, error: newer.error ?? failure },
    waiting: waiting.value,
    load: (way) => (way === 'after' && failure !== null ? reload() : void load(way)),
    reveal() {
      const added = waiting.peek();
      if (added.length === 0) return;
      waiting.value = [];
      sides.after.value = { ...sides.after.peek(), events: [...sides.after.peek().events, ...added] };
    },
  };
}

const notLoaded: Side = { events: [], hasMore: true, error: null };
const maxLive = 500;
