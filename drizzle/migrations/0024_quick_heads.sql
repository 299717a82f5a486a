-- The head of the log takes half the time if no writer is active: whether one is takes a try of the lock that
-- all writers share instead of a copy of the lock table of the server. Argument: src/store/log/log-head.ts.

-- As before, but only the shared mode makes a session a writer: readers have the lock exclusively for a moment.
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
          and mode = 'ShareLock'
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
--> statement-breakpoint

create or replace function tidings.log_head() returns bigint language plpgsql volatile as $$
declare
  allocated bigint;
  undecided bigint;
  head bigint;
begin
  perform tidings.check_program();
  if pg_is_in_recovery() then
    raise exception 'the head of the log can be read only on the primary' using errcode = 'read_only_sql_transaction';
  end if;
  allocated := coalesce(pg_sequence_last_value('tidings.event_position'), 0);
  if not tidings.is_only_writer() then
    undecided := tidings.undecided_after();
  end if;

  select position into head
  from tidings.events
  where position <= least(allocated, undecided)
  order by position desc
  limit 1;

  if head is null then
    select log_start into head from tidings.retention;
  end if;
  return head;
end
$$;
