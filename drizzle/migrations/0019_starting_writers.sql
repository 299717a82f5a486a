-- A writer that was between reading the sequence and taking its lock could move the head back: others
-- could store and acknowledge events meanwhile, which then vanished from later reads until it ended.
-- So a writer first takes a shared lock that all writers share, and a reader of the locks waits for
-- every writer that has this lock and no other yet. Argument: src/store/log/log-head.ts.
create function tidings.starting_lock() returns bigint language sql immutable parallel safe as $$
  select tidings.writer_lock((1::bigint << 48) - 1)
$$;
--> statement-breakpoint

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
      select min(((classid::bigint << 32) | objid::bigint) & starting) as lowest, bool_and(granted) as is_granted
      from pg_locks
      where locktype = 'advisory'
        and objsubid = 1
        and classid::bigint >> 16 = 29801
        and database = (select oid from pg_database where datname = current_database())
      group by pid
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
--> statement-breakpoint

do $$
declare
  original text := pg_get_functiondef('tidings.append_events(jsonb, boolean)'::regprocedure);
  changed text := replace(
    original,
    'select last_value into low from tidings.event_position;',
    E'perform pg_advisory_xact_lock_shared(tidings.starting_lock());\n  select last_value into low from tidings.event_position;'
  );
begin
  if changed = original then
    raise exception 'tidings.append_events does not read the sequence';
  end if;
  execute changed;
end
$$;
