import { batch, computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { createFeed, type Feed, type FeedSnapshot } from '../../client/live-feed.ts';
import { stringifyLossless, TidingsError, type TidingsReader } from '../../client/tidings-client.ts';
import { viewOf } from '../view/current-view.ts';
import { activeFilter } from './active-filter.ts';
import { isHeld } from './hold.ts';
import { schedulePublish } from './render-pace.ts';
import { rowSelection, type ListedEvent } from './row-selection.ts';
import { keyRejection, noteRejection } from './server-info.ts';
import { tidings } from './session.ts';
import { isAwake } from './until.ts';

// Before the effects below, which run at once.
const sizes = { pageSize: 100, nextPageSize: 500, maxRows: 100_000 } as const;

export type ListFeed = Feed<ListedEvent>;

const filterText = computed(() => stringifyLossless(activeFilter.value));
const order = viewOf((view) => view.order);
const columns = viewOf((view) => view.columns.join('\n'));

const shown = signal<ListFeed | null>(null);
const shownSnapshot = signal<FeedSnapshot<ListedEvent> | null>(null);
const shownColumns = signal<readonly string[]>([]);
const nextSnapshot = signal<FeedSnapshot<ListedEvent> | null>(null);
/** Why the server did not accept the present filter, columns or key; the list stays that of the last good one. */
const rejection = signal<TidingsError | null>(null);
/** Whether this device has a network, as far as the browser knows. */
const online = signal(navigator.onLine);

/** The list that is shown: that of an earlier filter until the first rows of the present one are there. */
export const feed: ReadonlySignal<ListFeed | null> = shown;
/** Changes with each change of the rows that is to be seen. */
export const snapshot: ReadonlySignal<FeedSnapshot<ListedEvent> | null> = shownSnapshot;
/** The columns of the rows that are shown. */
export const listedColumns: ReadonlySignal<readonly string[]> = shownColumns;
/** Rows of an earlier filter are shown: those of the present one are on their way. */
export const isStale = computed(() => shown.value !== null && nextSnapshot.value !== null);

/** The connection and what waits, for the state of the page. */
export const feedStatus = computed(() => {
  const { connection = null, held = null, isHolding = false } = nextSnapshot.value ?? shownSnapshot.value ?? {};
  const { held: waiting = held } = shownSnapshot.value ?? {};
  return {
    // Without a list, an error that no waiting corrects ends the loading.
    is: connection?.is ?? (rejection.value === null ? 'loading' : 'closed'),
    since: connection?.since ?? 0,
    lostAt: connection?.lostAt ?? null,
    error: rejection.value ?? connection?.error ?? null,
    nextAttemptAt: connection?.nextAttemptAt ?? null,
    resumed: connection?.resumed ?? null,
    heldCount: waiting?.count ?? 0,
    lateCount: waiting?.late ?? 0,
    isHolding: isHolding || isHeld.value,
    isOnline: online.value,
  };
});

/** Whether the log has no event that this page can see, other than its own audit log. */
export const isLogEmpty = computed(() => isListEmpty.value && everything.has(filterText.value));
/** Whether no event matches, although the page filters. */
export const isNothingMatching = computed(() => isListEmpty.value && !everything.has(filterText.value));

const isListEmpty = computed(() => {
  const { isLoaded = false, heldCount = 0 } = shownSnapshot.value ?? {};
  return isLoaded && heldCount === 0 && shown.value?.rows.length === 0 && !isStale.value;
});

/** Connects at once, or starts again after an error. */
export function retryFeed(): void {
  if (shown.peek()?.snapshot.state === 'waiting' && !isStale.peek()) shown.peek()?.retry();
  else restarts.value += 1;
}

const everything = new Set(['{}', '{"event":{"notStartsWith":["tidings."]}}', '{"event":{"notLike":["tidings.*"]}}']);
const restarts = signal(0);
let shownClient: TidingsReader | null = null;

// One feed at a time is loaded; that which is shown stays until the next one has its first rows.
effect(() => {
  const client = tidings.value;
  const select = columns.value === '' ? [] : columns.value.split('\n');
  void filterText.value;
  void restarts.value;
  const options = { filter: activeFilter.peek(), order: order.value, select: rowSelection(select) };
  if (shownClient !== client) replaceWith(null); // another key sees other events
  const next = createFeed<ListedEvent>(client, { ...options, ...sizes, schedule: schedulePublish });
  if (isHeld.peek()) next.hold();
  nextSnapshot.value = next.snapshot;
  next.subscribe(() => {
    const now = next.snapshot;
    if (shown.peek() === next) {
      if (now.error === null) shownSnapshot.value = now;
      else fail(now.error);
    } else if (now.isLoaded) {
      batch(() => {
        replaceWith(next);
        [shownSnapshot.value, shownColumns.value, nextSnapshot.value, rejection.value] = [now, select, null, null];
      });
      shownClient = client;
    } else if (now.error === null) nextSnapshot.value = now;
    else fail(now.error);
  });
  const fail = (error: unknown): void => {
    batch(() => {
      nextSnapshot.value = null;
      if (error instanceof TidingsError) rejection.value = error;
      if (noteRejection(error)) replaceWith(null);
      else if (shown.peek() === next) shownSnapshot.value = next.snapshot;
    });
  };
  return () => {
    if (shown.peek() !== next) next[Symbol.dispose]();
  };
});

function replaceWith(next: ListFeed | null): void {
  shown.peek()?.[Symbol.dispose]();
  shown.value = next;
  if (next === null) shownSnapshot.value = null;
}

// Whichever request finds that the key has ended.
effect(() => {
  if (keyRejection.value !== null) replaceWith(null);
});

effect(() => {
  if (isHeld.value) shown.value?.hold();
  else shown.value?.follow();
});

effect(() => {
  if (isAwake.value) shown.value?.resume();
  else shown.value?.suspend();
});

addEventListener('offline', () => (online.value = false));
addEventListener('online', () => {
  online.value = true;
  if (shown.peek()?.snapshot.connection.is === 'waiting') shown.peek()?.retry();
});
