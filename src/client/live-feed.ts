import type { TidingsReader } from './create-reader.ts';
import type { ReceivedEvent } from './event-types.ts';
import { FeedModel } from './feed-model.ts';
import { newestPage, pageAbove, pageBelow, type FeedPage } from './feed-pages.ts';
import type { FeedEvent } from './feed-rows.ts';
import { createFeedStatus } from './feed-status.ts';
import type { Feed, FeedOptions, FeedSnapshot } from './feed-types.ts';
import { cursorOf } from './follow/message-cursor.ts';
import type { Cursor, StreamState } from './follow/stream-types.ts';
import { eventSelection } from './reading.ts';
import { createBackoff } from './wire/backoff.ts';
import { TidingsError, tidingsErrorOf } from './wire/client-error.ts';

export type { EventRow, FeedEvent, FeedGap, FeedRow, GapRow, Held } from './feed-rows.ts';
export type { FeedConnection } from './feed-status.ts';
export type { Feed, FeedOptions, FeedRows, FeedSnapshot } from './feed-types.ts';

/**
 * Starts a feed: it loads the first page, and subscribes from its head.
 *
 * Guarantees: with nothing held, the rows are a part of the plain query over all that was received,
 * also across lost connections. Held events that are not kept are read from the log again.
 */
export function createFeed<E extends FeedEvent = ReceivedEvent>(tidings: TidingsReader, options: FeedOptions = {}): Feed<E> {
  const { select = eventSelection, order = 'occurred', pageSize = 100, nextPageSize = pageSize, schedule = nextFrame } = options;
  const { maxRows = 2000, maxBytes = defaultMaxBytes, maxHeld = 2000 } = options;
  const model = new FeedModel<E>(order, { maxRows, maxBytes, maxHeld });
  const backoff = createBackoff({ maxMs: maxDelayMs });
  const status = createFeedStatus();
  const listeners = new Set<() => void>();
  let query = { filter: options.filter ?? {}, select, order };
  let run = new AbortController();
  /** Behind the last message; null before the first page. */
  let position: Cursor | null = null;
  let end: FeedPage<E>['end'] = null;
  let [isLoaded, isScheduled, isHolding, isSuspended] = [false, false, false, false];
  let receivedCount = 0;
  let pending: { readonly [name in 'older' | 'newer']?: Promise<void> | undefined } = {};

  const snapshotNow = (): FeedSnapshot<E> => {
    let rows: readonly E[] | null = null;
    return {
      get rows() {
        return (rows ??= model.rows.slice().flatMap(({ event }) => event ?? []));
      },
      heldCount: model.held.count,
      held: model.held,
      isHolding,
      isLoaded,
      hasOlder: model.hasOlder,
      hasNewer: model.hasNewer,
      clearedAt: model.hidden?.since ?? null,
      receivedCount,
      gaps: model.gaps,
      ...status.now(),
    };
  };
  let snapshot = snapshotNow();
  const publish = (): void => {
    isScheduled = false;
    snapshot = snapshotNow();
    for (const changed of listeners) changed();
  };
  const change = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    schedule(publish);
  };

  const load = async (signal: AbortSignal): Promise<Cursor> => {
    status.report({ is: 'loading' });
    for (;;) {
      try {
        const page = await newestPage<E>(tidings, query, { size: pageSize, signal });
        signal.throwIfAborted();
        model.load(page.events, page.hasMore);
        [end, isLoaded] = [page.end, true];
        change();
        return page.head;
      } catch (caught) {
        signal.throwIfAborted();
        const error = tidingsErrorOf(caught);
        if (!error.isTemporary) throw error;
        const delayMs = backoff.delayAfter(error, 0);
        status.report({ is: 'waiting', delayMs, error });
        change();
        await backoff.wait(delayMs, { signal, keepsAlive: true });
        signal.throwIfAborted();
      }
    }
  };
  const follow = async (signal: AbortSignal, after: Cursor): Promise<void> => {
    const onState = (state: StreamState): void => {
      if (signal.aborted || state.is === 'closed') return;
      status.report(state);
      if (state.is === 'live') model.isHolding = isHolding; // held events that were read again are shown
      change();
    };
    for await (const message of tidings.stream(query.filter, { after, select, onState, signal })) {
      if (signal.aborted) return;
      if ('events' in message) {
        model.receive(message.events as unknown as readonly E[], message.previous);
        status.received(message.events.length);
        receivedCount += message.events.length;
      } else if ('reason' in message) model.addGap(message.reason, new Date().toISOString());
      position = cursorOf(message) ?? position;
      change();
    }
  };
  const play = async (signal: AbortSignal): Promise<void> => {
    try {
      for (;;) {
        position ??= await load(signal);
        try {
          return await follow(signal, position);
        } catch (caught) {
          if (!isExpired(caught)) throw caught;
          position = await load(signal);
          model.addGap('LOG_REPLACED', new Date().toISOString());
        }
      }
    } catch (caught) {
      if (signal.aborted) return;
      status.report({ is: 'closed', error: tidingsErrorOf(caught) });
      change();
    }
  };
  const startAt = (cursor: Cursor | null): void => {
    run.abort();
    run = new AbortController();
    [position, pending, isSuspended] = [cursor, {}, false];
    model.addOlder(null, false); // a request that was under way has ended
    void play(run.signal);
    change();
  };
  /** Shows the held events. */
  const reveal = (id?: string): number => {
    const { after, count } = model.held;
    if (after === null && !model.hasNewer) return model.reveal(id);
    const isFar = model.hasNewer || count > maxReadAgain * maxHeld;
    if (!isFar) model.forgetHeld();
    // Until the stream is live again, nothing is held.
    model.isHolding = false;
    startAt(isFar ? null : after);
    return 0;
  };
  const older = async (): Promise<void> => {
    const { signal } = run;
    const last = model.rows.last();
    if (last?.event == null || !model.hasOlder) return;
    const request = { event: last.event, size: nextPageSize, signal };
    model.expectOlder();
    let page: FeedPage<E> | null = null;
    try {
      page = await pageBelow<E>(tidings, query, { ...request, known: end }).catch((error: unknown) => {
        if (!isExpired(error)) throw error;
        return pageBelow<E>(tidings, query, { ...request, known: null });
      });
    } finally {
      const fits = !signal.aborted && page !== null && model.rows.last() === last;
      if (!signal.aborted) model.addOlder(fits ? (page?.events ?? null) : null, page?.hasMore ?? false);
      if (fits) end = page?.end ?? null;
      change();
    }
  };
  const newer = async (): Promise<void> => {
    const { signal } = run;
    const first = model.rows.first();
    if (!model.hasNewer) return;
    if (first?.event == null || model.hasHole) return startAt(null);
    model.expectNewer(nextPageSize);
    let page: FeedPage<E> | null | undefined;
    try {
      page = await pageAbove<E>(tidings, query, { event: first.event, size: nextPageSize, signal });
    } finally {
      const fits = !signal.aborted && model.rows.first() === first;
      if (!signal.aborted) model.addNewer(fits ? (page?.events ?? null) : null, page?.hasMore ?? false);
      if (fits && page === null) startAt(null); // the first row was removed
      change();
    }
  };
  const once = (name: 'older' | 'newer', load: () => Promise<void>) => async (): Promise<void> => {
    const { signal } = run;
    const started = (pending[name] ?? load()).finally(() => {
      if (!signal.aborted) pending = { ...pending, [name]: undefined };
    });
    pending = { ...pending, [name]: started };
    await started.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };

  void play(run.signal);
  return {
    get snapshot() {
      return snapshot;
    },
    get rows() {
      return model.rows;
    },
    indexOf: (id) => model.indexOf(id),
    subscribe(changed) {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
    hold() {
      isHolding = model.isHolding = true;
      change();
    },
    follow() {
      isHolding = model.isHolding = false;
      reveal();
      change();
    },
    reveal(id) {
      const above = reveal(id);
      change();
      return above;
    },
    older: once('older', older),
    newer: once('newer', newer),
    read: (index) => void (model.reader = index),
    clear() {
      model.clear(new Date().toISOString());
      change();
    },
    unclear() {
      if (!model.unclear()) startAt(null);
      change();
    },
    suspend() {
      run.abort();
      isSuspended = true;
      status.report({ is: 'suspended' });
      change();
    },
    resume: () => void (isSuspended && startAt(position)),
    setFilter(filter) {
      query = { ...query, filter };
      model.load([], false);
      startAt(null);
    },
    retry: () => startAt(position),
    reload: () => startAt(null),
    [Symbol.dispose]() {
      run.abort();
      listeners.clear(); // also of a change that is scheduled
    },
  };
}

/** The cursor belongs to another log. */
function isExpired(error: unknown): boolean {
  return error instanceof TidingsError && (error.code === 'CURSOR_EXPIRED' || error.code === 'BAD_CURSOR');
}

function nextFrame(callback: () => void): void {
  const { requestAnimationFrame } = globalThis as unknown as { requestAnimationFrame?: (callback: () => void) => void };
  if (requestAnimationFrame === undefined) setTimeout(callback, frameMs);
  else requestAnimationFrame(callback);
}

const frameMs = 16;
const defaultMaxBytes = 64_000_000;
/** Beyond so many times `maxHeld`, held events are not read again: the newest page is loaded. */
const maxReadAgain = 10;
const maxDelayMs = 10_000;
