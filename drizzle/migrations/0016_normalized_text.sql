ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "text_normalized" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "tidings"."digests" ADD COLUMN "text_normalized" boolean DEFAULT false NOT NULL;--> statement-breakpoint

-- Whether a label value, the id of a related resource or a payload string of an event matches a
-- regular expression, in Unicode Normalization Form C. The paths find these strings as they are,
-- which is enough where the JSON text is normalized: then each string in it is, too. A normalized
-- text that does not match json_pattern has no string that matches.
--
-- A function, because the planner would plan a subquery in a condition once for each partition.
create function tidings.text_matches(
  labels jsonb, related jsonb, payload jsonb, pattern text, json_pattern text,
  label_path jsonpath, related_path jsonpath, payload_path jsonpath
) returns boolean language plpgsql stable parallel safe cost 10 as $$
declare
  json_text text := labels::text || related::text || payload::text;
begin
  -- ASCII is normalized. It is recognized faster: its characters are bytes.
  if octet_length(json_text) = char_length(json_text) or json_text is normalized then
    return json_text ~ (json_pattern collate "C") and (
      jsonb_path_exists(labels, label_path) or jsonb_path_exists(related, related_path) or jsonb_path_exists(payload, payload_path)
    );
  end if;
  return exists (
    select
    from (
      select jsonb_path_query(labels, '$.*') as value
      union all select jsonb_path_query(related, '$[*].id')
      union all select jsonb_path_query(related, '$[*].labels.*')
      union all select jsonb_path_query(payload, 'strict $.**')
    ) given
    where jsonb_typeof(given.value) = 'string' and normalize(given.value #>> '{}') ~ (pattern collate "C")
  );
end
$$;
