import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TidingsError } from '../../../src/errors.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent, EventCandidate } from '../../../src/event/event.ts';
import type { Outcome } from '../../../src/ingest/emitter.ts';
import type { GroupCommitBounds } from '../../../src/ingest/group-commit.ts';
import type { Database } from '../../../src/store/database/database.ts';
import type { ConflictPolicy, DraftRow } from '../../../src/store/log/append.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { startProcess, type Process } from '../../support/emitting.ts';
import { newDatabase } from '../../support/test-server.ts';
import { testSeed } from '../../support/oracles/test-seed.ts';

const seed = testSeed();
const smallLimits: GroupCommitBounds = {
  parallelCommits: 1,
  batchSize: { events: 8, bytes: 1 << 20 },
  queued: { events: 10, bytes: 1 << 20 },
};

let testDatabase: Awaited<ReturnType<typeof newDatabase>>;
let sharedProcess: Process;
beforeAll(async () => {
  testDatabase = await newDatabase();
  sharedProcess = await startProcess(testDatabase.environment);
});
afterAll(async () => {
  await sharedProcess[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});
const row = (id: string, occurred: string): DraftRow =>
  JSON.stringify({ id, occurred, event: 'a', resource_id: 'r', resource_labels: {}, related: [] }) as DraftRow;
const withBounds = (bounds: GroupCommitBounds): Promise<Process> =>
  startProcess(testDatabase.environment, { opened: sharedProcess.database, bounds });

const event = (id: string, content = 'a'): EventCandidate => ({
  id,
  event: content,
  resource: { id: 'r' },
  occurred: '2026-01-01T00:00:00Z',
});
const named = (prefix: string, count: number): EventCandidate[] => Array.from({ length: count }, (_, n) => event(`${prefix}-${n}`));
const statuses = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((outcome) => (outcome.status === 'REJECTED' ? (outcome.problems[0]?.code ?? '') : outcome.status));
const log = async (prefix: string): Promise<readonly StoredEvent[]> => {
  const { events } = await readLog(sharedProcess.database, { after: 0 as Position, head: 1_000_000 as Position, limit: 10_000 });
  return events.filter(({ id }) => id.startsWith(prefix));
};

test('concurrent requests are stored together, and each gets its own result', async () => {
  const before = sharedProcess.statements();
  const emissions = await Promise.all(named('e', 200).map((each) => sharedProcess.emit([each])));
  // At most two statements a batch: storing, and reading the head.
  expect(sharedProcess.statements() - before).toBeLessThanOrEqual(20);
  for (const [n, { outcomes, head }] of emissions.entries()) {
    const [outcome] = outcomes;
    expect(outcome).toMatchObject({ status: 'CREATED', event: { id: `e-${n}` } });
    expect(head).toBeGreaterThanOrEqual((outcome as { event: { position: number } }).event.position);
  }
});

test('the events of a request are in order and adjacent in the log', async () => {
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((prefix) => sharedProcess.emit(named(`order-${prefix}`, 40), 'REJECT_ALL')));
  const ids = (await log('order-')).map(({ id }) => id);
  for (const prefix of ['a', 'b', 'c', 'd', 'e']) {
    const from = ids.indexOf(`order-${prefix}-0`);
    expect(ids.slice(from, from + 40)).toEqual(named(`order-${prefix}`, 40).map(({ id }) => id));
  }
});

describe('in a shared batch', () => {
  test('a conflict rejects its own request, and requests that depended on its rows are evaluated again', async () => {
    await sharedProcess.emit([event('c-taken')]);
    const [bad, duplicate, other, good] = await Promise.all([
      sharedProcess.emit([event('c-x'), event('c-taken', 'other')], 'REJECT_ALL'),
      sharedProcess.emit([event('c-x'), event('c-y')], 'REJECT_ALL'), // would be a duplicate of a row that is not stored
      sharedProcess.emit([event('c-x', 'b'), event('c-z')], 'REJECT_ALL'), // conflicts with that row, and then with the second request's
      sharedProcess.emit(named('c-good', 3), 'REJECT_ALL'),
    ]);
    expect(statuses(bad.outcomes)).toEqual(['BATCH_REJECTED', 'ID_CONFLICT']);
    expect(statuses(duplicate.outcomes)).toEqual(['CREATED', 'CREATED']);
    expect(statuses(other.outcomes)).toEqual(['ID_CONFLICT', 'BATCH_REJECTED']);
    expect(statuses(good.outcomes)).toEqual(['CREATED', 'CREATED', 'CREATED']);
    expect((await log('c-')).map(({ id }) => id).toSorted()).toEqual(['c-good-0', 'c-good-1', 'c-good-2', 'c-taken', 'c-x', 'c-y']);
  });

  test('a row that the database rejects fails only its own request', async () => {
    const settled = await Promise.allSettled(
      ['2026-01-01', 'no time', '2026-01-02'].map((occurred, n) =>
        sharedProcess.groupCommit.store([row(`s-${n}`, occurred)], 'REJECT_ALL'),
      ),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await log('s-')).map(({ id }) => id)).toEqual(['s-0', 's-2']);
  });

  test('an id that occurs several times is created once', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => sharedProcess.emit([event('same'), event('too')])));
    const reported = all.flatMap(({ outcomes }) => statuses(outcomes));
    expect([reported.filter((each) => each === 'CREATED').length, reported.filter((each) => each === 'DUPLICATE').length]).toEqual([2, 58]);
  });
});

