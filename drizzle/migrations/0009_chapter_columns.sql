CREATE TABLE "tidings"."chapter_columns" (
	"chapter" bigint NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"values" "bytea",
	"value_of" "bytea",
	CONSTRAINT "chapter_columns_chapter_kind_name_pk" PRIMARY KEY("chapter","kind","name")
);
--> statement-breakpoint
ALTER TABLE "tidings"."digest_chapters" ADD COLUMN "complete" boolean;