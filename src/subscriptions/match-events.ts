import { TimeSlice } from '../concurrency/time-slices.ts';
import type { StoredEvent } from '../event/event.ts';
import type { Condition } from '../filter/filter.ts';
import { matchCost } from '../filter/match-cost.ts';
import { matches } from '../filter/matches.ts';
import type { Database } from '../store/database/database.ts';
import { matchesInDatabase } from '../store/log/events-by-id.ts';

/**
 * Returns the events that match. Never blocks the event loop for long: it yields after every slice.
 * Where filter and event are so large that one test would take longer than a slice, the database
 * tests the event; its filters have the same meaning.
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

/** In steps, of which a million take about a millisecond. */
const maxMatchCost = 10_000_000;
const sliceMs = 10;
