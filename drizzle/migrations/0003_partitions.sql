CREATE TABLE "tidings"."partitions" (
	"first" bigint PRIMARY KEY NOT NULL,
	"until" bigint NOT NULL,
	"last" bigint,
	"opened" timestamp(6) with time zone,
	"closed" timestamp(6) with time zone,
	"removed" timestamp(6) with time zone
);
--> statement-breakpoint
CREATE TABLE "tidings"."retention" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"up_to" bigint NOT NULL,
	"freed" bigint NOT NULL
);
