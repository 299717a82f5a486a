import { sql, type SQL } from 'drizzle-orm';
import type { Position } from '../../event/cursor.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { AdaptiveBatch } from '../database/adaptive-batch.ts';
import type { Database } from '../database/database.ts';
import { boundedRows, completeRows, type PartialRow } from '../database/bounded-rows.ts';
import { storedColumns, storedEvents } from '../database/event-row.ts';
import type { ReadBudget } from '../database/read-budget.ts';
import { sqlOf } from '../filter-sql/filter-sql.ts';
import { textIs } from '../filter-sql/sql-fragments.ts';

/** The ancestors and descendants of an event along `follows`. */
export interface Chain {
  /** The farthest ancestor, or the event itself. */
  readonly root: StoredEvent;
  /** Nearest first. */
  readonly ancestors: readonly StoredEvent[];
  /**
   * Nearest first, within a level oldest first; events of one level need not follow the same event.
   */
  readonly descendants: readonly StoredEvent[];
  /** The id that the root follows, if no such event is stored. */
  readonly missingId: string | null;
  /** Whether the ancestors lead back to one of them or to the event. */
  readonly cyclic: boolean;
  /** Whether `maxEvents` left out events. */
  readonly truncated: boolean;
}

export interface ChainRequest {
  readonly head: Position;
  /** Events that do not match are treated as if they were not stored. */
  readonly visibilityFilter: Condition;
  /** The limit for one chain; counts the event itself, then its ancestors, then its descendants. */
  readonly maxEvents: number;
  readonly budget: ReadBudget;
}

/**
 * Returns the chain of each event, and reads an event of several chains once. In a cycle, an event
 * may be both an ancestor and a descendant, once in each list. Finds ancestors through event_ids,
 * descendants through events_by_follows. Throws LIMIT_EXCEEDED.
 */
export async function readChains(database: Database, events: readonly StoredEvent[], request: ChainRequest): Promise<readonly Chain[]> {
  const deadline = new AdaptiveBatch(database.statementTimeout, 1);
  const batchLength = Math.max(1, Math.floor(maxLinksPerStatement / request.maxEvents));
  const links: Links[] = [];
  for (let from = 0; from < events.length; from += batchLength) {
    deadline.checkDeadline();
    const found = await readLinks(database, events.slice(from, from + batchLength), request);
    request.budget.settle(0, linkBytes * found.reduce((sum, { up, down }) => sum + up.length + down.length, 0));
    links.push(...found);
  }
  const known = await readEvents(database, new Set(links.flatMap(({ up, down }) => [...up, ...down])), request);
  const eventsAt = (positions: readonly Position[]): readonly StoredEvent[] => positions.flatMap((each) => known.get(each) ?? []);
  return events.map((event, index) => {
    const { up, down } = links[index] ?? noLinks;
    return chainOf(event, { up: eventsAt(up), down: eventsAt(down) }, request.maxEvents);
  });
}

/** The positions of the ancestors and descendants of an event. */
type Links = Readonly<Record<'up' | 'down', Position[]>>;

async function readLinks(database: Database, events: readonly StoredEvent[], request: ChainRequest): Promise<readonly Links[]> {
  const positions = JSON.stringify(events.map(({ position }) => position));
  const rows = await database.rows<{ n: string; direction: 'up' | 'down'; position: string }>(sql`
    select s.n, found.direction, found.position
    from jsonb_array_elements_text(${positions}::text::jsonb) with ordinality as s (position, n)
    cross join lateral (
      (${ancestors(request)}) union all (${descendants(request)})
    ) found
    join tidings.events e on e.position = found.position
    order by s.n, found.direction, found.depth, e.occurred, e.position`);
  const links = events.map((): Links => ({ up: [], down: [] }));
  for (const { n, direction, position } of rows) links[Number(n) - 1]?.[direction].push(Number(position) as Position);
  return links;
}

async function readEvents(
  database: Database,
  positions: ReadonlySet<Position>,
  { budget }: ChainRequest,
): Promise<ReadonlyMap<Position, StoredEvent>> {
  const all = Array.from(positions);
  const known = new Map<Position, StoredEvent>();
  for (let from = 0; from < all.length; from += maxEventsPerStatement) {
    const found = sql`
      select ${storedColumns}
      from jsonb_array_elements_text(${JSON.stringify(all.slice(from, from + maxEventsPerStatement))}::text::jsonb) as wanted (position)
      join tidings.events e on e.position = wanted.position::bigint`;
    const rows = await database.rows<PartialRow>(boundedRows({ found, order: 'e.position', parts: budget.parts }));
    for (const event of await storedEvents(await completeRows(database, rows, budget))) known.set(event.position, event);
  }
  return known;
}

interface Found {
  readonly up: readonly StoredEvent[];
  readonly down: readonly StoredEvent[];
}

const noLinks: Links = { up: [], down: [] };
/** Rows of a position, which take about 200 bytes. */
const maxLinksPerStatement = 20_000;
const maxEventsPerStatement = 5000;
/** The memory of a position in a list, and of the event in another. */
const linkBytes = 16;

/**
 * An event follows at most one other, so a cycle only repeats its events until there are
 * `maxEvents`.
 */
function ancestors({ head, visibilityFilter, maxEvents }: ChainRequest): SQL {
  return sql`
    with recursive up as (
      select 0 as depth, e.position, e.follows from tidings.events e where e.position = s.position::bigint
      union all
      select up.depth + 1, followed.position, followed.follows
      from up
      cross join lateral (
        select e.position, e.follows
        from tidings.event_ids k
        join tidings.events e on e.position = k.position and e.id = up.follows
        where k.key = tidings.event_key(up.follows) and e.position <= ${head} and ${sqlOf(visibilityFilter)}
      ) followed
      where up.depth < ${maxEvents}::int
    )
    select 'up' as direction, depth, position from up where depth > 0`;
}

/**
 * Each follows one event, so a cycle among them goes through the event itself, which is left out.
 */
function descendants({ head, visibilityFilter, maxEvents }: ChainRequest): SQL {
  return sql`
    with recursive down as (
      select 0 as depth, e.position, e.id from tidings.events e where e.position = s.position::bigint
      union all
      select down.depth + 1, follower.position, follower.id
      from down
      cross join lateral (
        select e.position, e.id
        from tidings.events e
        where ${textIs(sql`e.follows`, sql`down.id`)} and e.position <= ${head} and e.position <> s.position::bigint and ${sqlOf(visibilityFilter)}
        order by e.occurred, e.position
        limit ${maxEvents}::int
      ) follower
    )
    select 'down' as direction, depth, position from down where depth > 0 limit ${maxEvents}::int`;
}

function chainOf(event: StoredEvent, { up, down }: Found, maxEvents: number): Chain {
  const visited = new Set([event.position]);
  const before: StoredEvent[] = [];
  let cyclic = false;
  for (const each of up) {
    cyclic = visited.has(each.position);
    if (cyclic) break;
    visited.add(each.position);
    before.push(each);
  }
  const includedAncestors = before.slice(0, maxEvents - 1);
  const after = down.slice(0, maxEvents - 1 - includedAncestors.length);
  const root = includedAncestors.at(-1) ?? event;
  const ancestorsTruncated = includedAncestors.length < before.length;
  return {
    root,
    ancestors: includedAncestors,
    descendants: after,
    missingId: cyclic || ancestorsTruncated ? null : root.follows,
    cyclic: cyclic && !ancestorsTruncated,
    truncated: ancestorsTruncated || after.length < down.length,
  };
}