test('random requests with few ids get the results that they would get alone', async () => {
  const bounds = { parallelCommits: 3, batchSize: { events: 12, bytes: 1 << 20 }, queued: { events: 10_000, bytes: 1 << 30 } };
  await using bounded = await withBounds(bounds);
  const anyRequest = fc.record({
    events: fc.array(fc.tuple(fc.nat(60), fc.constantFrom('a', 'a', 'a', 'b')), { minLength: 1, maxLength: 6 }),
    policy: fc.constantFrom<ConflictPolicy>('REJECT_ALL', 'SKIP_REJECTED'),
  });
  const requests = fc.sample(anyRequest, { seed, numRuns: 250 });
  const answered = await Promise.all(
    requests.map(async ({ events, policy }) => {
      const candidates = events.map(([id, content]) => event(`random-${id}`, content));
      return { candidates, policy, outcomes: (await bounded.emit(candidates, policy)).outcomes };
    }),
  );
  const stored = new Map((await log('random-')).map((each) => [each.id, each]));
  const created: string[] = [];
  for (const { candidates, policy, outcomes } of answered) {
    const reported = statuses(outcomes);
    const positions = outcomes.flatMap((outcome) => (outcome.status === 'CREATED' ? [outcome.event.position] : []));
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    if (policy === 'REJECT_ALL' && reported.includes('ID_CONFLICT')) expect(reported).not.toContain('CREATED');
    if (!reported.includes('ID_CONFLICT')) expect(reported).not.toContain('BATCH_REJECTED');
    for (const [n, status] of reported.entries()) {
      const { id, event: content } = candidates[n] as { id: string; event: string };
      const copies = candidates.filter((each) => each.id === id && each.event !== content);
      if (status === 'CREATED') created.push(id);
      if (status === 'CREATED' || status === 'DUPLICATE') expect(stored.get(id)?.event).toBe(content);
      if (status === 'ID_CONFLICT' && copies.length === 0) expect(stored.get(id)?.event).not.toBe(content);
    }
  }
  expect(created.toSorted()).toEqual([...stored.keys()].toSorted());
});

test('requests that arrive beside a running commit are stored together after it, with one statement each time', async () => {
  const before = sharedProcess.statements();
  const emissions = [sharedProcess.emit([event('beside-first')])];
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve))); // the first commit runs
  for (const each of named('beside', 20)) emissions.push(sharedProcess.emit([each]));
  await Promise.all(emissions);
  // On a busy machine, those that came first can wait too long for it, and be stored beside it.
  expect(sharedProcess.statements() - before).toBeLessThanOrEqual(4);
  expect(await log('beside-')).toHaveLength(21);
});

test('requests do not wait for a commit that takes long', async () => {
  const { opened, isHeld, release } = holdFirstCommit();
  const bounds = { parallelCommits: 2, batchSize: { events: 1000, bytes: 1 << 20 }, queued: { events: 1000, bytes: 1 << 20 } };
  await using slowed = await startProcess(testDatabase.environment, { opened, bounds });
  const held = slowed.emit([event('held')]);
  await isHeld;
  expect((await slowed.emit([event('not held')])).outcomes[0]?.status).toBe('CREATED');
  release();
  expect((await held).outcomes[0]?.status).toBe('CREATED');
});

/** The database of the tests, in which the first commit ends when it is released. */
function holdFirstCommit(): { readonly opened: Database; readonly isHeld: Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let hold: (() => void) | null = null;
  const isHeld = new Promise<void>((resolve) => (hold = resolve));
  const opened: Database = {
    ...sharedProcess.database,
    async rows(statement, planned) {
      const rows = await sharedProcess.database.rows<any>(statement, planned);
      if (hold === null || !JSON.stringify(rows).includes('"differing"')) return rows;
      hold();
      hold = null;
      await released;
      return rows;
    },
  };
  return { opened, isHeld, release };
}

