ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "first" bigint;--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "occurred" "bytea";--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "names" text;--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "name_of" "bytea";--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "resources" text;--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "resource_of" "bytea";--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" SET (toast_tuple_target = 128);
