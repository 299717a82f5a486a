import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import { expect } from 'vitest';
import { startPostgres, type PostgresServer } from './postgres-server.ts';
import { connectAsProgram } from './program-client.ts';

/** A primary and a standby that follows it asynchronously. */
export interface PostgresCluster extends AsyncDisposable {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  /** Waits until the standby has replayed what the primary has flushed. */
  catchUp(): Promise<void>;
  /** Ends the replication: what the primary stores from now on is lost by a failover. */
  disconnect(): Promise<void>;
  /** Promotes the standby, and waits until it is a primary. */
  promote(): Promise<void>;
}

/** Starts both; the standby is a cold copy of the primary's files. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const starting = new AsyncDisposableStack();
  const primary = starting.use(await startPostgres());
  await primary.stop('fast');
  const standby = starting.use(
    await startPostgres({ standbyOf: { data: primary.data, connection: `host=127.0.0.1 port=${primary.port} user=tidings` } }),
  );
  await primary.restart();
  return {
    primary,
    standby,
    async catchUp() {
      const { lsn } = await query(primary, 'select pg_current_wal_flush_lsn() as lsn');
      const replayed = async (): Promise<boolean> => (await query(standby, `select pg_last_wal_replay_lsn() >= '${lsn}' as done`)).done;
      await expect.poll(replayed, { timeout: 10_000, interval: 20 }).toBe(true);
    },
    async disconnect() {
      await query(standby, `alter system set primary_conninfo = ''`);
      await query(standby, 'select pg_reload_conf()');
      const receivers = async (): Promise<string> => (await query(primary, 'select count(*) from pg_stat_replication')).count;
      await expect.poll(receivers, { timeout: 10_000, interval: 20 }).toBe('0');
    },
    promote: async () => void (await query(standby, 'select pg_promote()')),
    [Symbol.asyncDispose]: () => starting[Symbol.asyncDispose](),
  };
}

/** Runs a statement and returns its first row. */
export async function query(server: PostgresServer, statement: string, database = 'postgres'): Promise<any> {
  const client = connectAsProgram(server.url(database));
  try {
    return (await client.unsafe(statement))[0];
  } finally {
    await client.end();
  }
}
