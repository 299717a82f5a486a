import { unbounded } from '../../../src/store/database/read-budget.ts';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/settings.ts';
import { origin, type Position } from '../../../src/event/cursor.ts';
import type { Condition } from '../../../src/filter/filter.ts';
import { parseFilter } from '../../../src/filter/parse/parse-filter.ts';
import { subscribeToEvents } from '../../../src/subscriptions/event-subscription.ts';
import { readPages } from '../../../src/store/queries/pages.ts';
import { anyFilter } from '../../support/oracles/random-filters.ts';
import { startStreams } from '../../support/streams.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const settings = readSettings({});
const seed = testSeed();

interface Follower {
  readonly filter: Condition;
  readonly start: Position;
  readonly events: AsyncIterableIterator<object>;
  readonly got: string[];
  readonly n: number;
}

test('subscriptions with random filters, which come and go and read at their own speed, get what a query gets', async () => {
  // A small tail buffer: slow readers have to read the database.
  await using streams = await startStreams({ events: 60, bytes: 1 << 20 });
  const { parts } = streams;
  const drawn = fc.sample(anyFilter, { seed, numRuns: 40 }).map((input) => parseFilter(input, [], settings));
  const kinds = ['a', 'b', 'c'].map((kind) => parseFilter({ event: { in: [`kind.${kind}`] } }, [], settings));
  const filters = [...kinds, ...kinds, ...drawn, ...drawn.slice(0, 10)];
  let emitted = 0;
  const emit = async (count: number): Promise<void> => {
    const names = Array.from({ length: count }, () => `${'abc'[emitted++ % 3]}-${emitted}`);
    await streams.emit(...names);
  };
  await emit(50);
  const followers: Follower[] = [];
  for (const [n, filter] of filters.entries()) {
    const from = n % 3 === 0 ? null : n % 3 === 1 ? origin : await parts.heads.head();
    const start = from ?? (await parts.heads.head());
    followers.push({ filter, start, events: await subscribeToEvents(parts, { filter, after: from, client: 'test' }), got: [], n });
    if (n % 10 === 0) await emit(30);
  }
  const drain = async (follower: Follower, max: number): Promise<void> => {
    for (let takenCount = 0; takenCount < max; takenCount += 1) {
      const next = await Promise.race([follower.events.next(), new Promise((resolve) => setTimeout(resolve, 30_000, null))]);
      if (next === null) return;
      follower.got.push((next as { value: { id: string } }).value.id);
    }
  };
  for (let round = 0; round < 6; round += 1) {
    await emit(40);
    // Each reads the matches that exist, but not in every round.
    for (const follower of followers) if ((follower.n + round) % 3 !== 0) await drain(follower, await missing(follower));
  }
  for (const follower of followers) {
    await drain(follower, await missing(follower));
    expect(follower.got, `filter ${JSON.stringify(follower.filter)}`).toEqual(await oracleIds(follower));
  }
  await Promise.all(followers.map(({ events }) => events.return?.()));
  expect(await parts.metrics.subscriptionFilters.get()).toMatchObject({ values: [{ value: 0 }, { value: 0 }, { value: 0 }] });

  async function oracleIds({ filter, start }: Follower): Promise<readonly string[]> {
    const request = {
      filter,
      order: 'LOG',
      head: await parts.heads.head(),
      after: { position: start },
      limit: 10_000,
      backward: false,
    } as const;
    return (await readPages(parts.database, request, { scope: 'EVERYTHING', keys: [''], budget: unbounded }))[0]!.events.map(
      ({ id }) => id,
    );
  }
  async function missing(follower: Follower): Promise<number> {
    return (await oracleIds(follower)).length - follower.got.length;
  }
}, 120_000);
