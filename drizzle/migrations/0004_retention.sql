-- Partitions of the log: made ahead, begun by a step of the sequence, removed when they are past retention. Promises and
-- argument: src/store/partitions.ts and src/store/removal.ts.
insert into tidings.retention (up_to, freed) values (0, 0);
--> statement-breakpoint

-- The first partition spanned 2^32 places. Nothing tells how many of them a log needs that has no event yet: less will do,
-- and the fewer are skipped later, the sooner a reader has passed them.
do $$
begin
  lock table tidings.events in access exclusive mode;
  if exists (select from tidings.events) then
    insert into tidings.partitions (first, until, opened)
    values (0, 4294967296, (select received from tidings.events order by position limit 1));
  else
    drop table tidings.events_0;
    create table tidings.events_0 partition of tidings.events for values from (0) to (16777216);
    insert into tidings.partitions (first, until, opened) values (0, 16777216, clock_timestamp());
  end if;
end
$$;
--> statement-breakpoint

-- The least place above which a writer may yet store events; null: every place that was given out is decided.
create function tidings.undecided_after() returns bigint language plpgsql volatile as $$
declare
  place bigint;
begin
  select min(((classid::bigint << 32) | objid::bigint) & ((1::bigint << 48) - 1)) into place
  from pg_locks
  where locktype = 'advisory'
    and objsubid = 1
    and classid::bigint >> 16 = 29801
    and database = (select oid from pg_database where datname = current_database());
  return place;
end
$$;
--> statement-breakpoint

-- As before; and where retention has left no event, the head is the last one that was removed, so that it never goes back.
create or replace function tidings.log_head() returns bigint language plpgsql volatile as $$
declare
  allocated bigint;
  undecided bigint;
  head bigint;
begin
  select last_value into allocated from tidings.event_position;
  undecided := tidings.undecided_after();

  select position into head
  from tidings.events
  where position <= least(allocated, undecided)
  order by position desc
  limit 1;

  if head is null then
    select up_to into head from tidings.retention;
  end if;
  return head;
end
$$;
--> statement-breakpoint

-- Lets the ids of removed events be used again by a batch. Its lock keeps events from being removed until the batch is
-- stored. So an id that is taken afterwards is that of an event which stays for as long, and one that is free stays free
-- of removed events. Rows are locked in key order, here and wherever ids are freed, and before any id is taken.
create function tidings.free_ids(batch jsonb) returns void language plpgsql volatile as $$
declare
  removed bigint;
begin
  lock table only tidings.events in row exclusive mode;
  select up_to into removed from tidings.retention where freed < up_to;
  if not found then
    return;
  end if;
  delete from tidings.event_ids where key in (
    select k.key
    from jsonb_array_elements(batch) as given (entry)
    join tidings.event_ids k on k.key = tidings.event_key(entry ->> 'id')
    where k.position <= removed
    order by k.key
    for update of k
  );
end
$$;
--> statement-breakpoint

-- Whatever tidings.append_events does, it begins with this.
do $$
declare
  original text := pg_get_functiondef('tidings.append_events(jsonb, boolean)'::regprocedure);
  changed text := regexp_replace(original, '\nbegin\n', E'\nbegin\n  perform tidings.free_ids(batch);\n');
begin
  if changed = original then
    raise exception 'tidings.append_events has no beginning to be found';
  end if;
  execute changed;
end
$$;
--> statement-breakpoint

-- What follows changes partitions: one process at a time, which waits for locks `wait` milliseconds at most. Whoever finds
-- another one at it, or waits for longer, gives up with lock_not_available. Each step finds out for itself whether it is
-- still to be done.
create function tidings.look_after_partitions(wait int) returns void language plpgsql volatile as $$
begin
  perform set_config('lock_timeout', wait::text, true);
  if not pg_try_advisory_xact_lock(x'0072656d6f76616c'::bigint) then
    raise exception using errcode = 'lock_not_available', message = 'another process looks after the partitions';
  end if;
