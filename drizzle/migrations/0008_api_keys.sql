CREATE TABLE "tidings"."api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"hash" "bytea" NOT NULL,
	"may" text[] NOT NULL,
	"filter" text,
	"emit_prefix" text,
	"created" timestamp(6) with time zone NOT NULL,
	"expires" timestamp(6) with time zone,
	"revoked" timestamp(6) with time zone
);
