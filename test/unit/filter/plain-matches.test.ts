import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { matches } from '../../../src/filter/matches.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import type { EventFilterInput } from '../../../src/filter/parse/filter-input.ts';
import { plainMatches } from '../../support/oracles/plain-matches.ts';
import { anyFilter, anyNameGlobs, anyStarPath } from '../../support/oracles/random-filters.ts';
import { anyStoredEvent } from '../support/stored-events.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const bounds = { filterNodes: 500, filterDepth: 10, filterListLength: 1000 };
const seed = testSeed();
// TIDINGS_FILTER_ROUNDS makes a run longer.
const rounds = Number(process.env['TIDINGS_FILTER_ROUNDS'] ?? 1);

const timeoutMs = 60_000 + rounds * 20_000;

test.each<[string, fc.Arbitrary<EventFilterInput>]>([
  ['of any kind', anyFilter],
  ['with globs of names and ids', anyNameGlobs],
  ['with * in payload paths', anyStarPath],
])(
  'a filter %s matches the events that the plain oracle matches',
  (what, filters) => {
    const events = fc.sample(anyStoredEvent, { seed, numRuns: 200 });
    let informative = 0;
    for (const input of fc.sample(filters, { seed, numRuns: rounds * 1000 })) {
      const filter = parseFilter(input, ['filter'], bounds);
      const expected = events.filter((event) => plainMatches(input, event));
      expect(
        events.filter((event) => matches(filter, event)),
        `filter ${JSON.stringify(input)}`,
      ).toEqual(expected);
      if (expected.length > 0 && expected.length < events.length) informative += 1;
    }
    console.log(`filters ${what}: ${informative} of ${rounds * 1000} match some events and not others`);
    expect(informative).toBeGreaterThan(rounds * 200);
  },
  timeoutMs,
);
