import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { startProcess } from '../../support/emitting.ts';
import { anyEvent } from '../../support/oracles/random-filters.ts';
import { newDatabase, onPostgres } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();

test('an event reaches followers in its own process without further statements', async () => {
  await using testDatabase = await newDatabase();
  await using process = await startProcess(testDatabase.environment);
  using _following = await process.tail.follow();
  const [before, began] = [process.statements(), performance.now()];
  const ids = Array.from({ length: 20 }, (_, n) => `a-${n}`);
  for (const id of ids) {
    const { head } = await process.emit([{ id, event: 'a', resource: { id: 'r' } }]);
    while (process.tail.head() < head) await new Promise<void>((wake) => process.tail.headSignal.add({ wake }));
  }
  expect(process.passed.map(({ id }) => id)).toEqual(ids);
  // One statement stores, one reads the head, and on Postgres one notifies other processes. The
  // poll reads the head, too.
  const each = onPostgres ? 3 : 2;
  const polls = Math.ceil((performance.now() - began) / 500) + 1;
  expect(process.statements() - before).toBeLessThanOrEqual(ids.length * each + polls);
});

test('local appends equal what a read of the log returns', async () => {
  await using testDatabase = await newDatabase();
  await using process = await startProcess(testDatabase.environment);
  using _following = await process.tail.follow();
  const numbers = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger(), fc.constantFrom(-0, 5e-324, 1.8e-308));
  const odd = fc.record({
    event: fc.constant('a'),
    resource: fc.constant({ id: 'r', name: 'n', labels: { 'prefect.resource.id': 'r', 'prefect.name': '' } }),
    related: fc.constant([{ id: 'x', role: 'y', name: 'z', labels: { 'prefect.resource.role': 'y', ['__proto__']: 'p' } }]),
    payload: fc.dictionary(fc.string({ unit: 'grapheme' }), fc.oneof(numbers, fc.array(numbers), fc.jsonValue()), {
      noNullPrototype: false,
    }),
  });
  const timed = fc
    .constantFrom('0000-01-01T00:00:00Z', '2016-12-31T23:59:60+01:00', '9999-12-31T23:59:59.9999999Z')
    .map((occurred) => ({ event: 'a', occurred, resource: { id: 'r' } }));
  const events = fc.sample(fc.oneof(anyEvent, odd, timed), { seed, numRuns: 600 });
  let created = 0;
  for (let at = 0; at < events.length; at += 50) {
    const { outcomes } = await process.emit(events.slice(at, at + 50));
    created += outcomes.filter(({ status }) => status === 'CREATED').length;
  }
  const { events: stored } = await readLog(process.database, { after: 0 as Position, head: process.tail.head(), limit: 1000 });
  await expect.poll(() => process.passed.length).toBe(created);
  expect(created).toBeGreaterThan(500);
  for (const [index, event] of stored.entries()) expect(process.passed[index]).toStrictEqual(event);
});

test('with concurrent writers, and batches that leave positions free, every event passes once, in order', async () => {
  await using testDatabase = await newDatabase();
  await using one = await startProcess(testDatabase.environment);
  // Acts as another process. The embedded database allows one connection, so they share it.
  await using other = await startProcess(testDatabase.environment, { opened: one.database });
  using _following = await one.tail.follow();
  using _otherFollowing = await other.tail.follow();
  const emitting = [one, other].map(async (process, side) => {
    for (let n = 0; n < 40; n += 1) {
      const ids = Array.from({ length: 1 + ((n * 7) % 5) }, (_, index) => `${side}-${n}-${index}`);
      // A repeated id takes a position that stays free, and so does a shared id on the second side.
      await process.emit([...ids, ids[0], `both-${n}`].map((id) => ({ id, event: 'a', resource: { id: 'r' } })));
    }
  });
  await Promise.all(emitting);
  const { events } = await readLog(one.database, { after: 0 as Position, head: 1_000_000 as Position, limit: 1000 });
  const stored = events.map(({ id }) => id);
  expect(stored).toHaveLength(2 * (40 * 3) + 40);
  for (const process of [one, other]) {
    await expect.poll(() => process.passed.length).toBe(stored.length);
    expect(process.passed.map(({ id }) => id)).toEqual(stored);
  }
});
