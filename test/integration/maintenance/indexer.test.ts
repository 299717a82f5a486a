import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { sql } from 'drizzle-orm';
import pino from 'pino';
import { expect, test } from 'vitest';
import type { StoredEvent } from '../../../src/event/event.ts';
import { startIndexer, type Indexer } from '../../../src/maintenance/indexer.ts';
import { startTail } from '../../../src/log/tail.ts';
import { startNotifications } from '../../../src/log/notifications.ts';
import { createMetrics } from '../../../src/metrics.ts';
import { appendEvents } from '../../../src/store/log/append.ts';
import type { Database } from '../../../src/store/database/database.ts';
import { createHeadReader, readHead } from '../../../src/store/log/log-head.ts';
import { readLog } from '../../../src/store/log/read-log.ts';
import { sampleEvents } from '../../bench/load/sample.ts';
import { draftOf } from '../../unit/support/valid-event.ts';
import { rowGroupsOf } from '../../support/skip-index.ts';
import { logOf } from '../../support/oracles/random-log.ts';

/** Starts an indexer, as a process of its own would. */
async function startOne(database: Database, fullSpeedLagEvents: number): Promise<Indexer & { unindexed(): Promise<number | undefined> }> {
  const stack = new AsyncDisposableStack();
  const logger = pino({ level: 'silent' });
  const metrics = createMetrics();
  const heads = createHeadReader(database);
  const notifications = stack.use(await startNotifications(database, logger));
  const tail = stack.use(startTail({ database, heads, notifications, metrics, logger }));
  const indexer = stack.use(startIndexer({ database, heads, notifications, tail, metrics, logger }, fullSpeedLagEvents));
  return {
    get isFarBehind() {
      return indexer.isFarBehind;
    },
    unindexed: async () => (await metrics.indexLagEvents.get()).values[0]?.value,
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

/** The stored block summaries and the Bloom filters of their row groups, as text. */
async function storedSummaries(database: Database): Promise<readonly string[]> {
  const rows = await database.rows<Record<string, string>>(sql`
    select d.chapter as group_end, d.first, d.last, d.part as cluster,
      encode(d.signature, 'hex') as bloom, encode(c.signature, 'hex') as group_bloom
    from tidings.digests d join tidings.digest_chapters c on c.last = d.chapter
    order by d.last, d.part`);
  return rows.map((row) => [row.group_end, row.first, row.last, row.cluster, row.bloom, row.group_bloom].join());
}

/**
 * The expected rows for these events, built in memory: complete row groups of 16 blocks of 64
 * events.
 */
function expectedSummaries(events: readonly StoredEvent[]): readonly string[] {
  const whole = events.slice(0, events.length - (events.length % 1024));
  return Array.from(rowGroupsOf(whole, { block: 64, rowGroup: 1024 })).flatMap(({ summaries, bloom: groupBloom }, n) =>
    summaries.map(({ first, last, cluster, bloom }) =>
      [whole[n * 1024 + 1023]!.position, first, last, cluster, hex(bloom), hex(groupBloom)].join(),
    ),
  );
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test.each([
  { behind: 'a little', processes: 1, fullSpeedLagEvents: 100_000 },
  { behind: 'far', processes: 1, fullSpeedLagEvents: 512 },
  { behind: 'some way', processes: 2, fullSpeedLagEvents: 4000 },
])(
  'every row group is indexed once, by $processes indexers, $behind behind, while events arrive',
  async ({ processes, fullSpeedLagEvents }) => {
    const events = sampleEvents(4 * 1024 + 300, 'x').map((event, n) => ({ ...event, id: `e${n}` }));
    await using log = await logOf(events.slice(0, 2500));
    const { database } = log;
    await using stack = new AsyncDisposableStack();
    const indexer = stack.use(await startOne(database, fullSpeedLagEvents));
    for (let started = 1; started < processes; started += 1) stack.use(await startOne(database, fullSpeedLagEvents));
    let wasFarBehind = false;
    for (let at = 2500; at < events.length; at += 100) {
      await appendEvents(database, events.slice(at, at + 100).map(draftOf), 'REJECT_ALL');
      wasFarBehind ||= indexer.isFarBehind;
    }
    const head = await readHead(database);
    const { events: all } = await readLog(database, { after: 0 as typeof head, head, limit: events.length + 1 });
    expect(all).toHaveLength(events.length);
    const wanted = expectedSummaries(all);
    await expect.poll(() => storedSummaries(database), { timeout: 30_000, interval: 200 }).toHaveLength(wanted.length);
    expect(await storedSummaries(database)).toEqual(wanted);
    if (processes === 1) expect(wasFarBehind).toBe(fullSpeedLagEvents === 512);
    expect(indexer.isFarBehind).toBe(false);
    await expect.poll(() => indexer.unindexed(), { timeout: 5000 }).toBe(head - all[4 * 1024 - 1]!.position);
  },
  60_000,
);
