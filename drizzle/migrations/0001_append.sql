-- The first span of the log, and place 0, which stays free: it is where a reader stands who has seen nothing.
create table tidings.events_0 partition of tidings.events for values from (0) to (4294967296);
--> statement-breakpoint
select nextval('tidings.event_position');
--> statement-breakpoint

-- The form in which an id is unique. Keys of the three kinds differ in length, so they cannot meet.
create function tidings.event_key(id text) returns bytea language sql stable parallel safe as $$
  select case
    when octet_length(id) = 36 and id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
      then uuid_send(id::uuid)
    when octet_length(id) < 16 then convert_to(id, 'UTF8')
    else substring(sha256(convert_to(id, 'UTF8')) for 20)
  end
$$;
--> statement-breakpoint

-- The key of the advisory lock that a writer holds whose places all lie above `place`: "ti" in the top 16 bits.
create function tidings.writer_lock(place bigint) returns bigint language sql immutable parallel safe as $$
  select (29801::bigint << 48) | place
$$;
--> statement-breakpoint

-- The head of the log: the last event of which everything before it is decided. The three reads need a snapshot each,
-- in this order, which a volatile plpgsql function gives them. Promises and argument: src/store/log-order.ts.
create function tidings.log_head() returns bigint language plpgsql volatile as $$
declare
  allocated bigint;
  undecided bigint;
  head bigint;
begin
  select last_value into allocated from tidings.event_position;

  select min(((classid::bigint << 32) | objid::bigint) & ((1::bigint << 48) - 1)) into undecided
  from pg_locks
  where locktype = 'advisory'
    and objsubid = 1
    and classid::bigint >> 16 = 29801
    and database = (select oid from pg_database where datname = current_database());

  select position into head
  from tidings.events
  where position <= least(allocated, undecided)
  order by position desc
  limit 1;

  return coalesce(head, 0);
end
$$;
--> statement-breakpoint

-- Stores a batch, an array of {id, occurred?, event, resource_id, resource_labels, related, payload?, follows?}, and
-- answers for each entry, in order: the place of the stored event, whether this call made it, when it was received,
-- and, if it was stored before with other content, the fields that differ. With reject_conflicts one such entry
-- refuses the batch: nothing is stored, and the error TD001 has as its detail the list of differing fields, by entry.
--
-- Callers that meet on an id wait for each other in key order, so they cannot deadlock.
create function tidings.append_events(batch jsonb, reject_conflicts boolean)
returns table (place bigint, created boolean, received timestamptz, differing text[])
language plpgsql volatile as $$
#variable_conflict use_column
declare
  low bigint;
  arrived timestamptz := clock_timestamp();
  places bigint[];
  made bigint[];
  conflicting boolean := false;
  conflicts jsonb := '[]';
begin
  select last_value into low from tidings.event_position;
  perform pg_advisory_xact_lock_shared(tidings.writer_lock(low));

  places := array(select nextval('tidings.event_position') from generate_series(1, jsonb_array_length(batch)));

  with taken as (
    insert into tidings.event_ids (key, position)
    select tidings.event_key(entry ->> 'id'), places[n]
    from jsonb_array_elements(batch) with ordinality as given (entry, n)
    order by 1, 2
    on conflict (key) do nothing
    returning position
  )
  select coalesce(array_agg(position), '{}') into made from taken;

  insert into tidings.events
    (position, received, occurred, id, event, resource_id, resource_labels, related, payload, follows)
  select
    new.position, arrived, coalesce(g.occurred, arrived), g.id, g.event, g.resource_id, g.resource_labels,
    g.related, coalesce(g.payload, '{}'), g.follows
  from rows from (jsonb_to_recordset(batch) as (
      id text, occurred timestamptz, event text, resource_id text, resource_labels jsonb, related jsonb,
      payload jsonb, follows text
    )) with ordinality as g (id, occurred, event, resource_id, resource_labels, related, payload, follows, n)
  join unnest(made) as new (position) on new.position = places[g.n]
  order by new.position;

  if cardinality(made) = cardinality(places) then
    return query select p, true, arrived, '{}'::text[] from unnest(places) with ordinality as u (p, n) order by n;
    return;
  end if;

  for place, created, received, differing in
    select
      stored.position,
      stored.position = places[g.n],
      stored.received,
      array_remove(array[
        case when stored.id <> g.id then 'id' end,
        case when stored.occurred <> g.occurred then 'occurred' end,
        case when stored.event <> g.event then 'event' end,
        case when stored.resource_id <> g.resource_id or stored.resource_labels <> g.resource_labels then 'resource' end,
        case when stored.related <> g.related then 'related' end,
        case when stored.payload <> g.payload then 'payload' end,
        case when stored.follows is distinct from g.follows then 'follows' end
      ], null)
    from rows from (jsonb_to_recordset(batch) as (
        id text, occurred timestamptz, event text, resource_id text, resource_labels jsonb, related jsonb,
        payload jsonb, follows text
      )) with ordinality as g (id, occurred, event, resource_id, resource_labels, related, payload, follows, n)
    left join tidings.event_ids on event_ids.key = tidings.event_key(g.id)
    left join tidings.events stored on stored.position = event_ids.position
    order by g.n
  loop
    conflicts := conflicts || jsonb_build_array(differing);
    conflicting := conflicting or cardinality(differing) > 0;
    return next;
  end loop;

  if conflicting and reject_conflicts then
    raise exception using errcode = 'TD001', message = 'the batch has conflicting events', detail = conflicts::text;
  end if;
end
$$;
