import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import { appendRows, createdSlice, type Appended, type ConflictPolicy, type DraftRow } from '../store/log/append.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import type { LogSlice } from '../store/log/read-log.ts';
import { CommitQueue, type Amount, type CommitRequest, type PermissionCheck, type Stored, type NotStored } from './commit-queue.ts';

/**
 * Group commit: requests that come while others are being stored go to the database together, in one transaction.
 *
 * Assumes: `appendRows` stores all or nothing of a batch, and says of each row what became of it. Promises: a request is
 * answered for itself, as if it had come alone, once what it stored is durable and the head has reached it; its rows stay
 * in order and next to each other; a conflict or a failure of one is not another's. At most so many events and bytes
 * wait; what comes on top is refused at once with UNAVAILABLE, and has left no trace. Does not promise an order between
 * requests that are under way at once.
 *
 *   waiting --> stored together --> answered
 *                  '--> one conflicts and wants all or nothing, or fails: the others together, those one by one --> answered
 */
export interface GroupCommit {
  /** Throws UNAVAILABLE; where it does not say that too much waits, the fate of the request is unknown, and repeating it is safe. */
  store(rows: readonly DraftRow[], onConflict: ConflictPolicy, checkPermission?: PermissionCheck): Promise<Stored>;
  /** What waits for its turn now. */
  readonly queued: Amount;
}

export interface GroupCommitParts {
  readonly database: Database;
  readonly heads: HeadReader;
  /** Told after every batch that stored something. */
  readonly announce: () => void;
  readonly tail: LocalAppendSink;
  readonly indexer?: IndexerState;
}

/** Who digests what is stored here. */
export interface IndexerState {
  /** Whether more was stored than it has come to: then batches go one after the other until it has. */
  readonly isFarBehind: boolean;
}

/** Who follows the log in this process, and would else read back what is stored here. */
export interface LocalAppendSink {
  wantsLocalAppends(): boolean;
  /** Gets created events and a head that was read after they were, at or after them. */
  offer(appends: LogSlice, head: Position): void;
}

export interface GroupCommitBounds {
  /** Batches under way at once. */
  readonly parallelCommits: number;
  /** Of a shared batch; a request may be larger by itself. */
  readonly batchSize: Amount;
  readonly queued: Amount;
}

export function createGroupCommit(parts: GroupCommitParts, bounds = defaultBounds(parts.database)): GroupCommit {
  const queued = new CommitQueue(bounds.queued);
  let activeCommits = 0;
  let scheduled = false;

  const startCommits = (): void => {
    scheduled = false;
    const parallelCommits = parts.indexer?.isFarBehind ? 1 : bounds.parallelCommits;
    while (activeCommits < parallelCommits && queued.length > 0) void commitBatch(queued.takeBatch(bounds.batchSize));
  };
  const commitBatch = async (batch: readonly CommitRequest[]): Promise<void> => {
    activeCommits += 1;
    await storeTogether(parts, batch.filter(checkPermission));
    activeCommits -= 1;
    startCommits();
  };
  return {
    get queued() {
      return queued.amount;
    },
    async store(rows, onConflict, check = () => undefined) {
      if (rows.length === 0) return { results: [], head: await parts.heads.head() };
      return new Promise<Stored>((resolve, reject) => {
        // By itself an event is all of its request: it is refused or not, and refuses nothing else.
        queued.add({ rows, onConflict: rows.length === 1 ? 'SKIP_REJECTED' : onConflict, checkPermission: check, resolve, reject });
        // Those that came in the same turn of the event loop go together.
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

/** Stores and answers requests of one policy. Does not throw: whatever goes wrong is said to those whom it concerns. */
async function storeTogether(parts: GroupCommitParts, requests: readonly CommitRequest[]): Promise<void> {
  const [first] = requests;
  if (first === undefined) return;
  try {
    const rows = requests.length === 1 ? first.rows : requests.flatMap((request) => request.rows);
    const appended = await appendRows(parts.database, rows, first.onConflict);
    if ('conflicts' in appended) return await resolveConflicts(parts, requests, appended.conflicts);
    const head = await waitUntilReadable(parts, appended);
    for (const [request, results] of splitByRequest(requests, appended)) request.resolve({ results, head });
  } catch (error) {
    // What the database could not take may be in any of them. When it was away, all have the same fate.
    if (requests.length === 1 || isUnavailable(error)) for (const { reject } of requests) reject(error);
    else await storeOneByOne(parts, requests);
  }
}

/** Nothing was stored. What was said of each row may have been due to rows of others, so all is tried again. */
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

/** Waits until every read includes what was stored, and tells those who wait for it. */
async function waitUntilReadable({ heads, tail, announce }: GroupCommitParts, appended: readonly Appended[]): Promise<Position> {
  const created = appended.filter((each) => each.created);
  if (created.length > 0) announce();
  // Places that others took before may still be undecided; until they are, no reader sees what was stored here.
  const last = appended.reduce((max, { position }) => Math.max(max, position), 0) as Position;
  const head = await heads.headFrom(last);
  if (created.length > 0 && tail.wantsLocalAppends()) tail.offer(createdSlice(created), head);
  return head;
}

/** What belongs to each request of what is said of all rows. */
function splitByRequest<T>(requests: readonly CommitRequest[], all: readonly T[]): readonly (readonly [CommitRequest, readonly T[]])[] {
  let start = 0;
  return requests.map((request) => [request, all.slice(start, (start += request.rows.length))] as const);
}

function isUnavailable(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'UNAVAILABLE';
}

function defaultBounds({ kind }: Database): GroupCommitBounds {
  return {
    // The embedded database has one connection. More than a few lanes make batches smaller, not the whole faster.
    parallelCommits: kind === 'embedded' ? 1 : 4,
    batchSize: { events: 1000, bytes: 4 << 20 },
    // Some seconds' work. Whoever waits longer should rather know.
    queued: { events: 100_000, bytes: 64 << 20 },
  };
}
