-- Fences programs of older versions, which may still run when a newer one migrates. Their connections
-- have no setting tidings.schema_version, or that of an earlier migration. The contract is in
-- src/store/migrate.ts.

-- Raises TD002 if the program of this session does not know the newest migration.
create function tidings.check_program() returns void language plpgsql volatile as $$
begin
  if coalesce(nullif(current_setting('tidings.schema_version', true), ''), '0')::bigint
    < (select max(created_at) from tidings.migrations) then
    raise exception using errcode = 'TD002', message = 'The database was migrated by a newer version of Tidings.',
      hint = 'Stop this process, and start that version or a later one.';
  end if;
end
$$;
--> statement-breakpoint

-- The same for a program that writes, and keeps migrations away until the end of its transaction.
-- Raises TD003 during a migration. Does not wait, so it cannot deadlock with a migration.
create function tidings.check_writer() returns void language plpgsql volatile as $$
begin
  if not pg_try_advisory_xact_lock_shared(x'006d696772617465'::bigint) then
    raise exception using errcode = 'TD003', message = 'Another process is migrating the database.';
  end if;
  perform tidings.check_program();
end
$$;
--> statement-breakpoint

create function tidings.check_table_writer() returns trigger language plpgsql volatile as $$
begin
  perform tidings.check_writer();
  return null;
end
$$;
--> statement-breakpoint

-- Statements insert into digest_chapters before the other tables of the skip index.
create trigger check_writer before insert or update on tidings.digest_chapters
  for each statement execute function tidings.check_table_writer();
--> statement-breakpoint
create trigger check_writer before insert or update on tidings.api_keys
  for each statement execute function tidings.check_table_writer();
--> statement-breakpoint
create trigger check_writer before insert or update on tidings.rejected_events
  for each statement execute function tidings.check_table_writer();
--> statement-breakpoint

-- append_events begins with free_ids, changes of partitions with lock_partitions, and every read of
-- the log with its head. A later migration that replaces one of them keeps the check.
do $$
declare
  fenced record;
  original text;
  changed text;
begin
  for fenced in
    select f.signature, f.check_function
    from (values
      ('tidings.free_ids(jsonb)', 'tidings.check_writer()'),
      ('tidings.lock_partitions(int)', 'tidings.check_writer()'),
      ('tidings.log_head()', 'tidings.check_program()')
    ) as f (signature, check_function)
  loop
    original := pg_get_functiondef(fenced.signature::regprocedure);
    changed := regexp_replace(original, '\nbegin\n', format(E'\nbegin\n  perform %s;\n', fenced.check_function));
    if changed = original then
      raise exception '% has no beginning', fenced.signature;
    end if;
    execute changed;
  end loop;
end
$$;
