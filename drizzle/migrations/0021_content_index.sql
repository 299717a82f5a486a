-- Single events are found by an index of their names, resources, labels, related resources and payload
-- values, instead of blocks by their terms. Older programs are fenced (0015), so nothing reads the terms.
ALTER TABLE "tidings"."digests" DROP COLUMN "terms";--> statement-breakpoint
ALTER TABLE "tidings"."digests" ADD COLUMN "label_keys" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "label_keys" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "events_by_content" ON ONLY "tidings"."events" USING gin ((array[hashtext('e' || "event"), hashtext("left"("event", 4)), hashtext("left"("event", 8)), hashtext("left"("event", 16)), hashtext('i' || "resource_id"), (("position" >> 12) & 2147483647)::int, -1 - (("position" >> 18) & 2147483647)::int]), "resource_labels" jsonb_path_ops, "related" jsonb_path_ops, "payload" jsonb_path_ops) WITH (gin_pending_list_limit=512);--> statement-breakpoint

-- The partitions that have no valid index yet. Large ones get it later, while events are written and
-- read (src/store/skip-index/content-index.ts). New ones get it with the other indexes.
create function tidings.partitions_without_content_index() returns setof text language sql stable as $$
  select p.relname::text
  from pg_inherits i
  join pg_class p on p.oid = i.inhrelid
  where i.inhparent = 'tidings.events'::regclass
    and not exists (
      select
      from pg_index x
      join pg_inherits xi on xi.inhrelid = x.indexrelid
      where x.indrelid = p.oid and x.indisvalid and xi.inhparent = 'tidings.events_by_content'::regclass
    )
  order by p.oid
$$;
--> statement-breakpoint

-- The statement that creates the index of a partition, with an option such as concurrently.
create function tidings.content_index_sql(partition_name text, option text) returns text language sql stable as $$
  select replace(
    pg_get_indexdef('tidings.events_by_content'::regclass),
    'INDEX events_by_content ON ONLY tidings.events ',
    format('INDEX %s %I ON tidings.%I ', option, partition_name || '_by_content', partition_name)
  )
$$;
--> statement-breakpoint

do $$
declare
  partition_name text;
  events bigint;
begin
  for partition_name in select * from tidings.partitions_without_content_index() loop
    execute format('select count(*) from (select from tidings.%I limit 20001) e', partition_name) into events;
    if events <= 20000 then
      execute tidings.content_index_sql(partition_name, '');
      execute format('alter index tidings.events_by_content attach partition tidings.%I', partition_name || '_by_content');
    end if;
  end loop;
end
$$;
