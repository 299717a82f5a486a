-- The ids of the resources that events after one place mention, up to another one, each once.
create function tidings.resources_between(after bigint, upto bigint) returns setof text language sql stable as $$
  select distinct mentioned.id
  from tidings.events e
  cross join lateral (
    select e.resource_id
    union all
    select related.value ->> 'id' from jsonb_array_elements(e.related) related
  ) mentioned (id)
  where e.position > after and e.position <= upto
$$;
--> statement-breakpoint

-- Notes the resources of a chapter that gets its digests, in the same transaction. Those that were noted lately are let be,
-- so that what each chapter mentions is written once in 65,536 places. One at a time, and none while resources are
-- forgotten: what was let be stays.
create function tidings.note_resources() returns trigger language plpgsql volatile as $$
declare
  before bigint;
begin
  perform pg_advisory_xact_lock(x'007265736f757263'::bigint);
  select coalesce(max(last), 0) into before from tidings.digest_chapters where last < new.last;
  -- The limit makes this ask the index for each id, however many the planner takes them for.
  with mentioned as materialized (
    select m.id, known.place, known.mentioned
    from tidings.resources_between(before, new.last) m (id)
    left join lateral (
      select r.ctid as place, r.mentioned from tidings.resources r where left(r.id, 640) = left(m.id, 640) and r.id = m.id limit 1
    ) known on true
  ), again as (
    update tidings.resources set mentioned = new.last
    where ctid = any (array(select place from mentioned where mentioned.mentioned < new.last - 65536))
  )
  insert into tidings.resources (id, mentioned) select id, new.last from mentioned where place is null;
  return null;
end
$$;
--> statement-breakpoint

create trigger note_resources after insert on tidings.digest_chapters for each row execute function tidings.note_resources();
--> statement-breakpoint

-- Those of the chapters that are there. Any chapter that another program stores meanwhile waits for the trigger.
insert into tidings.resources (id, mentioned)
select mentioned.id, max(e.position)
from tidings.events e
cross join lateral (
  select e.resource_id
  union all
  select related.value ->> 'id' from jsonb_array_elements(e.related) related
) mentioned (id)
where e.position <= (select max(last) from tidings.digest_chapters)
group by mentioned.id;
--> statement-breakpoint

-- Forgets the resources of the list `forgotten`, unless events after the place `seen` mention them; and notes for those of
-- `kept`, a list of {id, mentioned}, that an event at that place does.
create function tidings.forget_resources(forgotten jsonb, kept jsonb, seen bigint) returns void language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(x'007265736f757263'::bigint);
  update tidings.resources r set mentioned = k.mentioned
  from jsonb_to_recordset(kept) as k (id text, mentioned bigint)
  where left(r.id, 640) = left(k.id, 640) and r.id = k.id and r.mentioned < k.mentioned;

  delete from tidings.resources r
  using jsonb_array_elements_text(forgotten) as f (id)
  where left(r.id, 640) = left(f.id, 640) and r.id = f.id
    and f.id not in (select * from tidings.resources_between(seen, (select max(last) from tidings.digest_chapters)));
end
$$;
