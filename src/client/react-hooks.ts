import { useEffect, useState, useSyncExternalStore } from 'react';
import type { TidingsReader } from './create-reader.ts';
import { createFeed, type Feed, type FeedOptions, type FeedSnapshot } from './live-feed.ts';

type FeedActions = Pick<Feed, 'hold' | 'follow' | 'reveal' | 'older' | 'retry'>;

/**
 * A live list of events. It updates at most once a frame. A change of the filter loads it anew, and
 * the component need not keep the filter object: its content is compared.
 */
export function useFeed(tidings: TidingsReader, options: FeedOptions = {}): FeedSnapshot & FeedActions {
  const [feed, setFeed] = useState<Feed | null>(null);
  const key = JSON.stringify(options);
  useEffect(() => {
    const created = createFeed(tidings, JSON.parse(key) as FeedOptions);
    setFeed(created);
    return () => created[Symbol.dispose]();
  }, [tidings, key]);
  const { subscribe, hold, follow, reveal, older, retry } = feed ?? idle;
  const snapshot = useSyncExternalStore(
    subscribe,
    () => feed?.snapshot ?? idle.snapshot,
    () => idle.snapshot,
  );
  return { ...snapshot, hold, follow, reveal, older, retry };
}

/** Before the first effect, and on a server. */
const idle = {
  snapshot: {
    rows: [],
    heldCount: 0,
    held: { count: 0, late: 0, after: null },
    isHolding: false,
    isLoaded: false,
    hasOlder: false,
    hasNewer: false,
    clearedAt: null,
    receivedCount: 0,
    gaps: 0,
    state: 'connecting',
    connection: { is: 'loading', since: 0, lostAt: null, error: null, nextAttemptAt: null, resumed: null },
    error: null,
  } as FeedSnapshot,
  subscribe: () => nothing,
  hold: nothing,
  follow: nothing,
  reveal: () => 0,
  older: () => Promise.resolve(),
  retry: nothing,
};

function nothing(): void {}
