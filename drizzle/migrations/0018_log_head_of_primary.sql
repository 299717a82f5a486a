-- Raises on a standby, where the locks of writers are missing and the head would lie beyond events
-- that are not committed yet. Otherwise as before.
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
  undecided := tidings.undecided_after();

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
