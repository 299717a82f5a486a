CREATE TABLE "tidings"."rejected_events" (
	"place" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "tidings"."rejected_events_place_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"received" timestamp(6) with time zone NOT NULL,
	"door" text NOT NULL,
	"key_id" text,
	"reason" text NOT NULL,
	"raw" "bytea" NOT NULL,
	"bytes" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tidings"."server_secrets" (
	"purpose" text PRIMARY KEY NOT NULL,
	"secret" "bytea" NOT NULL
);
