import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import type { Logger } from 'pino';
import { TidingsError } from '../errors.ts';
import { origin, type Epoch, type LogCursor, type Position } from '../event/cursor.ts';
import type { Database } from './database/database.ts';
import { identityStatement, type IdentityRow } from './database/server-identity.ts';
import { readOpeningHead } from './log/opening-head.ts';

/**
 * The epochs of the log, the latest last.
 *
 * A new epoch begins when the database server is another one than the server of the last epoch: a
 * restored dump, a promoted standby, or a copy. Such a server may have lost the end of the log, and
 * allocates its positions again. Cursors of an earlier epoch stay valid up to the position at which
 * the next epoch began.
 *
 * Assumes: every process opens the history of a server before it appends there, and then uses only
 * connections to that server (database/server-identity.ts).
 *
 * Guarantees: all processes of a server have the same history, with one new epoch for each change.
 * The new epoch begins before the first event that the server stores.
 *
 * Does not guarantee: to detect a server that continues on the timeline of its copy, unless a
 * running process misses events (log/log-head.ts).
 */
export interface EpochHistory {
  readonly epoch: Epoch;
  /** The identity of the server, for further connections to it. */
  readonly server: string;
  /** The head when the history was opened: no head is before it. */
  readonly openedAt: Position;
  /** Throws CURSOR_EXPIRED unless the cursor belongs to this log and is at or before its head. */
  check(cursor: LogCursor, head: Position, path: readonly string[]): void;
  /**
   * The position from which to resume after any cursor. A cursor beyond the end of its epoch
   * resumes from that end, since both logs are equal before it. A cursor of an unknown epoch
   * resumes from the origin.
   */
  resumeFrom(cursor: LogCursor, head: Position): ResumePoint;
}

/** A position in this log; `replaced`: the cursor pointed to a position of another log. */
export interface ResumePoint {
  readonly position: Position;
  readonly replaced: boolean;
}

/** What distinguishes a log from the one that was open before. */
export interface LogIdentity {
  /** Distinguishes the files of an embedded database from a copy of them; empty on Postgres. */
  readonly data: string;
  /** An epoch whose end was lost on the same server: it is over. */
  readonly lostEpoch?: Epoch | undefined;
}

/**
 * Reads the epochs and the head; on a new log or another server, begins an epoch. Assumes that one
 * process calls it at a time, see migrate.
 */
export async function openEpochHistory(
  database: Database,
  { data, lostEpoch }: LogIdentity,
  logger: Pick<Logger, 'warn'>,
): Promise<EpochHistory> {
  const [row] = await database.rows<IdentityRow>(sql.raw(identityStatement));
  const server = row?.identity ?? '';
  const currentIdentity = [server, data].filter((each) => each !== '').join('/');
  const known = await readEpochs(database);
  const head = await readOpeningHead(database, logger);
  const last = known.at(-1);
  if (last?.database === currentIdentity && last.epoch !== lostEpoch) return epochHistory(known, { server, openedAt: head });
  // Later than the last one, although the clock of this server may be behind.
  await database.rows(sql`
    insert into tidings.log_epochs (epoch, starts_after, database, since)
    select ${randomBytes(6).toString('hex')}, ${head}, ${currentIdentity},
      greatest(clock_timestamp(), (select max(since) from tidings.log_epochs) + interval '1 microsecond')`);
  return epochHistory(await readEpochs(database), { server, openedAt: head });
}

interface EpochRow {
  readonly epoch: Epoch;
  readonly starts_after: string;
  readonly database: string;
}

function epochHistory(epochs: readonly EpochRow[], opened: Pick<EpochHistory, 'server' | 'openedAt'>): EpochHistory {
  const current = epochs.at(-1);
  if (current === undefined) throw new Error('the log has no epoch');
  const resumeFrom = ({ epoch, position }: LogCursor, head: Position): ResumePoint => {
    const index = epochs.findIndex((each) => each.epoch === epoch);
    if (index < 0) return { position: origin, replaced: true };
    const next = epochs[index + 1];
    const end = next === undefined ? head : (Number(next.starts_after) as Position);
    return position <= end ? { position, replaced: false } : { position: end, replaced: true };
  };
  return {
    ...opened,
    epoch: current.epoch,
    resumeFrom,
    check(cursor, head, path) {
      if (!resumeFrom(cursor, head).replaced) return;
      throw new TidingsError('CURSOR_EXPIRED', `${path.join('.')}: the cursor belongs to another log; start again without it`, {
        path,
      });
    },
  };
}

async function readEpochs(database: Database): Promise<readonly EpochRow[]> {
  return database.rows<EpochRow>(sql`select epoch, starts_after, database from tidings.log_epochs order by since, starts_after`);
}
