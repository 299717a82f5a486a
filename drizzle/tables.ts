import { sql } from 'drizzle-orm';
import { bigint, boolean, customType, index, integer, jsonb, pgSchema, primaryKey, smallint, text, timestamp } from 'drizzle-orm/pg-core';

/** Every table. They live in a schema of their own, so that Tidings can share a database. */
export const tidings = pgSchema('tidings');

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });
/** Text in the order of code points, whatever the order of the database. */
const bytewise = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const position = () => bigint({ mode: 'number' });
const instant = (name?: string) => timestamp(name ?? '', { withTimezone: true, precision: 6, mode: 'string' });

/**
 * Gives every event its place in the log. Cache 1, so that a reader of last_value sees every place that was given
 * out. Places stay below 2^48. It skips the rest of a partition's places when the next one is begun.
 */
export const eventPosition = tidings.sequence('event_position', { startWith: 0, minValue: 0, maxValue: '281474976710655', cache: 1 });

/**
 * The log. Partitioned by range of position, which the generated migration cannot say and its first statement was
 * completed to: beginning the next partition is a step of the sequence, and dropping one is dropping a stretch of the
 * log. `partitions` knows them.
 *
 * Resource ids and `follows` are found through 64-bit hashes: a btree entry may not exceed 2,704 bytes, which
 * 1,024 characters can, and the entries are smaller. Whoever uses these indexes compares the text as well.
 */
export const events = tidings.table(
  'events',
  {
    position: position().primaryKey(),
    received: instant().notNull(),
    occurred: instant().notNull(),
    id: text().notNull(),
    event: text().notNull(),
    resourceId: text('resource_id').notNull(),
    /** Every label but prefect.resource.id. */
    resourceLabels: jsonb('resource_labels').notNull(),
    /** A list of {id, role, labels}, in the order given. */
    related: jsonb().notNull(),
    payload: jsonb().notNull(),
    follows: text(),
  },
  (table) => [
    index('events_by_occurred').on(table.occurred, table.position),
    index('events_by_resource').on(sql`hashtextextended(${table.resourceId}, 0)`, table.occurred, table.position),
    index('events_by_follows')
      .on(sql`hashtextextended(${table.follows}, 0)`, table.occurred, table.position)
      .where(sql`${table.follows} is not null`),
  ],
);

/**
 * Which ids are taken, across all partitions: what makes an id unique. `key` is made of the id by tidings.event_key:
 * the 16 bytes of a UUID, a shorter id itself, or 20 bytes of SHA-256 of any other.
 */
export const eventIds = tidings.table('event_ids', {
  key: bytea().primaryKey(),
  position: position().notNull(),
});

/**
 * The partitions of `events`, each the table events_<first>, with the places from `first` up to before `until`. The
 * sequence is in one of them; those before it are closed, those after it were made ahead. See store/partitions.ts.
 */
export const partitions = tidings.table('partitions', {
  first: position().primaryKey(),
  endPosition: position().notNull(),
  /** The last place that was given out in it, or one after that; null: more may come. */
  last: position(),
  /** From when on events came to it; null: it was made ahead. */
  opened: instant(),
  /** When no event came to it any more, everything in it being decided; null: some may. */
  closed: instant(),
  /** When its events went out of the log; what was kept about them goes after that. Null: they are in it. */
  removed: instant(),
});

/** How far retention has come: one row, which a dump takes along. See store/removal.ts. */
export const retention = tidings.table('retention', {
  one: boolean().primaryKey().default(true),
  /** The last event that was removed: no event up to this place is kept. */
  logStart: bigint('up_to', { mode: 'number' }).notNull(),
  /** Up to here the ids of removed events are free for others; event_ids may name such an event beyond. */
  idsFreedTo: position().notNull(),
});

/**
 * What stretches of the log say, in little space (see src/skip-index/block-summary.ts): by these a filter finds the events to look
 * at. They are made behind the log's head and never change; what is behind the last of them is looked at whole.
 *
 * Programs of two versions may share a database for a while. So whatever changes what a digest holds, such as the hash
 * of a term, puts it into a table of another name. Only 0011 emptied them in place, before anything was
 * released.
 *
 * The large columns are kept out of line and uncompressed (a custom migration says so), so that walking the digests
 * reads little, and one bit of a signature costs one piece of it.
 */
export const blockSummaries = tidings.table(
  'digests',
  {
    first: position().notNull(),
    last: position().notNull(),
    cluster: smallint().notNull(),
    firstOccurred: instant('first_occurred').notNull(),
    lastOccurred: instant('last_occurred').notNull(),
    firstReceived: instant('first_received').notNull(),
    lastReceived: instant('last_received').notNull(),
    terms: integer().array().notNull(),
    bloom: bytea().notNull(),
    /** The end of its chapter. */
    rowGroup: position().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.last, table.cluster] }),
    index('digests_by_first_occurred').on(table.firstOccurred, table.last, table.cluster),
    index('digests_by_last_occurred').on(table.lastOccurred, table.last, table.cluster),
    index('digests_by_terms').using('gin', table.terms).with({ gin_pending_list_limit: 128 }),
  ],
);

