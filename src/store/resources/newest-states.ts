import type { Position } from '../../event/cursor.ts';
import { isClockAhead, maxClockAheadMicros, stateTimeOf, type StoredEvent } from '../../event/event.ts';
import { fromMicros, toMicros, type Instant } from '../../event/instant.ts';
import { everything, type Condition } from '../../filter/filter.ts';
import type { Database } from '../database/database.ts';
import type { ReadBudget } from '../database/read-budget.ts';
import { databaseClock } from '../database/clock.ts';
import { readLatestMentions } from './latest-mentions.ts';
import type { PageRequest } from '../queries/page-request.ts';
import { readPages } from '../queries/pages.ts';

interface Visible {
  readonly head: Position;
  /** The caller's; `everything` for full visibility. */
  readonly filter: Condition;
  readonly budget: ReadBudget;
}

/**
 * Reads the event that describes the newest state of each of many resources: the latest by
 * `stateTimeOf`, which is `occurred` unless the client's clock was ahead; ties by position.
 *
 * Strategy: the event that occurred last is the answer, unless its clock was ahead. Only then it
 * competes with two others: the last one with a right clock, and the last one in the log that was
 * ahead.
 * Does not guarantee: the right event behind 32 events of the resource that do not compete. Then the
 * best one that was read is the answer.
 */
export async function readNewestStates(
  database: Database,
  ids: readonly string[],
  visible: Visible,
): Promise<ReadonlyMap<string, StoredEvent>> {
  const found = new Map(
    visible.filter === everything
      ? await readLatestMentions(database, ids, visible)
      : await firstOfEach(database, ids, { ...visible, order: 'NEWEST_FIRST', backward: false, passes: () => true }),
  );
  const ahead = Array.from(found).flatMap(([id, event]) => (isClockAhead(event) ? [id] : []));
  if (ahead.length === 0) return found;

  const earliest = (): Instant | undefined =>
    ahead
      .flatMap((id) => found.get(id) ?? [])
      .map(stateTimeOf)
      .toSorted()[0];
  const offer = (others: ReadonlyMap<string, StoredEvent>): void => {
    for (const [id, event] of others) found.set(id, laterOf(event, found.get(id)));
  };
  const until = fromMicros(toMicros(await databaseClock(database)()) + maxClockAheadMicros + 1n);
  const since = earliest();
  const newest = within(visible, { kind: 'during', field: 'occurred', ...(since && { since }), ...(until && { until }) });
  offer(await firstOfEach(database, ahead, { ...newest, order: 'NEWEST_FIRST', backward: false, passes: (event) => !isClockAhead(event) }));
  const from = earliest();
  const last = within(visible, { kind: 'during', field: 'received', ...(from && { since: from }) });
  offer(await firstOfEach(database, ahead, { ...last, order: 'LOG', backward: true, passes: isClockAhead }));
  return found;
}

function within({ filter, ...visible }: Visible, times: Condition): Visible {
  return { ...visible, filter: { kind: 'all', of: [filter, times] } };
}

interface Search extends Omit<PageRequest, 'limit'> {
  readonly budget: ReadBudget;
  readonly passes: (event: StoredEvent) => boolean;
}

/** The first event of each resource that passes, in the order of the request. */
async function firstOfEach(
  database: Database,
  ids: readonly string[],
  { passes, budget, ...request }: Search,
): Promise<ReadonlyMap<string, StoredEvent>> {
  const found = new Map<string, StoredEvent>();
  let open = ids;
  for (const limit of scanSizes) {
    const hasMore: string[] = [];
    for (const keys of slices(open, Math.ceil(maxEventsAtOnce / limit))) {
      const pages = await readPages(database, { ...request, limit }, { scope: 'ANY', keys, budget });
      keys.forEach((id, index) => {
        const { events = [], more = false } = pages[index] ?? {};
        const event = request.backward ? events.findLast(passes) : events.find(passes);
        if (event !== undefined) found.set(id, event);
        else if (more) hasMore.push(id);
      });
    }
    open = hasMore;
  }
  return found;
}

function* slices<T>(all: readonly T[], length: number): Iterable<readonly T[]> {
  for (let at = 0; at < all.length; at += length) yield all.slice(at, at + length);
}

function laterOf(one: StoredEvent, other: StoredEvent | undefined): StoredEvent {
  if (other === undefined) return one;
  const [oneTime, otherTime] = [stateTimeOf(one), stateTimeOf(other)];
  if (oneTime !== otherTime) return oneTime > otherTime ? one : other;
  return one.position > other.position ? one : other;
}

/** Events of a resource that are read: mostly the first one decides. */
const scanSizes = [1, 32];
/** Bounds the memory of a statement, beyond one event for each resource. */
const maxEventsAtOnce = 1000;
