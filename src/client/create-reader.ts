import type { AnyEvents, EventFilter, EventMap, EventOf } from './event-types.ts';
import { createEventStream } from './follow/event-stream-iterator.ts';
import type { Cursor, EventStream, FollowOptions, StreamMessage } from './follow/stream-types.ts';
import type { LiveCountsRequest } from './live-counts.ts';
import { createReading, eventSelection, type Counts, type Reading } from './reading.ts';
import { TidingsError } from './wire/client-error.ts';
import { createWire, type Wire, type WireOptions } from './wire/wire.ts';

/** What a client can do besides emitting. */
export interface TidingsReader<M extends EventMap = AnyEvents> extends Reading<M> {
  /** The events that match, one after the other. Resumes after the last one whose loop body ended. */
  events<const F extends EventFilter = EventFilter>(filter?: F, options?: FollowOptions): EventStream<EventOf<M, F>>;
  /** The same in batches, with the messages between them. Gaps are messages too. */
  stream<const F extends EventFilter = EventFilter>(
    filter?: F,
    options?: Omit<FollowOptions, 'checkpoint' | 'onGap'> & { readonly until?: Cursor },
  ): AsyncGenerator<StreamMessage<EventOf<M, F>>, void>;
  /** Counts that stay true. */
  liveCounts(request: LiveCountsRequest): AsyncGenerator<Counts, void>;
}

/** A client of one server that emits nothing, at half the size: for pages that show events. */
export interface ReaderClient<M extends EventMap = AnyEvents> extends TidingsReader<M>, Disposable {
  /** Ends all subscriptions and requests. */
  close(): void;
}

/** Creates a client that reads and follows events. Connects when there is something to do. */
export function createReader<M extends EventMap = AnyEvents>(url: string | URL, options: WireOptions = {}): ReaderClient<M> {
  const closing = new AbortController();
  const close = (): void => closing.abort(new TidingsError('CLOSED', 'The client was closed.'));
  return { ...readerOf<M>(createWire(url, options), closing.signal), close, [Symbol.dispose]: close };
}

/** Reads and follows events until the signal aborts. */
export function readerOf<M extends EventMap>(wire: Wire, closing: AbortSignal): TidingsReader<M> {
  // A page that is online again does not wait for the next attempt.
  const page = globalThis as { addEventListener?: (type: string, listener: () => void, options: object) => void };
  page.addEventListener?.('online', () => wire.backoff.wake(), { signal: closing });

  /** A signal that aborts with the client, or with that of a subscription. */
  const signalOf = ({ signal }: { readonly signal?: AbortSignal }): AbortSignal => {
    if (signal === undefined) return closing;
    const either = new AbortController();
    const abort = (): void => either.abort();
    for (const each of [signal, closing]) {
      if (each.aborted) abort();
      each.addEventListener('abort', abort, { signal: either.signal });
    }
    return either.signal;
  };

  return {
    ...createReading<M>(wire, closing),
    events: (filter, { select = eventSelection, ...more } = {}) => createEventStream(wire, { ...more, filter, select }, signalOf(more)),
    // Loaded when it is needed, as are the transports.
    async *stream(filter, { select = eventSelection, ...more } = {}) {
      const { follow } = await import('./follow/event-loop.ts');
      yield* follow(wire, { ...more, filter, select }, signalOf(more));
    },
    async *liveCounts(request) {
      const { followCounts } = await import('./live-counts.ts');
      yield* followCounts(wire, request, signalOf(request));
    },
  };
}
