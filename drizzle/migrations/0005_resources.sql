CREATE TABLE "tidings"."resources" (
	"id" text COLLATE "C" NOT NULL,
	"mentioned" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "resources_by_id" ON "tidings"."resources" USING btree ("left"("id", 640));