import type { TidingsError } from '../wire/client-error.ts';

/** An opaque position in the log. */
export type Cursor = string;

/** Where a subscription is, and why. */
export type StreamState =
  | { readonly is: 'connecting' }
  | { readonly is: 'catching-up' }
  | { readonly is: 'live' }
  /** The connection was lost; the next attempt is after `delayMs`. */
  | { readonly is: 'waiting'; readonly delayMs: number; readonly error: TidingsError }
  /** It ended: with the error that the loop throws, or without one. */
  | { readonly is: 'closed'; readonly error: TidingsError | null };

/** Where a program keeps how far it has come. */
export interface Checkpoint {
  load(): Promise<Cursor | undefined> | Cursor | undefined;
  /** Called after the body of the loop, at most once a second, and at the end. */
  save(cursor: Cursor): Promise<void> | void;
}

export interface FollowOptions {
  /**
   * Where to start, if `checkpoint` has no cursor yet: after a cursor, at the first stored event
   * that matches, or now, which is the default.
   */
  readonly after?: (Cursor & {}) | 'beginning' | 'now' | undefined;
  readonly checkpoint?: Checkpoint;
  /**
   * What to do if events after the cursor are no longer available. 'throw', the default: the loop
   * throws a GapError. 'continue', or a function that receives it: it goes on behind the gap.
   */
  readonly onGap?: 'throw' | 'continue' | ((gap: Gap) => void);
  readonly onState?: (state: StreamState) => void;
  /** Ends the loop, without an error. */
  readonly signal?: AbortSignal;
  /** LOG by default. CAUSAL delays an event until the one that it follows was delivered. */
  readonly order?: 'LOG' | 'CAUSAL';
  /** A GraphQL selection of Event, instead of all fields. `cursor` is added. */
  readonly select?: string;
}

/** The messages of `eventStream`. A newer server can send others. */
export type StreamMessage<E> = EventBatch<E> | Moved | Gap | { readonly __typename: string & {} };

export interface EventBatch<E> {
  readonly __typename: 'EventBatch';
  readonly previous: Cursor;
  readonly cursor: Cursor;
  readonly events: readonly E[];
}

export interface Moved {
  readonly __typename: 'CaughtUp' | 'Checkpoint' | 'FellBehind';
  readonly cursor: Cursor;
}

export interface Gap {
  readonly __typename: 'Gap';
  readonly from: Cursor;
  readonly to: Cursor;
  readonly reason: string;
}

/** Events in the order of the log. It can be iterated once. */
export interface EventStream<E> extends AsyncIterable<E> {
  /**
   * Resolves when the server has accepted the subscription: an event emitted after that is not
   * missed. Starts the subscription. Rejects if it ends before.
   */
  readonly listening: Promise<void>;
  /** Behind the last event whose loop body ended; undefined before the first message. */
  readonly cursor: Cursor | undefined;
}
