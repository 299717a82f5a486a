-- An append also returns whether the log is final up to its events once they are committed. That saves
-- reading the head, which takes a round trip and a copy of the lock table of the server. Argument:
-- src/store/log/log-head.ts.

-- Whether the caller, a writer that has its positions, is the only one whose transaction has not ended.
-- Writers share the starting lock, so only the last of them gets it exclusively. It waits for no lock,
-- and keeps none: the failed block releases it, before another writer can wait for long.
create function tidings.is_only_writer() returns boolean language plpgsql volatile as $$
begin
  if pg_try_advisory_xact_lock(tidings.starting_lock()) then
    raise exception using errcode = 'TD005', message = 'released with the lock of this block';
  end if;
  return false;
exception when sqlstate 'TD005' then
  return true;
end
$$;
--> statement-breakpoint

-- `decided` is null if the batch has a duplicate: its caller reads the head.
do $$
declare
  original text := pg_get_functiondef('tidings.append_events(jsonb, boolean)'::regprocedure);
  changed text := original;
  change text[];
begin
  foreach change slice 1 in array array[
    ['differing text[])', 'differing text[], decided boolean)'],
    [E'\ndeclare\n', E'\ndeclare\n  is_decided boolean;\n'],
    [
      $sql$return query select p, true, arrived, '{}'::text[] from$sql$,
      $sql$is_decided := tidings.is_only_writer();
    return query select p, true, arrived, '{}'::text[], is_decided from$sql$
    ]
  ] loop
    if position(change[1] in changed) = 0 then
      raise exception 'tidings.append_events has no "%"', change[1];
    end if;
    changed := replace(changed, change[1], change[2]);
  end loop;
  drop function tidings.append_events(jsonb, boolean);
  execute changed;
end
$$;
--> statement-breakpoint

-- As before, but a session is a writer only if it has the starting lock. One that has only a lock named after a position is
-- another program, or a writer whose transaction has ended.
create or replace function tidings.undecided_after() returns bigint language plpgsql volatile as $$
declare
  given_up constant timestamptz := clock_timestamp() + interval '5 seconds';
  starting constant bigint := (1::bigint << 48) - 1;
  undecided bigint;
  has_starting boolean;
begin
  loop
    select min(lowest), coalesce(bool_or(lowest = starting and is_granted), false)
    into undecided, has_starting
    from (
      select min(key & starting) as lowest, bool_and(granted) as is_granted
      from (
        select pid, granted, (classid::bigint << 32) | objid::bigint as key
        from pg_locks
        where locktype = 'advisory'
          and objsubid = 1
          and classid::bigint >> 16 = 29801
          and database = (select oid from pg_database where datname = current_database())
      ) as lock
      group by pid
      having bool_or(key & starting = starting)
    ) as writer;
    if not has_starting then
      return undecided;
    end if;
    if clock_timestamp() > given_up then
      raise exception 'a writer has not taken its lock for 5 seconds' using errcode = 'TD004';
    end if;
    perform pg_sleep(0.0002);
  end loop;
end
$$;
