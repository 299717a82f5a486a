import type { EventFilter, ReceivedEvent } from './event-types.ts';
import type { FeedEvent, FeedRow, Held } from './feed-rows.ts';
import type { FeedConnection } from './feed-status.ts';
import type { StreamState } from './follow/stream-types.ts';

export interface FeedOptions {
  readonly filter?: EventFilter;
  /** A GraphQL selection of Event with id, cursor and occurred, instead of all fields. */
  readonly select?: string;
  /** `occurred`, the default: latest first. `log`: later in the log first. */
  readonly order?: 'occurred' | 'log';
  /** Events of the first page: 100 by default. */
  readonly pageSize?: number;
  /** Events of further pages: `pageSize` by default. */
  readonly nextPageSize?: number;
  /** Rows that are kept while events arrive: 2,000 by default. */
  readonly maxRows?: number;
  /** About the memory of the rows: 64 MB by default. */
  readonly maxBytes?: number;
  /** Held events that are kept: 2,000 by default. More are counted, and read again when they are shown. */
  readonly maxHeld?: number;
  /** Calls `publish` soon: with the next frame by default. */
  readonly schedule?: (publish: () => void) => void;
}

/** The rows, first to last. They change with the feed. */
export interface FeedRows<E> {
  readonly length: number;
  at(index: number): FeedRow<E> | undefined;
  slice(from: number, to: number): readonly FeedRow<E>[];
}

/** A list for a page: a new object for each change. */
export interface FeedSnapshot<E = ReceivedEvent> {
  /** The events, newest first. */
  readonly rows: readonly E[];
  /** The number of held events. */
  readonly heldCount: number;
  readonly held: Held;
  readonly isHolding: boolean;
  /** Whether the first page has been loaded. */
  readonly isLoaded: boolean;
  readonly hasOlder: boolean;
  /** The newest events are not among the rows: the window has moved down. */
  readonly hasNewer: boolean;
  /** Since when `clear` hides older rows; null: it does not. */
  readonly clearedAt: string | null;
  /** Live events that have arrived since the start. */
  readonly receivedCount: number;
  /** How often events were not available. */
  readonly gaps: number;
  readonly state: StreamState['is'];
  readonly connection: FeedConnection;
  /** The error that ended it; `retry` starts it again. */
  readonly error: unknown;
}

/** A live list of the newest events that match. */
export interface Feed<E extends FeedEvent = ReceivedEvent> extends Disposable {
  readonly snapshot: FeedSnapshot<E>;
  readonly rows: FeedRows<E>;
  /** The index of an event or a gap; -1 if it is not among the rows. */
  readonly indexOf: (id: string) => number;
  /** Calls `changed` at most once a frame, until the feed is disposed. Returns the function that ends this. */
  readonly subscribe: (changed: () => void) => () => void;
  /** Keeps the rows still while a person reads: live events are held. */
  readonly hold: () => void;
  /** Shows the events that were held, and live ones from now on. */
  readonly follow: () => void;
  /** Shows the held events, and keeps holding. Returns how many came above a row at once. */
  readonly reveal: (id?: string) => number;
  /** Loads the page below the last row. */
  readonly older: () => Promise<void>;
  /** Loads the page above the first row, if `hasNewer`. */
  readonly newer: () => Promise<void>;
  /** The row that is being read: rows far from it can be dropped. */
  readonly read: (index: number) => void;
  /** Hides all rows, so that only later events are shown; `unclear` shows them again. */
  readonly clear: () => void;
  readonly unclear: () => void;
  /** Closes the subscription; `resume` continues it after the last event. */
  readonly suspend: () => void;
  readonly resume: () => void;
  readonly setFilter: (filter: EventFilter) => void;
  /** Connects at once, or starts again after an error. */
  readonly retry: () => void;
  /** Loads the list again. */
  readonly reload: () => void;
}
