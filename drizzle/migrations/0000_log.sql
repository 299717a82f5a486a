CREATE SCHEMA IF NOT EXISTS "tidings";
--> statement-breakpoint
CREATE SEQUENCE "tidings"."event_position" INCREMENT BY 1 MINVALUE 0 MAXVALUE 281474976710655 START WITH 0 CACHE 1;--> statement-breakpoint
CREATE TABLE "tidings"."event_ids" (
	"key" "bytea" PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tidings"."events" (
	"position" bigint PRIMARY KEY NOT NULL,
	"received" timestamp(6) with time zone NOT NULL,
	"occurred" timestamp(6) with time zone NOT NULL,
	"id" text NOT NULL,
	"event" text NOT NULL,
	"resource_id" text NOT NULL,
	"resource_labels" jsonb NOT NULL,
	"related" jsonb NOT NULL,
	"payload" jsonb NOT NULL,
	"follows" text
) PARTITION BY RANGE ("position");
--> statement-breakpoint
CREATE TABLE "tidings"."log_epochs" (
	"epoch" text PRIMARY KEY NOT NULL,
	"starts_after" bigint NOT NULL,
	"database" text NOT NULL,
	"since" timestamp(6) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "events_by_occurred" ON "tidings"."events" USING btree ("occurred","position");--> statement-breakpoint
CREATE INDEX "events_by_name" ON "tidings"."events" USING btree (hashtextextended("event", 0),"occurred","position");--> statement-breakpoint
CREATE INDEX "events_by_resource" ON "tidings"."events" USING btree (hashtextextended("resource_id", 0),"occurred","position");--> statement-breakpoint
CREATE INDEX "events_by_follows" ON "tidings"."events" USING btree (hashtextextended("follows", 0),"occurred","position") WHERE "tidings"."events"."follows" is not null;--> statement-breakpoint
CREATE INDEX "events_by_related" ON "tidings"."events" USING gin ("related" jsonb_path_ops);