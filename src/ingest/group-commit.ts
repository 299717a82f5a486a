import { TidingsError } from '../errors.ts';
import type { Position } from '../event/cursor.ts';
import { appendRows, createdStretch, type Appended, type ConflictPolicy, type DraftRow } from '../store/log/append.ts';
import type { Database } from '../store/database/database.ts';
import type { HeadReader } from '../store/log/log-head.ts';
import type { Stretch } from '../store/log/read-log.ts';
import { WaitingRequests, type Amount, type Request, type StillMay, type Stored, type NotStored } from './commit-queue.ts';

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
export interface SharedBatches {
  /** Throws UNAVAILABLE; where it does not say that too much waits, the fate of the request is unknown, and repeating it is safe. */
  store(rows: readonly DraftRow[], onConflict: ConflictPolicy, stillMay?: StillMay): Promise<Stored>;
  /** What waits for its turn now. */
  readonly waiting: Amount;
}

export interface SharedBatchParts {
  readonly database: Database;
  readonly heads: HeadReader;
  /** Told after every batch that stored something. */
  readonly announce: () => void;
  readonly tail: OwnTail;
  readonly digesting?: DigestingState;
}

/** Who digests what is stored here. */
export interface DigestingState {
  /** Whether more was stored than it has come to: then batches go one after the other until it has. */
  readonly isFarBehind: boolean;
}

/** Who follows the log in this process, and would else read back what is stored here. */
export interface OwnTail {
  wantsOwn(): boolean;
  /** Gets created events and a head that was read after they were, at or after them. */
  offer(own: Stretch, head: Position): void;
}

export interface SharedBatchBounds {
  /** Batches under way at once. */
  readonly lanes: number;
  /** Of a shared batch; a request may be larger by itself. */
  readonly batch: Amount;
  readonly waiting: Amount;
}

export function createSharedBatches(parts: SharedBatchParts, bounds = usualBounds(parts.database)): SharedBatches {
  const waiting = new WaitingRequests(bounds.waiting);
  let busy = 0;
  let scheduled = false;

  const fill = (): void => {
    scheduled = false;
    const lanes = parts.digesting?.isFarBehind ? 1 : bounds.lanes;
    while (busy < lanes && waiting.length > 0) void inLane(waiting.takeBatch(bounds.batch));
  };
  const inLane = async (batch: readonly Request[]): Promise<void> => {
    busy += 1;
    await storeTogether(parts, batch.filter(stillMay));
    busy -= 1;
    fill();
  };
  return {
    get waiting() {
      return waiting.amount;
    },
    async store(rows, onConflict, check = () => undefined) {
      if (rows.length === 0) return { results: [], head: await parts.heads.head() };
      return new Promise<Stored>((resolve, reject) => {
        // By itself an event is all of its request: it is refused or not, and refuses nothing else.
        waiting.add({ rows, onConflict: rows.length === 1 ? 'SKIP_REJECTED' : onConflict, stillMay: check, resolve, reject });
        // Those that came in the same turn of the event loop go together.
        if (!scheduled) setImmediate(fill);
        scheduled = true;
      });
    },
  };
}

function stillMay(request: Request): boolean {
  try {
    request.stillMay();
    return true;
  } catch (error) {
    request.reject(error);
    return false;
  }
}

/** Stores and answers requests of one policy. Does not throw: whatever goes wrong is said to those whom it concerns. */
async function storeTogether(parts: SharedBatchParts, requests: readonly Request[]): Promise<void> {
  const [first] = requests;
  if (first === undefined) return;
  try {
    const rows = requests.length === 1 ? first.rows : requests.flatMap((request) => request.rows);
    const appended = await appendRows(parts.database, rows, first.onConflict);
    if ('conflicts' in appended) return await resolveConflicts(parts, requests, appended.conflicts);
    const head = await madeReadable(parts, appended);
    for (const [request, results] of shares(requests, appended)) request.resolve({ results, head });
  } catch (error) {
    // What the database could not take may be in any of them. When it was away, all have the same fate.
    if (requests.length === 1 || isUnavailable(error)) for (const { reject } of requests) reject(error);
    else await storeOneByOne(parts, requests);
  }
}

/** Nothing was stored. What was said of each row may have been due to rows of others, so all is tried again. */
async function resolveConflicts(
  parts: SharedBatchParts,
  requests: readonly Request[],
  conflicts: readonly (readonly string[])[],
): Promise<void> {
  const [first] = requests;
  if (requests.length === 1) {
    const results = conflicts.map((differing): NotStored => ({ created: null, differing }));
    return first?.resolve({ results, head: await parts.heads.head() });
  }
  const found = shares(requests, conflicts).map(([request, own]) => ({ request, conflicts: own.some((fields) => fields.length > 0) }));
  const those = (conflicting: boolean): Request[] => found.filter((each) => each.conflicts === conflicting).map(({ request }) => request);
  await storeTogether(parts, those(false));
  await storeOneByOne(parts, those(true));
}

async function storeOneByOne(parts: SharedBatchParts, requests: readonly Request[]): Promise<void> {
  for (const request of requests) await storeTogether(parts, [request]);
}

/** Waits until every read includes what was stored, and tells those who wait for it. */
async function madeReadable({ heads, tail, announce }: SharedBatchParts, appended: readonly Appended[]): Promise<Position> {
  const created = appended.filter((each) => each.created);
  if (created.length > 0) announce();
  // Places that others took before may still be undecided; until they are, no reader sees what was stored here.
  const last = appended.reduce((most, { position }) => Math.max(most, position), 0) as Position;
  const head = await heads.headFrom(last);
  if (created.length > 0 && tail.wantsOwn()) tail.offer(createdStretch(created), head);
  return head;
}

/** What belongs to each request of what is said of all rows. */
function shares<T>(requests: readonly Request[], all: readonly T[]): readonly (readonly [Request, readonly T[]])[] {
  let from = 0;
  return requests.map((request) => [request, all.slice(from, (from += request.rows.length))] as const);
}

function isUnavailable(error: unknown): boolean {
  return error instanceof TidingsError && error.code === 'UNAVAILABLE';
}

function usualBounds({ kind }: Database): SharedBatchBounds {
  return {
    // The embedded database has one connection. More than a few lanes make batches smaller, not the whole faster.
    lanes: kind === 'embedded' ? 1 : 4,
    batch: { events: 1000, bytes: 4 << 20 },
    // Some seconds' work. Whoever waits longer should rather know.
    waiting: { events: 100_000, bytes: 64 << 20 },
  };
}
