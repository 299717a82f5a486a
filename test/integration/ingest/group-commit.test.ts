import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TidingsError } from '../../../src/errors.ts';
import type { Position } from '../../../src/event/cursor.ts';
import type { StoredEvent, EventCandidate } from '../../../src/event/event.ts';
import type { Outcome } from '../../../src/ingest/emitter.ts';
import type { SharedBatchBounds } from '../../../src/ingest/group-commit.ts';
import type { ConflictPolicy, DraftRow } from '../../../src/store/log/append.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { startProcess, type Process } from '../../support/emitting.ts';
import { newDatabase } from '../../support/test-server.ts';

const seed = Number(process.env['TIDINGS_BATCHES_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const little: SharedBatchBounds = { lanes: 1, batch: { events: 8, bytes: 1 << 20 }, waiting: { events: 10, bytes: 1 << 20 } };

let home: Awaited<ReturnType<typeof newDatabase>>;
let own: Process;
beforeAll(async () => {
  home = await newDatabase();
  own = await startProcess(home.environment);
});
afterAll(async () => {
  await own[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
});
const row = (id: string, occurred: string): DraftRow =>
  JSON.stringify({ id, occurred, event: 'a', resource_id: 'r', resource_labels: {}, related: [] }) as DraftRow;
const withBounds = (bounds: SharedBatchBounds): Promise<Process> => startProcess(home.environment, { opened: own.database, bounds });

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
  const { events } = await readLog(own.database, { after: 0 as Position, head: 1_000_000 as Position, limit: 10_000 });
  return events.filter(({ id }) => id.startsWith(prefix));
};

test('requests that come at once go to the database together, and each gets its own answer', async () => {
  const before = own.statements();
  const emissions = await Promise.all(named('e', 200).map((each) => own.emit([each])));
  // Two for a batch: storing, and reading the head.
  expect(own.statements() - before).toBeLessThanOrEqual(20);
  for (const [n, { outcomes, head }] of emissions.entries()) {
    const [outcome] = outcomes;
    expect(outcome).toMatchObject({ status: 'CREATED', event: { id: `e-${n}` } });
    expect(head).toBeGreaterThanOrEqual((outcome as { event: { position: number } }).event.position);
  }
});

test('the order inside a request is the order of the log, with nobody else in between', async () => {
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((prefix) => own.emit(named(`order-${prefix}`, 40), 'REJECT_ALL')));
  const ids = (await log('order-')).map(({ id }) => id);
  for (const prefix of ['a', 'b', 'c', 'd', 'e']) {
    const from = ids.indexOf(`order-${prefix}-0`);
    expect(ids.slice(from, from + 40)).toEqual(named(`order-${prefix}`, 40).map(({ id }) => id));
  }
});

describe('in a shared batch', () => {
  test('a conflict refuses the request that has it, and what leaned on it counts anew', async () => {
    await own.emit([event('c-taken')]);
    const [bad, duplicate, other, good] = await Promise.all([
      own.emit([event('c-x'), event('c-taken', 'other')], 'REJECT_ALL'),
      own.emit([event('c-x'), event('c-y')], 'REJECT_ALL'), // would be a duplicate of a row that is not stored
      own.emit([event('c-x', 'b'), event('c-z')], 'REJECT_ALL'), // conflicts with that row, and then with the second request's
      own.emit(named('c-good', 3), 'REJECT_ALL'),
    ]);
    expect(statuses(bad.outcomes)).toEqual(['BATCH_REJECTED', 'ID_CONFLICT']);
    expect(statuses(duplicate.outcomes)).toEqual(['CREATED', 'CREATED']);
    expect(statuses(other.outcomes)).toEqual(['ID_CONFLICT', 'BATCH_REJECTED']);
    expect(statuses(good.outcomes)).toEqual(['CREATED', 'CREATED', 'CREATED']);
    expect((await log('c-')).map(({ id }) => id).toSorted()).toEqual(['c-good-0', 'c-good-1', 'c-good-2', 'c-taken', 'c-x', 'c-y']);
  });

  test('what the database cannot take fails its own request alone', async () => {
    const settled = await Promise.allSettled(
      ['2026-01-01', 'no time', '2026-01-02'].map((occurred, n) => own.batches.store([row(`s-${n}`, occurred)], 'REJECT_ALL')),
    );
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await log('s-')).map(({ id }) => id)).toEqual(['s-0', 's-2']);
  });

  test('an id that comes several times is created once', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => own.emit([event('same'), event('too')])));
    const told = all.flatMap(({ outcomes }) => statuses(outcomes));
    expect([told.filter((each) => each === 'CREATED').length, told.filter((each) => each === 'DUPLICATE').length]).toEqual([2, 58]);
  });
});

