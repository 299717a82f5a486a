-- What a digest holds has changed (src/event/digest-terms.ts). No program that was released made any of the former kind, so
-- they are made anew, behind the head; until then events are looked at themselves.
TRUNCATE "tidings"."digests", "tidings"."digest_chapters", "tidings"."chapter_columns";
--> statement-breakpoint
DROP INDEX "tidings"."digests_by_terms";--> statement-breakpoint
CREATE INDEX "digests_by_terms" ON "tidings"."digests" USING gin ("terms") WITH (gin_pending_list_limit=128);
