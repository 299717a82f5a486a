import { unbounded } from '../../../src/store/database/read-budget.ts';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { everything, type Condition } from '../../../src/filter/filter.ts';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import { readHead } from '../../../src/store/log/log-head.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { countEvents, readPages } from '../../../src/store/queries/pages.ts';
import { anyCondition, anyElementCondition } from '../../unit/support/random-condition.ts';
import { draftOf } from '../../unit/support/valid-event.ts';
import { plainMatches } from '../../support/oracles/plain-matches.ts';
import { anyEvent, anyFilter } from '../../support/oracles/random-filters.ts';
import { newDatabase } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
// TIDINGS_FILTER_ROUNDS makes a run longer.
const rounds = Number(process.env['TIDINGS_FILTER_ROUNDS'] ?? 3);
const perRound = 60;
const filters = 250;
const conditions = 80;

test(
  'every filter matches the same events in SQL, in memory, and as it is written',
  async () => {
    await using testDatabase = await newDatabase();
    const settings = readSettings(testDatabase.environment);
    await using store = await openStore(settings);
    const { database } = store;
    let pairs = 0;
    let informative = 0;
    for (let round = 0; round < rounds; round += 1) {
      const drawn = fc.sample(anyEvent, { seed: seed + round, numRuns: perRound });
      const drafts = drawn.map((event, index) => draftOf({ ...event, id: `e${round * perRound + index}` }));
      await appendEvents(database, drafts, 'REJECT_ALL');
      const head = await readHead(database);
      const read = async (filter: Condition) =>
        (
          await readPages(
            database,
            { filter, order: 'LOG', head, limit: 100_000, backward: false },
            { scope: 'EVERYTHING', keys: [''], budget: unbounded },
          )
        )[0]!.events;
      const events = await read(everything);
      expect(events).toHaveLength((round + 1) * perRound);
      // Conditions that no parser makes, too: a `not` inside of a path with *, for example.
      for (const condition of fc.sample(fc.oneof(anyCondition, anyElementCondition), { seed: seed + round, numRuns: conditions })) {
        const expected = events.filter((event) => matches(condition, event)).map((event) => event.id);
        expect(
          (await read(condition)).map((event) => event.id),
          `round ${round}, condition ${JSON.stringify(condition)}`,
        ).toEqual(expected);
      }
      for (const input of fc.sample(anyFilter, { seed: seed + round, numRuns: filters })) {
        const filter = parseFilter(input, ['filter'], settings);
        const description = `round ${round}, filter ${JSON.stringify(input)}`;
        const expected = events.filter((event) => plainMatches(input, event)).map((event) => event.id);
        const inMemory = events.filter((event) => matches(filter, event)).map((event) => event.id);
        expect(inMemory, description).toEqual(expected);
        expect(
          (await read(filter)).map((event) => event.id),
          description,
        ).toEqual(expected);
        const counted = await countEvents(database, { filter, order: 'LOG', head, max: 100_000 }, { scope: 'EVERYTHING', keys: [''] });
        expect(counted, description).toEqual([expected.length]);
        pairs += events.length;
        // A filter that matches all events or none proves little.
        if (expected.length > 0 && expected.length < events.length) informative += 1;
      }
    }
    const drawn = rounds * filters;
    console.log(`filters: ${drawn} filters, ${informative} of them for some events and not for others, ${pairs} pairs`);
    expect(informative).toBeGreaterThan(drawn / 6);
  },
  60_000 + rounds * 20_000,
);
