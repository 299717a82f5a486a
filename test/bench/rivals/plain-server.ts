import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PGlite } from '@electric-sql/pglite';
import { sql } from 'drizzle-orm';
import { index, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite';
import { drizzle as drizzlePostgres } from 'drizzle-orm/postgres-js';
import { createSchema, createYoga } from 'graphql-yoga';
import postgres from 'postgres';

// A rival in the ingest benchmark: Yoga, drizzle, one table, an insert per mutation. Ids are
// unique; a repeated id is ignored, and its content is not compared. It has no log order and no
// notifications.
const events = pgTable(
  'plain_events',
  {
    id: text().primaryKey(),
    occurred: timestamp({ withTimezone: true, precision: 6, mode: 'string' }).notNull(),
    received: timestamp({ withTimezone: true, precision: 6, mode: 'string' }).notNull().defaultNow(),
    event: text().notNull(),
    resourceId: text('resource_id').notNull(),
    resourceLabels: jsonb('resource_labels').notNull(),
    related: jsonb().notNull(),
    payload: jsonb().notNull(),
    follows: text(),
  },
  (table) => [index().on(table.occurred), index().on(table.resourceId, table.occurred), index().on(table.follows)],
);

const url = process.env['DATABASE_URL'];
type Db = ReturnType<typeof drizzlePostgres>;
const embedded = (): Db => drizzlePglite({ client: new PGlite(process.env['DATA_DIR']) }) as unknown as Db;
const db = url === undefined ? embedded() : drizzlePostgres(postgres(url, { max: 10 }));
for (const statement of [
  `create table plain_events (id text primary key, occurred timestamptz(6) not null, received timestamptz(6) not null default now(),
    event text not null, resource_id text not null, resource_labels jsonb not null, related jsonb not null, payload jsonb not null,
    follows text)`,
  'create index on plain_events (occurred)',
  'create index on plain_events (resource_id, occurred)',
  'create index on plain_events (follows)',
]) {
  await db.execute(sql.raw(statement));
}

interface Input {
  readonly id: string;
  readonly occurred: string;
  readonly event: string;
  readonly resource: { readonly id: string; readonly labels: object };
  readonly related: readonly object[];
  readonly payload: object;
  readonly follows: string | null;
}

const yoga = createYoga({
  graphqlEndpoint: '/graphql',
  logging: false,
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      scalar JSON
      input ResourceInput {
        id: ID!
        labels: JSON
      }
      input RelatedInput {
        id: ID!
        role: String!
        labels: JSON
      }
      input EventInput {
        id: ID!
        occurred: String!
        event: String!
        resource: ResourceInput!
        related: [RelatedInput!]
        payload: JSON
        follows: ID
      }
      type Query {
        ok: Boolean
      }
      type Payload {
        created: Int!
      }
      type Mutation {
        emitEvents(input: [EventInput!]!): Payload!
      }
    `,
    resolvers: {
      Mutation: {
        emitEvents: async (_: unknown, { input }: { input: readonly Input[] }) => {
          const rows = input.map(({ resource, ...rest }) => ({ ...rest, resourceId: resource.id, resourceLabels: resource.labels }));
          const created = await db.insert(events).values(rows).onConflictDoNothing().returning({ id: events.id });
          return { created: created.length };
        },
      },
    },
  }),
});

const server = createServer((request, response) => void yoga.handle(request, response));
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