test('a request that lost its permission while it waited is rejected, and stores nothing', async () => {
  const notAllowed = (): never => {
    throw new TidingsError('UNAUTHENTICATED', 'ended');
  };
  const settled = await Promise.allSettled([
    sharedProcess.groupCommit.store([row('turn-1', '2026-01-01')], 'REJECT_ALL'),
    sharedProcess.groupCommit.store([row('turn-2', '2026-01-01')], 'REJECT_ALL', notAllowed),
    sharedProcess.groupCommit.store([row('turn-3', '2026-01-01')], 'REJECT_ALL'),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await log('turn-')).map(({ id }) => id)).toEqual(['turn-1', 'turn-3']);
});

test('a full queue rejects requests at once with retryAfterMs, stores nothing of them, and accepts later ones', async () => {
  const { opened, isHeld, release } = holdFirstCommit();
  await using bounded = await startProcess(testDatabase.environment, { opened, bounds: smallLimits });
  const first = bounded.emit([event('running')]);
  await isHeld; // until the queue is full: what is validated in several turns is queued in several
  const emitOrError = (each: EventCandidate): Promise<unknown> =>
    bounded.emit([each]).catch((error: unknown) => {
      queued.push(bounded.groupCommit.queued);
      throw error;
    });
  const queued: (typeof bounded.groupCommit.queued)[] = [];
  const emissions = Promise.allSettled(named('full', 50).map(emitOrError));
  await expect.poll(() => queued.length, { timeout: 30_000 }).toBe(40);
  release();
  await first;
  const settled = await emissions;
  expect(queued[0]).toEqual({ events: 10, bytes: expect.toSatisfy((bytes: number) => bytes > 500) });
  expect(bounded.groupCommit.queued).toEqual({ events: 0, bytes: 0 });
  const rejected = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(rejected).toHaveLength(40);
  expect(rejected[0]).toMatchObject({ code: 'UNAVAILABLE', extensions: { retryAfterMs: expect.any(Number) } });
  expect((await log('full-')).map(({ id }) => id)).toEqual(named('full', 10).map(({ id }) => id));
  // A request above the limit is accepted when the queue is empty.
  expect((await bounded.emit(named('large', 30))).outcomes).toHaveLength(30);
  expect((await bounded.emit([event('later')])).outcomes[0]?.status).toBe('CREATED');
});

test('batches run one at a time while the indexer is far behind, and in parallel otherwise', async () => {
  let active = 0;
  let maxActive = 0;
  const opened: Database = {
    ...sharedProcess.database,
    async rows(statement, planned) {
      if (planned !== 'prepared') return sharedProcess.database.rows(statement, planned);
      maxActive = Math.max(maxActive, (active += 1));
      if (active === 3) reach();
      if (!indexer.isFarBehind) await isReached; // the first ones are not done before the third one begins
      return sharedProcess.database.rows<any>(statement, planned).finally(() => (active -= 1));
    },
  };
  const indexer = { isFarBehind: true };
  let reach = (): void => undefined;
  const isReached = new Promise<void>((resolve) => (reach = resolve));
  const bounds = { parallelCommits: 3, batchSize: { events: 8, bytes: 1 << 20 }, queued: { events: 1000, bytes: 1 << 20 } };
  await using slowed = await startProcess(testDatabase.environment, { opened, bounds, indexer });
  for (const isFarBehind of [true, false]) {
    indexer.isFarBehind = isFarBehind;
    maxActive = 0;
    await Promise.all(named(`behind-${isFarBehind}`, 60).map((each) => slowed.emit([each])));
    expect(maxActive).toBe(isFarBehind ? 1 : 3);
  }
  expect(await log('behind-')).toHaveLength(120);
});

test('the queue is bounded in bytes too', async () => {
  const { opened, isHeld, release } = holdFirstCommit();
  const bounds = { ...smallLimits, queued: { events: 1000, bytes: 25_000 } };
  await using bounded = await startProcess(testDatabase.environment, { opened, bounds });
  const first = bounded.emit([event('running too')]);
  await isHeld;
  const large = (id: string): EventCandidate => ({ ...event(id), payload: { text: 'x'.repeat(10_000) } });
  let rejected = 0;
  const emissions = Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => bounded.emit([large(id)]).finally(() => (rejected += 1))));
  await expect.poll(() => rejected, { timeout: 30_000 }).toBe(2); // none is stored before the first commit has ended
  release();
  await first;
  const settled = await emissions;
  // Slices of validation can change their order.
  expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
});
