import postgres from 'postgres';

/**
 * Makes some writers of a Postgres slow: about every hundredth event keeps its transaction open for a fifth of a second,
 * so that others, which took their places later, are done before. Where a machine or its disk is busy, that comes by
 * itself; without it, a reader that does not wait for undecided writers would hardly ever be found out.
 */
export async function slowSomeWriters(databaseUrl: string): Promise<void> {
  const client = postgres(databaseUrl, { max: 1, onnotice: () => undefined });
  try {
    await client.unsafe(`
      create function public.be_slow() returns trigger language plpgsql as $$
      begin
        perform pg_sleep(0.2);
        return null;
      end $$;
      create trigger be_slow after insert on tidings.events
        for each row when (hashtext(new.id) % 100 = 0) execute function public.be_slow()`);
  } finally {
    await client.end();
  }
}