/**
 * The signature of all digests of a chapter together, which is asked before theirs; and the chapter's columns (see
 * src/skip-index/columns/column-chunks.ts), by which events are counted: null in chapters that were made before there were any.
 *
 * A custom migration keeps all but the places out of line.
 */
export const rowGroups = tidings.table('digest_chapters', {
  last: position().primaryKey(),
  bloom: bytea().notNull(),
  /** The place of its first event. */
  first: position(),
  occurred: bytea(),
  /** The names, a JSON list of texts, and for each event which of them it has. */
  names: text(),
  nameCodes: bytea('name_of'),
  /** The same for the ids of primary resources. */
  resources: text(),
  resourceCodes: bytea('resource_of'),
  /** Whether its other columns are all in chapter_columns; null in chapters that were made before there were any. */
  hasAllColumns: boolean(),
});

/**
 * Columns of a chapter for the labels of primary resources and the roles of related ones (see src/skip-index/columns/label-columns.ts),
 * by which events are counted. A row without values: there were too many to write.
 */
export const columnChunks = tidings.table(
  'chapter_columns',
  {
    /** The end of the chapter. */
    rowGroup: position().notNull(),
    /** label, role or roles. */
    kind: text().notNull(),
    /** The label's key, or the role. */
    name: text().notNull(),
    /** Each value once, and for each event which of them it has; packed. */
    values: bytea(),
    codes: bytea('value_of'),
  },
  (table) => [primaryKey({ columns: [table.rowGroup, table.kind, table.name] })],
);

/**
 * The resources that events mention, of the log up to the last chapter of digests: a trigger on digest_chapters adds them,
 * so that programs of two versions, which share a database for a while, both do. See store/resources.ts.
 *
 * The index holds beginnings of 640 characters, which are 2,560 bytes at most; ids that share them are sorted when read.
 */
export const resources = tidings.table(
  'resources',
  {
    id: bytewise().notNull(),
    /** An event at or before this place, in the chapter that ends here, mentions it. Later ones may: it follows at a distance. */
    mentioned: position().notNull(),
  },
  (table) => [index('resources_by_id').on(sql`"left"(${table.id}, 640)`)],
);

/**
 * What was refused where its sender learns nothing of it, and would lose it otherwise (see src/ingest/rejected-events.ts). No part
 * of the log: it is bounded by itself.
 */
export const rejectedEvents = tidings.table('rejected_events', {
  position: position().generatedAlwaysAsIdentity().primaryKey(),
  received: instant().notNull(),
  /** Where it came in, for example prefect. */
  protocol: text().notNull(),
  /** The key that it came with; null: none. */
  keyId: text('key_id'),
  reason: text().notNull(),
  /** As it came, or its beginning. Not text: it may hold what no text does. */
  raw: bytea().notNull(),
  /** Bytes of the whole. */
  bytes: integer().notNull(),
});

/** What only the servers of this database know, by what it is for. See src/store/server-secret.ts. */
export const serverSecrets = tidings.table('server_secrets', {
  purpose: text().primaryKey(),
  secret: bytea().notNull(),
});

/**
 * The identities that this log has had. A database that was restored or promoted elsewhere goes on under a new one
 * from where it stood; cursors of an earlier identity stay good up to there.
 */
export const logEpochs = tidings.table('log_epochs', {
  /** 48 random bits as 12 hexadecimal digits. */
  epoch: text().primaryKey(),
  /** The head when this identity began. */
  startsAfter: bigint('starts_after', { mode: 'number' }).notNull(),
  /** What the database server says of itself, see store/epochs.ts. */
  database: text().notNull(),
  since: instant().notNull(),
});

/**
 * The keys that let callers in, and what each may. A secret is kept as its SHA-256: it has 256 random bits, which no list of
 * words helps to guess. Rows stay: a server that had a key once does not open up when the last one is revoked.
 */
export const apiKeys = tidings.table('api_keys', {
  /** In the clear part of the secret. */
  id: text().primaryKey(),
  name: text().notNull(),
  hash: bytea().notNull(),
  permissions: text().array().notNull(),
  /** GraphQL's EventFilter as JSON, to which everything is narrowed that it reads; null: nothing is. */
  filter: text(),
  emitPrefix: text('emit_prefix'),
  created: instant().notNull(),
  expires: instant(),
  revoked: instant(),
});
