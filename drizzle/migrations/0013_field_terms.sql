-- Renames columns and functions to the terms that the code uses. Content stays. Nothing was
-- released under the old names.
ALTER TABLE "tidings"."partitions" RENAME COLUMN "until" TO "end_position";--> statement-breakpoint
ALTER TABLE "tidings"."retention" RENAME COLUMN "up_to" TO "log_start";--> statement-breakpoint
ALTER TABLE "tidings"."retention" RENAME COLUMN "freed" TO "ids_freed_to";--> statement-breakpoint
ALTER TABLE "tidings"."rejected_events" RENAME COLUMN "place" TO "position";--> statement-breakpoint
ALTER TABLE "tidings"."rejected_events" RENAME COLUMN "door" TO "protocol";--> statement-breakpoint
ALTER TABLE "tidings"."api_keys" RENAME COLUMN "may" TO "permissions";--> statement-breakpoint
ALTER SEQUENCE "tidings"."rejected_events_place_seq" RENAME TO "rejected_events_position_seq";--> statement-breakpoint

-- Postgres 18 has a named constraint for each column that is not null, which keeps the old column's
-- name. Earlier versions have none.
do $$
declare
  renamed record;
begin
  for renamed in
    select n.relation, n.old_name, n.new_name
    from (values
      ('partitions', 'partitions_until_not_null', 'partitions_end_position_not_null'),
      ('retention', 'retention_up_to_not_null', 'retention_log_start_not_null'),
      ('retention', 'retention_freed_not_null', 'retention_ids_freed_to_not_null'),
      ('rejected_events', 'rejected_events_place_not_null', 'rejected_events_position_not_null'),
      ('rejected_events', 'rejected_events_door_not_null', 'rejected_events_protocol_not_null'),
      ('api_keys', 'api_keys_may_not_null', 'api_keys_permissions_not_null')
    ) as n (relation, old_name, new_name)
    join pg_constraint c on c.conname = n.old_name and c.conrelid = format('tidings.%I', n.relation)::regclass
  loop
    execute format('alter table tidings.%I rename constraint %I to %I', renamed.relation, renamed.old_name, renamed.new_name);
  end loop;
end
$$;
--> statement-breakpoint

-- Postgres does not rewrite the bodies of functions when a column is renamed, nor rename parameters
-- in place. So every function below is dropped and created again. Only names differ from the
-- earlier definitions.
drop function
  tidings.look_after_partitions(int),
  tidings.add_partition(bigint, bigint, int),
  tidings.begin_next_partition(bigint, int),
  tidings.remove_partition(bigint, timestamptz, int),
  tidings.free_ids_of_partition(bigint, int, int),
  tidings.drop_partition(bigint, int),
  tidings.forget_resources(jsonb, jsonb, bigint);
--> statement-breakpoint

-- The position of the last event that every reader can see: src/store/log/log-head.ts has the
-- contract. In a log without events it is the last removed position, so that the head never goes
-- back.
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
    select log_start into head from tidings.retention;
  end if;
  return head;
end
$$;
--> statement-breakpoint

-- Frees the ids of removed events for a batch that uses them again. The lock on events delays
-- removal until the batch is stored. So an id that is taken afterwards belongs to an event that
-- stays until then, and a free id stays free of removed events. Rows are locked in key order, here
-- and in free_ids_of_partition, before any id is taken.
create or replace function tidings.free_ids(batch jsonb) returns void language plpgsql volatile as $$
declare
  removed_to bigint;
begin
  lock table only tidings.events in row exclusive mode;
  select log_start into removed_to from tidings.retention where ids_freed_to < log_start;
  if not found then
    return;
  end if;
  delete from tidings.event_ids where key in (
    select k.key
    from jsonb_array_elements(batch) as given (entry)
    join tidings.event_ids k on k.key = tidings.event_key(entry ->> 'id')
    where k.position <= removed_to
    order by k.key
    for update of k
  );
end
$$;
--> statement-breakpoint

-- Takes the lock for changes of partitions, and bounds each wait for other locks by
-- lock_timeout_ms. One process holds it at a time, until its transaction ends. Raises
-- lock_not_available if another process holds it; later statements raise it after the bound. Each
-- caller checks whether its step is still to be done.
create function tidings.lock_partitions(lock_timeout_ms int) returns void language plpgsql volatile as $$
begin
  perform set_config('lock_timeout', lock_timeout_ms::text, true);
  if not pg_try_advisory_xact_lock(x'0072656d6f76616c'::bigint) then
    raise exception using errcode = 'lock_not_available', message = 'another process is changing the partitions';
  end if;
end
$$;
--> statement-breakpoint

-- Adds a partition of `capacity` positions that starts at first_position, where the last partition
-- ends. Readers and writers do not wait for it.
create function tidings.add_partition(first_position bigint, capacity bigint, lock_timeout_ms int) returns void language plpgsql volatile as $$
declare
  name text := format('events_%s', first_position);
begin
  perform tidings.lock_partitions(lock_timeout_ms);
  if first_position is distinct from (select max(end_position) from tidings.partitions) then
    return;
  end if;
  execute format('create table tidings.%I (like tidings.events including all)', name);
  execute format(
    'alter table tidings.events attach partition tidings.%I for values from (%s) to (%s)',
    name, first_position, first_position + capacity
  );
  insert into tidings.partitions (first, end_position) values (first_position, first_position + capacity);
end
$$;
--> statement-breakpoint

-- Ends the partition at first_position and begins the next one, if it is the current one and has
-- events. New writers wait while this waits for the writers that have allocated positions.
create function tidings.begin_next_partition(first_position bigint, lock_timeout_ms int) returns void language plpgsql volatile as $$
declare
  allocated bigint;
  next bigint;
