CREATE TABLE "tidings"."digest_chapters" (
	"last" bigint PRIMARY KEY NOT NULL,
	"signature" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tidings"."digests" (
	"first" bigint NOT NULL,
	"last" bigint NOT NULL,
	"part" smallint NOT NULL,
	"first_occurred" timestamp(6) with time zone NOT NULL,
	"last_occurred" timestamp(6) with time zone NOT NULL,
	"first_received" timestamp(6) with time zone NOT NULL,
	"last_received" timestamp(6) with time zone NOT NULL,
	"terms" integer[] NOT NULL,
	"signature" "bytea" NOT NULL,
	"chapter" bigint NOT NULL,
	CONSTRAINT "digests_last_part_pk" PRIMARY KEY("last","part")
);
--> statement-breakpoint
DROP INDEX "tidings"."events_by_name";--> statement-breakpoint
DROP INDEX "tidings"."events_by_related";--> statement-breakpoint
CREATE INDEX "digests_by_first_occurred" ON "tidings"."digests" USING btree ("first_occurred","last","part");--> statement-breakpoint
CREATE INDEX "digests_by_last_occurred" ON "tidings"."digests" USING btree ("last_occurred","last","part");--> statement-breakpoint
CREATE INDEX "digests_by_terms" ON "tidings"."digests" USING gin ("terms") WITH (gin_pending_list_limit=512);--> statement-breakpoint
ALTER TABLE "tidings"."digests" ALTER COLUMN "terms" SET STORAGE EXTERNAL, ALTER COLUMN "signature" SET STORAGE EXTERNAL, SET (toast_tuple_target = 128);--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ALTER COLUMN "signature" SET STORAGE EXTERNAL;
