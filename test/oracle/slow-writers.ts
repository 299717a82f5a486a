import postgres from 'postgres';

/**
 * Makes some transactions of a Postgres server slow: about every hundredth event keeps its
 * transaction open for 0.2 s, so that transactions with later positions commit first.
 *
 * Why: on a busy machine this occurs by itself. On an idle one, a reader that does not wait for
 * undecided transactions would hardly ever be detected.
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