begin
  perform tidings.lock_partitions(lock_timeout_ms);
  -- Changes nothing, but its lock prevents the allocation of positions until the end of the
  -- transaction.
  alter sequence tidings.event_position owned by none;
  select last_value into allocated from tidings.event_position;
  select end_position into next from tidings.partitions
  where first = first_position and allocated + 1 between first and end_position - 1 and allocated >= greatest(first, 1);
  if next is null or not exists (select from tidings.partitions where first = next) then
    return;
  end if;
  update tidings.partitions set last = allocated where first = first_position;
  perform setval('tidings.event_position', next - 1);
end
$$;
--> statement-breakpoint

-- Removes the events of the closed partition at first_position from the log, for all readers at
-- once, in the transaction that advances retention.log_start. New readers and writers wait while
-- this waits for running statements.
create function tidings.remove_partition(first_position bigint, removed_at timestamptz, lock_timeout_ms int)
returns void language plpgsql volatile as $$
declare
  name text := format('events_%s', first_position);
  last_removed bigint;
begin
  perform tidings.lock_partitions(lock_timeout_ms);
  if first_position is distinct from (select min(first) from tidings.partitions where removed is null)
    or not exists (select from tidings.partitions where first = first_position and closed is not null) then
    return;
  end if;
  perform from tidings.retention for update;
  lock table only tidings.events in access exclusive mode;
  execute format('alter table tidings.events detach partition tidings.%I', name);
  execute format('select max(position) from tidings.%I', name) into last_removed;
  update tidings.partitions set removed = removed_at where first = first_position;
  update tidings.retention set log_start = greatest(log_start, last_removed);
end
$$;
--> statement-breakpoint

-- Frees the ids of up to max_ids events of the removed partition at first_position, after those
-- that are free already. Returns whether any were left.
create function tidings.free_ids_of_partition(first_position bigint, max_ids int, lock_timeout_ms int)
returns boolean language plpgsql volatile as $$
declare
  last_freed bigint;
begin
  perform tidings.lock_partitions(lock_timeout_ms);
  if not exists (select from tidings.partitions where first = first_position and removed is not null) then
    return false;
  end if;
  execute format($ids$
    with old as materialized (
      select position, tidings.event_key(id) as key from tidings.%I
      where position > (select ids_freed_to from tidings.retention)
      order by position
      limit $1
    ), gone as (
      delete from tidings.event_ids where key in (
        select k.key from old join tidings.event_ids k on k.key = old.key and k.position = old.position order by k.key for update of k
      )
    )
    select max(position) from old
  $ids$, format('events_%s', first_position)) using max_ids into last_freed;
  update tidings.retention set ids_freed_to = last_freed where last_freed is not null;
  return found;
end
$$;
--> statement-breakpoint

-- Drops the removed partition at first_position. Everything derived from its events must have been
-- removed before.
create function tidings.drop_partition(first_position bigint, lock_timeout_ms int) returns void language plpgsql volatile as $$
begin
  perform tidings.lock_partitions(lock_timeout_ms);
  delete from tidings.partitions where first = first_position and removed is not null;
  if found then
    execute format('drop table tidings.%I', format('events_%s', first_position));
  end if;
end
$$;
--> statement-breakpoint

alter function tidings.note_resources() rename to record_resources;
--> statement-breakpoint
alter trigger note_resources on tidings.digest_chapters rename to record_resources;
--> statement-breakpoint

-- Records the resources that the events of a new row group mention, in the transaction that stores
-- the row group. A resource recorded within the last 65,536 positions keeps its row, so a frequent
-- one is written once per so many. The lock serializes this with prune_resources, so that a row
-- which was kept here is not pruned meanwhile.
create or replace function tidings.record_resources() returns trigger language plpgsql volatile as $$
declare
  before bigint;
begin
  perform pg_advisory_xact_lock(x'007265736f757263'::bigint);
  select coalesce(max(last), 0) into before from tidings.digest_chapters where last < new.last;
  -- The limit forces an index lookup for each id, whatever number of rows the planner expects.
  with mentioned as materialized (
    select m.id, known.row_id, known.mentioned
    from tidings.resources_between(before, new.last) m (id)
    left join lateral (
      select r.ctid as row_id, r.mentioned from tidings.resources r where left(r.id, 640) = left(m.id, 640) and r.id = m.id limit 1
    ) known on true
  ), again as (
    update tidings.resources set mentioned = new.last
    where ctid = any (array(select row_id from mentioned where mentioned.mentioned < new.last - 65536))
  )
  insert into tidings.resources (id, mentioned) select id, new.last from mentioned where row_id is null;
  return null;
end
$$;
--> statement-breakpoint

-- Deletes the resources of the list `unmentioned`, except those that events after the position
-- `read_to` mention. Updates the resources of `kept`, a list of {id, mentioned}: an event at that
-- position mentions them.
create function tidings.prune_resources(unmentioned jsonb, kept jsonb, read_to bigint) returns void language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(x'007265736f757263'::bigint);
  update tidings.resources r set mentioned = k.mentioned
  from jsonb_to_recordset(kept) as k (id text, mentioned bigint)
  where left(r.id, 640) = left(k.id, 640) and r.id = k.id and r.mentioned < k.mentioned;

  delete from tidings.resources r
  using jsonb_array_elements_text(unmentioned) as u (id)
  where left(r.id, 640) = left(u.id, 640) and r.id = u.id
    and u.id not in (select * from tidings.resources_between(read_to, (select max(last) from tidings.digest_chapters)));
end
$$;
