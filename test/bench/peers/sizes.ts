import postgres from 'postgres';

/** Prints bytes on disk per event of Tidings and of the plain table, and of the latter's parts. */
export async function printSizes(url: string): Promise<void> {
  const sql = postgres(url, { max: 1 });
  try {
    const [row] = await sql`
      select (select count(*) from peer.events) as events,
        (select sum(pg_total_relation_size(c.oid)) from pg_class c where c.relnamespace = 'tidings'::regnamespace and c.relkind = 'r') as tidings,
        pg_total_relation_size('peer.events') as plain,
        (select coalesce(sum(pg_relation_size(c.oid)), 0) from pg_class c
          where c.relnamespace = 'peer'::regnamespace and c.relname like '%trigrams') as trigrams`;
    const per = (bytes: unknown): string => (Number(bytes) / Number(row?.['events'])).toFixed(0);
    const { tidings, plain, trigrams } = row as Record<string, string>;
    console.log(
      `Bytes an event: Tidings ${per(tidings)}, plain table ${per(plain)}, of which trigrams ${per(trigrams)};`,
      `ratio ${(Number(tidings) / Number(plain)).toFixed(2)}`,
    );
  } finally {
    await sql.end();
  }
}
