-- `received` is the time after the writer has its lock. Before, tidings.append_events took the time
-- first and could then wait: for retention, or for the lock. So an event could still come that was
-- received earlier than every lock that a reader saw.
do $$
declare
  original text := pg_get_functiondef('tidings.append_events(jsonb, boolean)'::regprocedure);
  changed text := original;
  change text[];
begin
  foreach change slice 1 in array array[
    ['arrived timestamptz := clock_timestamp();', 'arrived timestamptz;'],
    [
      'perform pg_advisory_xact_lock_shared(tidings.writer_lock(low));',
      E'perform pg_advisory_xact_lock_shared(tidings.writer_lock(low));\n  arrived := clock_timestamp();'
    ]
  ] loop
    if position(change[1] in changed) = 0 then
      raise exception 'tidings.append_events has no "%"', change[1];
    end if;
    changed := replace(changed, change[1], change[2]);
  end loop;
  execute changed;
end
$$;
