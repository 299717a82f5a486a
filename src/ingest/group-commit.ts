import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import type { Database } from '../store/database/database.ts';
import { appendRows, createdSlice, type AppendedBatch, type ConflictPolicy, type DraftRow } from '../store/log/append.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import type { LogSlice } from '../store/log/read-log.ts';
import { CommitQueue, type Amount, type CommitRequest, type PermissionCheck, type Stored, type NotStored } from './commit-queue.ts';

/**
 * Group commit: requests that arrive while others are being stored share the next transaction.
 *
 * Assumes: `appendRows` stores a batch entirely or not at all, and returns a result for each row.
 *
 * Guarantees:
 * - A request resolves as if it were alone in its transaction, once its rows are durable and the
 *   head has reached them.
 * - Its rows stay in order and adjacent.
 * - A conflict or failure of one request does not affect another.
 * - At most `bounds.queued` waits; beyond it, a request is rejected at once with UNAVAILABLE and
 *   leaves nothing in the database.
 *
 * Does not guarantee an order between concurrent requests.
 *
 * Why few small commits run in parallel: they share the flush of the log anyway, each costs a round
 * trip, and only an append without another writer beside it knows the head. So a further one begins
 * only for many events, or if the others take long: they may wait for a lock.
 *
 *   queued --> stored together --> resolved
 *                 '--> one fails, or conflicts under REJECT_ALL:
 *                      the others together, then those one by one --> resolved
 */
export interface GroupCommit {
  /**
   * Throws UNAVAILABLE. With `retryAfterMs` of a full queue, nothing was stored; otherwise the
   * result is unknown, and repeating the request is safe.
   */
  store(rows: readonly DraftRow[], onConflict: ConflictPolicy, checkPermission?: PermissionCheck): Promise<Stored>;
  /** Size of the commit queue. */
  readonly queued: Amount;
}

export interface GroupCommitParts {
  readonly database: Database;
  readonly heads: HeadReader;
  /** Called after every batch that stored an event, to notify other processes. */
  readonly announce: () => void;
  readonly tail: LocalAppendSink;
  readonly indexer?: IndexerState;
}

/** The state of the indexer of this process. */
export interface IndexerState {
  /** Whether too many events are unindexed. While they are, only one batch runs at a time. */
  readonly isFarBehind: boolean;
}

/** The tail of this process, which would otherwise read back the events that are stored here. */
export interface LocalAppendSink {
  wantsLocalAppends(): boolean;
  /** Receives created events and a head at or after them. */
  offer(appends: LogSlice, head: Position): void;
}

export interface GroupCommitBounds {
  /** Maximum number of batches at a time. */
  readonly parallelCommits: number;
  /** Maximum of a shared batch; a single request can be larger. */
  readonly batchSize: Amount;
  readonly queued: Amount;
}

export function createGroupCommit(parts: GroupCommitParts, bounds = defaultBounds(parts.database)): GroupCommit {
  const queue = new CommitQueue(bounds.queued);
  let activeCommits = 0;
  let scheduled = false;
  const besideEvents = Math.min(minBesideEvents, bounds.batchSize.events);
  /** When the last commit began. */
  let startedAt = 0;
  let later: NodeJS.Timeout | null = null;

  const startCommits = (): void => {
    scheduled = false;
    const parallelCommits = parts.indexer?.isFarBehind ? 1 : bounds.parallelCommits;
    while (activeCommits < parallelCommits && queue.length > 0 && (activeCommits === 0 || isBeside())) {
      startedAt = performance.now();
      void commitBatch(queue.takeBatch(bounds.batchSize));
    }
    if (queue.length > 0 && activeCommits < parallelCommits) later ??= setTimeout(startLater, maxBesideWaitMs);
  };
  const startLater = (): void => {
    later = null;
    startCommits();
  };
  /** Whether the queue should be stored beside running commits. */
  const isBeside = (): boolean => queue.amount.events >= besideEvents || performance.now() - startedAt >= maxBesideWaitMs;
  const commitBatch = async (batch: readonly CommitRequest[]): Promise<void> => {
    activeCommits += 1;
    await storeTogether(parts, batch.filter(checkPermission));
    activeCommits -= 1;
    startCommits();
  };
  return {
    get queued() {
      return queue.amount;
    },
    async store(rows, onConflict, check = () => undefined) {
      if (rows.length === 0) return { results: [], head: await parts.heads.head() };
      return new Promise<Stored>((resolve, reject) => {
        // A request of one event needs no all-or-nothing: its own result is the whole result.
        queue.add({ rows, onConflict: rows.length === 1 ? 'SKIP_REJECTED' : onConflict, checkPermission: check, resolve, reject });
        // Requests of the same turn of the event loop share a batch.
        if (!scheduled) setImmediate(startCommits);
        scheduled = true;
      });
    },
  };
}