end
$$;
--> statement-breakpoint

-- Makes a partition of `room` places at `place`, where the last one ends. Nobody who reads or writes waits for it.
create function tidings.add_partition(place bigint, room bigint, wait int) returns void language plpgsql volatile as $$
declare
  name text := format('events_%s', place);
begin
  perform tidings.look_after_partitions(wait);
  if place is distinct from (select max(until) from tidings.partitions) then
    return;
  end if;
  execute format('create table tidings.%I (like tidings.events including all)', name);
  execute format('alter table tidings.events attach partition tidings.%I for values from (%s) to (%s)', name, place, place + room);
  insert into tidings.partitions (first, until) values (place, place + room);
end
$$;
--> statement-breakpoint

-- Ends the partition at `place` and begins the next one, if it has any events and is the one that they come to. Writers wait
-- while this waits for those that have taken places.
create function tidings.begin_next_partition(place bigint, wait int) returns void language plpgsql volatile as $$
declare
  given bigint;
  next bigint;
begin
  perform tidings.look_after_partitions(wait);
  -- Changes nothing, but keeps places from being given out until the end of the transaction.
  alter sequence tidings.event_position owned by none;
  select last_value into given from tidings.event_position;
  select until into next from tidings.partitions
  where first = place and given + 1 between first and until - 1 and given >= greatest(first, 1);
  if next is null or not exists (select from tidings.partitions where first = next) then
    return;
  end if;
  update tidings.partitions set last = given where first = place;
  perform setval('tidings.event_position', next - 1);
end
$$;
--> statement-breakpoint

-- Takes the events of the closed partition at `place` out of the log: at once for everybody, together with the record of
-- it. Whoever reads or writes waits while this waits for the statements under way.
create function tidings.remove_partition(place bigint, at timestamptz, wait int) returns void language plpgsql volatile as $$
declare
  name text := format('events_%s', place);
  ended bigint;
begin
  perform tidings.look_after_partitions(wait);
  if place is distinct from (select min(first) from tidings.partitions where removed is null)
    or not exists (select from tidings.partitions where first = place and closed is not null) then
    return;
  end if;
  perform from tidings.retention for update;
  lock table only tidings.events in access exclusive mode;
  execute format('alter table tidings.events detach partition tidings.%I', name);
  execute format('select max(position) from tidings.%I', name) into ended;
  update tidings.partitions set removed = at where first = place;
  update tidings.retention set up_to = greatest(up_to, ended);
end
$$;
--> statement-breakpoint

-- Frees the ids of at most `most` events of the removed partition at `place`, after those that are free already; answers
-- whether any were left.
create function tidings.free_ids_of_partition(place bigint, most int, wait int) returns boolean language plpgsql volatile as $$
declare
  ended bigint;
begin
  perform tidings.look_after_partitions(wait);
  if not exists (select from tidings.partitions where first = place and removed is not null) then
    return false;
  end if;
  execute format($ids$
    with old as materialized (
      select position, tidings.event_key(id) as key from tidings.%I
      where position > (select freed from tidings.retention)
      order by position
      limit $1
    ), gone as (
      delete from tidings.event_ids where key in (
        select k.key from old join tidings.event_ids k on k.key = old.key and k.position = old.position order by k.key for update of k
      )
    )
    select max(position) from old
  $ids$, format('events_%s', place)) using most into ended;
  update tidings.retention set freed = ended where ended is not null;
  return found;
end
$$;
--> statement-breakpoint

-- Drops the removed partition at `place`, of which nothing else is kept any more.
create function tidings.drop_partition(place bigint, wait int) returns void language plpgsql volatile as $$
begin
  perform tidings.look_after_partitions(wait);
  delete from tidings.partitions where first = place and removed is not null;
  if found then
    execute format('drop table tidings.%I', format('events_%s', place));
  end if;
end
$$;
