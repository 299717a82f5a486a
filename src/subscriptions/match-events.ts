import { TimeSlice } from '../concurrency/time-slices.ts';
import { matchCost } from '../filter/match-cost.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import { matches } from '../filter/matches.ts';
import type { Database } from '../store/database/database.ts';
import { matchesInDatabase } from '../store/log/events-by-id.ts';

/**
 * Those of the events that match. Never keeps others waiting for long: it pauses now and then, and where a filter and an
 * event are so large that reading the one against the other would take longer, it asks the database, which reads
 * filters alike.
 */
export async function matchEvents(database: Database, filter: Condition, events: readonly StoredEvent[]): Promise<readonly StoredEvent[]> {
  const found: StoredEvent[] = [];
  const slice = new TimeSlice(sliceMs);
  for (const event of events) {
    const isMatch =
      matchCost(filter, event) > maxMatchCost ? await matchesInDatabase(database, filter, event.position) : matches(filter, event);
    if (isMatch) found.push(event);
    if (slice.isOver()) await slice.next();
  }
  return found;
}

/** Steps, of which a million take about a millisecond. */
const maxMatchCost = 10_000_000;
const sliceMs = 10;