function checkPermission(request: CommitRequest): boolean {
  try {
    request.checkPermission();
    return true;
  } catch (error) {
    request.reject(error);
    return false;
  }
}

/** Stores and settles requests of one policy. Does not throw: it rejects the affected requests. */
async function storeTogether(parts: GroupCommitParts, requests: readonly CommitRequest[]): Promise<void> {
  const [first] = requests;
  if (first === undefined) return;
  try {
    const rows = requests.length === 1 ? first.rows : requests.flatMap((request) => request.rows);
    const batch = await appendRows(parts.database, rows, first.onConflict);
    if ('conflicts' in batch) return await resolveConflicts(parts, requests, batch.conflicts);
    const head = await waitUntilReadable(parts, batch);
    for (const [request, results] of splitByRequest(requests, batch.appended)) request.resolve({ results, head });
  } catch (error) {
    // Any of the requests can have the row that the database rejected, so each is stored alone.
    // If the database could not be reached, all have the same result.
    if (requests.length === 1 || isUnavailable(error)) for (const { reject } of requests) reject(error);
    else await storeOneByOne(parts, requests);
  }
}

/**
 * Nothing was stored. A row can conflict with rows of other requests, so every request is stored
 * again: those without a conflict together, the others one by one.
 */
async function resolveConflicts(
  parts: GroupCommitParts,
  requests: readonly CommitRequest[],
  conflicts: readonly (readonly string[])[],
): Promise<void> {
  const [first] = requests;
  if (requests.length === 1) {
    const results = conflicts.map((differing): NotStored => ({ created: null, differing }));
    return first?.resolve({ results, head: await parts.heads.head() });
  }
  const found = splitByRequest(requests, conflicts).map(([request, requestConflicts]) => ({
    request,
    conflicts: requestConflicts.some((fields) => fields.length > 0),
  }));
  const requestsWhere = (conflicting: boolean): CommitRequest[] =>
    found.filter((each) => each.conflicts === conflicting).map(({ request }) => request);
  await storeTogether(parts, requestsWhere(false));
  await storeOneByOne(parts, requestsWhere(true));
}

async function storeOneByOne(parts: GroupCommitParts, requests: readonly CommitRequest[]): Promise<void> {
  for (const request of requests) await storeTogether(parts, [request]);
}

/** Waits until every read includes the stored events, and notifies other processes and the tail. */
async function waitUntilReadable({ heads, tail, announce }: GroupCommitParts, { appended, head: known }: AppendedBatch): Promise<Position> {
  const created = appended.filter((each) => each.created);
  if (created.length > 0) announce();
  // Concurrent transactions can hold earlier positions. Until they end, readers see none of these.
  const last = appended.reduce((max, { position }) => Math.max(max, position), 0) as Position;
  const head = await heads.headFrom(last, known);
  if (created.length > 0 && tail.wantsLocalAppends()) tail.offer(await createdSlice(created), head);
  return head;
}

/** Splits the results of all rows into the results of each request. */
function splitByRequest<T>(requests: readonly CommitRequest[], all: readonly T[]): readonly (readonly [CommitRequest, readonly T[]])[] {
  let start = 0;
  return requests.map((request) => [request, all.slice(start, (start += request.rows.length))] as const);
}

function isUnavailable(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'UNAVAILABLE';
}

function defaultBounds({ kind }: Database): GroupCommitBounds {
  return {
    // The embedded database has one connection. With more commits, batches get smaller, not faster.
    parallelCommits: kind === 'embedded' ? 1 : 4,
    batchSize: { events: 1000, bytes: 4 << 20 },
    // A few seconds of work. Beyond that, a client should get an error instead of waiting.
    queued: { events: 100_000, bytes: 64 << 20 },
  };
}

/** With fewer events, another round trip costs more than storing them later together. */
const minBesideEvents = 100;
/** Longer than an ordinary commit. A commit can wait for others that store the same ids. */
const maxBesideWaitMs = 20;
