-- Reading the locks of writers takes most of the time of a head: pg_locks copies the lock table of the server. Writers share
-- the starting lock from before they allocate positions until their transaction ends. So a head that gets this lock
-- exclusively knows at once that no writer is undecided. It waits for none: if there is a writer, it reads the locks as
-- before. A writer that starts meanwhile waits for the end of this statement. Argument: src/store/log/log-head.ts.
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
  select last_value into allocated from tidings.event_position;
  if not pg_try_advisory_xact_lock(tidings.starting_lock()) then
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
--> statement-breakpoint

-- Reads shared locks only: an exclusive one is that of a head, or of another program, and no writer.
do $$
declare
  original text := pg_get_functiondef('tidings.undecided_after()'::regprocedure);
  changed text := replace(original, 'and objsubid = 1', E'and objsubid = 1\n        and mode = ''ShareLock''');
begin
  if changed = original then
    raise exception 'tidings.undecided_after does not read the locks';
  end if;
  execute changed;
end
$$;
