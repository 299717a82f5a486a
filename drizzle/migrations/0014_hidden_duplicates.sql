-- An entry with `exact` agrees with a stored event only if a field that it leaves out has its default there. Clients that
-- do not see the stored event send it: otherwise each answer would confirm a guess about some of its fields.
do $$
declare
  original text := pg_get_functiondef('tidings.append_events(jsonb, boolean)'::regprocedure);
  changed text := original;
  change text[];
begin
  foreach change slice 1 in array array[
    ['stored.occurred <> g.occurred', 'stored.occurred <> coalesce(g.occurred, case when g.exact then stored.received end)'],
    ['stored.payload <> g.payload', 'stored.payload <> coalesce(g.payload, case when g.exact then ''{}''::jsonb end)'],
    [E'payload jsonb, follows text\n      )) with ordinality as g (id, occurred, event, resource_id, resource_labels, related, payload, follows, n)\n    left join',
     E'payload jsonb, follows text, exact boolean\n      )) with ordinality as g (id, occurred, event, resource_id, resource_labels, related, payload, follows, exact, n)\n    left join']
  ] loop
    if position(change[1] in changed) = 0 then
      raise exception 'tidings.append_events has no "%"', change[1];
    end if;
    changed := replace(changed, change[1], change[2]);
  end loop;
  execute changed;
end
$$;
