import type { StreamState } from './follow/stream-types.ts';
import type { TidingsError } from './wire/client-error.ts';

/** How a feed is connected. Times are in milliseconds since 1970. */
export interface FeedConnection {
  readonly is: 'loading' | StreamState['is'] | 'suspended';
  readonly since: number;
  /** Since when events do not arrive; null: they do, or the feed has just started. */
  readonly lostAt: number | null;
  /** Why they do not, or why the feed ended. */
  readonly error: TidingsError | null;
  readonly nextAttemptAt: number | null;
  /** The last time that a lost connection was live again, and how many events had been missed. */
  readonly resumed: { readonly at: number; readonly events: number } | null;
}

export interface FeedStatus {
  report(state: StreamState | { readonly is: 'loading' | 'suspended' }): void;
  /** Events arrived. */
  received(count: number): void;
  now(): { readonly state: StreamState['is']; readonly connection: FeedConnection; readonly error: TidingsError | null };
}

export function createFeedStatus(): FeedStatus {
  let connection: FeedConnection = { is: 'loading', since: Date.now(), lostAt: null, error: null, nextAttemptAt: null, resumed: null };
  let missed = 0;
  return {
    report(state) {
      const now = Date.now();
      const { lostAt, error, resumed } = connection;
      const next = { ...connection, is: state.is, since: state.is === connection.is ? connection.since : now, nextAttemptAt: null };
      switch (state.is) {
        case 'waiting':
          if (lostAt === null) missed = 0;
          connection = { ...next, lostAt: lostAt ?? now, error: state.error, nextAttemptAt: now + state.delayMs };
          break;
        case 'live':
          connection = { ...next, lostAt: null, error: null, resumed: lostAt === null ? resumed : { at: now, events: missed } };
          break;
        case 'closed':
          connection = { ...next, error: state.error };
          break;
        default:
          connection = { ...next, error: lostAt === null ? null : error };
      }
    },
    received(count) {
      if (connection.lostAt !== null) missed += count;
    },
    now() {
      const { is, error } = connection;
      const state = is === 'loading' ? 'connecting' : is === 'suspended' ? 'waiting' : is;
      return { state, connection, error: is === 'closed' ? error : null };
    },
  };
}
