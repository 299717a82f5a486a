import type { SlicedTask, TimeSlices } from '../../concurrency/time-slices.ts';
import type { StoredEvent } from '../../event/event.ts';
import type { Condition } from '../../filter/filter.ts';
import { matchCost } from '../../filter/match-cost.ts';
import { matches } from '../../filter/matches.ts';
import type { Database } from '../../store/database/database.ts';
import { matchesInDatabase } from '../../store/log/events-by-id.ts';

/** A test of an event with a filter. */
export interface MatchTest {
  readonly filter: Condition;
  readonly event: StoredEvent;
}

/** Yields tests, or null for a point at which it can pause, and is resumed with the result. */
export type MatchTests<R> = Generator<MatchTest | null, R, boolean>;

export interface SlicedTestParts {
  readonly database: Database;
  readonly timeSlices: TimeSlices;
  readonly client: string;
}

/**
 * Runs tests in the turns of a client, and returns what the generator returns.
 *
 * Guarantees: the tests run in order, and a slice ends with the test during which its time is over.
 * A test that would take longer than a slice runs in the database, whose filters have the same
 * meaning. Rejects if that fails.
 */
export function runTests<R>(parts: SlicedTestParts, tests: MatchTests<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    parts.timeSlices.add(new SlicedTests(parts, tests, { resolve, reject }), parts.client);
  });
}

interface Completion<R> {
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

class SlicedTests<R> implements SlicedTask {
  private wasMatch = false;

  constructor(
    private readonly parts: SlicedTestParts,
    private readonly tests: MatchTests<R>,
    private readonly completion: Completion<R>,
  ) {}

  run(end: number): void {
    do {
      const { done, value } = this.tests.next(this.wasMatch);
      if (done === true) return this.completion.resolve(value);
      if (value === null) continue;
      if (matchCost(value.filter, value.event) > maxMatchCost) return void this.testInDatabase(value);
      this.wasMatch = matches(value.filter, value.event);
    } while (performance.now() < end);
    this.continue();
  }

  private async testInDatabase({ filter, event }: MatchTest): Promise<void> {
    try {
      this.wasMatch = await matchesInDatabase(this.parts.database, filter, event.position);
      this.continue();
    } catch (error) {
      this.completion.reject(error);
    }
  }

  private continue(): void {
    this.parts.timeSlices.add(this, this.parts.client);
  }
}

/** In steps, of which a million take about a millisecond. */
const maxMatchCost = 10_000_000;

/** The tests of events with one filter. Returns the events that match. */
export function* eventTests(filter: Condition, events: readonly StoredEvent[]): MatchTests<readonly StoredEvent[]> {
  const found: StoredEvent[] = [];
  for (const event of events) if (yield { filter, event }) found.push(event);
  return found;
}
