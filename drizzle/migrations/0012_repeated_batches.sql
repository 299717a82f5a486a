-- tidings.append_events answered for a batch that had been stored before in a time that grew with the square of its length: what it
-- tells of each entry went into a JSON value that was written anew for each. An array grows in place.
do $$
declare
  original text := pg_get_functiondef('tidings.append_events(jsonb, boolean)'::regprocedure);
  changed text := original;
  change text[];
begin
  foreach change slice 1 in array array[
    ['conflicts jsonb := ''[]'';', 'conflicts jsonb[] := ''{}'';'],
    ['conflicts := conflicts || jsonb_build_array(differing);', 'conflicts := array_append(conflicts, to_jsonb(differing));'],
    ['detail = conflicts::text;', 'detail = to_jsonb(conflicts)::text;']
  ] loop
    if position(change[1] in changed) = 0 then
      raise exception 'tidings.append_events has no "%"', change[1];
    end if;
    changed := replace(changed, change[1], change[2]);
  end loop;
  execute changed;
end
$$;