test('random requests that meet on few ids are answered as if each had come alone', async () => {
  const bounds = { lanes: 3, batch: { events: 12, bytes: 1 << 20 }, waiting: { events: 10_000, bytes: 1 << 30 } };
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
    const told = statuses(outcomes);
    const places = outcomes.flatMap((outcome) => (outcome.status === 'CREATED' ? [outcome.event.position] : []));
    expect(places, `seed ${seed}`).toEqual(places.toSorted((a, b) => a - b));
    if (policy === 'REJECT_ALL' && told.includes('ID_CONFLICT')) expect(told).not.toContain('CREATED');
    if (!told.includes('ID_CONFLICT')) expect(told).not.toContain('BATCH_REJECTED');
    for (const [n, status] of told.entries()) {
      const { id, event: content } = candidates[n] as { id: string; event: string };
      const copies = candidates.filter((each) => each.id === id && each.event !== content);
      if (status === 'CREATED') created.push(id);
      if (status === 'CREATED' || status === 'DUPLICATE') expect(stored.get(id)?.event, `seed ${seed}`).toBe(content);
      if (status === 'ID_CONFLICT' && copies.length === 0) expect(stored.get(id)?.event, `seed ${seed}`).not.toBe(content);
    }
  }
  expect(created.toSorted(), `seed ${seed}`).toEqual([...stored.keys()].toSorted());
});

test('who may not any more when its turn comes is refused, and leaves no trace', async () => {
  const mayNot = (): never => {
    throw new TidingsError('UNAUTHENTICATED', 'ended');
  };
  const settled = await Promise.allSettled([
    own.batches.store([row('turn-1', '2026-01-01')], 'REJECT_ALL'),
    own.batches.store([row('turn-2', '2026-01-01')], 'REJECT_ALL', mayNot),
    own.batches.store([row('turn-3', '2026-01-01')], 'REJECT_ALL'),
  ]);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await log('turn-')).map(({ id }) => id)).toEqual(['turn-1', 'turn-3']);
});

test('beyond what may wait callers are told at once to come again, nothing of theirs is stored, and later there is room', async () => {
  await using bounded = await withBounds(little);
  const emitOrTell = (each: EventCandidate): Promise<unknown> =>
    bounded.emit([each]).catch((error: unknown) => {
      waited.push(bounded.batches.waiting);
      throw error;
    });
  const waited: (typeof bounded.batches.waiting)[] = [];
  const settled = await Promise.allSettled(named('full', 50).map(emitOrTell));
  expect(waited[0]).toEqual({ events: 10, bytes: expect.toSatisfy((bytes: number) => bytes > 500) });
  expect(bounded.batches.waiting).toEqual({ events: 0, bytes: 0 });
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(refused).toHaveLength(40);
  expect(refused[0]).toMatchObject({ code: 'UNAVAILABLE', extensions: { retryAfterMs: expect.any(Number) } });
  expect((await log('full-')).map(({ id }) => id)).toEqual(named('full', 10).map(({ id }) => id));
  // One that is larger than all that may wait is taken when nothing does.
  expect((await bounded.emit(named('large', 30))).outcomes).toHaveLength(30);
  expect((await bounded.emit([event('later')])).outcomes[0]?.status).toBe('CREATED');
});

test('batches go one after the other while digests are far behind, and side by side again when they are not', async () => {
  let underWay = 0;
  let most = 0;
  const opened: Database = {
    ...own.database,
    async rows(statement, planned) {
      if (planned !== 'once') return own.database.rows(statement, planned);
      most = Math.max(most, (underWay += 1));
      return own.database.rows<any>(statement, planned).finally(() => (underWay -= 1));
    },
  };
  const digesting = { isFarBehind: true };
  const bounds = { lanes: 3, batch: { events: 8, bytes: 1 << 20 }, waiting: { events: 1000, bytes: 1 << 20 } };
  await using slowed = await startProcess(home.environment, { opened, bounds, digesting });
  for (const isFarBehind of [true, false]) {
    digesting.isFarBehind = isFarBehind;
    most = 0;
    await Promise.all(named(`behind-${isFarBehind}`, 60).map((each) => slowed.emit([each])));
    expect(most).toBe(isFarBehind ? 1 : 3);
  }
  expect(await log('behind-')).toHaveLength(120);
});

test('what waits is bounded in bytes too', async () => {
  await using bounded = await withBounds({ ...little, waiting: { events: 1000, bytes: 25_000 } });
  const large = (id: string): EventCandidate => ({ ...event(id), payload: { text: 'x'.repeat(10_000) } });
  const settled = await Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => bounded.emit([large(id)])));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
});
