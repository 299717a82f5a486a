import { sql } from 'drizzle-orm';
import { bigint, boolean, customType, index, integer, jsonb, pgSchema, primaryKey, smallint, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * All tables, in a schema of their own, so that Tidings can share a database with other programs.
 */
export const tidings = pgSchema('tidings');

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });
/** Text in the order of code points, whatever the collation of the database. */
const bytewise = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' });
const position = (name?: string) => bigint(name ?? '', { mode: 'number' });
const instant = (name?: string) => timestamp(name ?? '', { withTimezone: true, precision: 6, mode: 'string' });

/**
 * Allocates the positions of events in the log. Cache 1, so that last_value covers every allocated
 * position. Positions stay below 2^48. When the next partition begins, the sequence skips the
 * unused rest of the current one.
 */
export const eventPosition = tidings.sequence('event_position', { startWith: 0, minValue: 0, maxValue: '281474976710655', cache: 1 });

/**
 * The log, partitioned by range of position. drizzle-kit cannot generate that, so the first
 * statement of migration 0000 was completed by hand. A step of the sequence begins the next
 * partition; dropping a partition removes a range of the log. The table `partitions` lists them.
 *
 * Two indexes hold 64-bit hashes of resource ids and of `follows`. The text itself would not fit: a
 * btree entry is limited to 2,704 bytes, and an id has up to 1,024 characters. Hashes also make the
 * entries smaller. A query that uses these indexes must compare the text as well.
 *
 * events_by_content is the content index (src/store/filter-sql/index-condition.ts): hashes of the name,
 * its beginnings and the resource id, and extents of positions; and the JSON columns.
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
    /** All labels except prefect.resource.id. */
    resourceLabels: jsonb('resource_labels').notNull(),
    /** A list of {id, role, labels}, in the order of the input. */
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
    index('events_by_content')
      .using(
        'gin',
        sql`(array[hashtext('e' || ${table.event}), hashtext("left"(${table.event}, 4)), hashtext("left"(${table.event}, 8)), hashtext("left"(${table.event}, 16)), hashtext('i' || ${table.resourceId}), ((${table.position} >> 12) & 2147483647)::int, -1 - ((${table.position} >> 18) & 2147483647)::int])`,
        table.resourceLabels.op('jsonb_path_ops'),
        table.related.op('jsonb_path_ops'),
        table.payload.op('jsonb_path_ops'),
      )
      .with({ gin_pending_list_limit: 512 }),
  ],
);

/**
 * The ids in use, across all partitions; makes ids unique. The function tidings.event_key computes
 * `key` from the id: the 16 bytes of a UUID, a shorter id itself, or 20 bytes of the SHA-256 of any
 * other id.
 */
export const eventIds = tidings.table('event_ids', {
  key: bytea().primaryKey(),
  position: position().notNull(),
});

/**
 * The partitions of `events`. Each is the table events_<first> and holds the positions from `first`
 * to before `end_position`. The sequence is in one of them: earlier ones are closed, later ones
 * were created ahead. Contract: src/store/retention/partitions.ts.
 */
export const partitions = tidings.table('partitions', {
  first: position().primaryKey(),
  endPosition: position('end_position').notNull(),
  /** The last allocated position in it, or a later one; null: more may be allocated. */
  last: position(),
  /** The time from which it received events; null: it was created ahead. */
  opened: instant(),
  /**
   * The time from which it receives no more events and has no undecided ones; null: it may still
   * receive some.
   */
  closed: instant(),
  /**
   * The time at which its events left the log; data derived from them is removed later. Null: they
   * are in the log.
   */
  removed: instant(),
});

/**
 * The progress of retention: one row, which a dump includes. See
 * src/store/retention/remove-partition.ts.
 */
export const retention = tidings.table('retention', {
  one: boolean().primaryKey().default(true),
  /**
   * The position of the last removed event; every kept event comes after it. 0: none was removed.
   */
  logStart: position('log_start').notNull(),
  /**
   * The ids of removed events up to this position are free; event_ids may still hold those of later
   * ones.
   */
  idsFreedTo: position('ids_freed_to').notNull(),
});

/**
 * The block summaries of the skip index (src/skip-index/block-summary.ts), by which a filter finds
 * the events to read. They are written behind the log's head and never change; queries read all
 * events behind the last of them.
 *
 * Programs of two versions may share a database for a while. So a change of the content of a
 * summary, such as the hash of an n-gram, needs a table of another name, or a column with a default by
 * which readers know the summaries of earlier programs. Only migration 0011 emptied
 * this table instead, before the first release.
 *
 * A custom migration stores the large columns out of line and uncompressed. So a scan of the
 * summaries reads little, and testing one bit of a Bloom filter reads one piece of it.
 */
export const blockSummaries = tidings.table(
  'digests',
  {
    first: position().notNull(),
    last: position().notNull(),
    cluster: smallint('part').notNull(),
    firstOccurred: instant('first_occurred').notNull(),
    lastOccurred: instant('last_occurred').notNull(),
    firstReceived: instant('first_received').notNull(),
    lastReceived: instant('last_received').notNull(),
    bloom: bytea('signature').notNull(),
    /** The last position of its row group. */
    rowGroup: position('chapter').notNull(),
    /** Whether the Bloom filter has the n-grams of normalized texts; false if an earlier version made it. */
    textNormalized: boolean('text_normalized').notNull().default(false),
    /** Whether the Bloom filter has the keys of labels; false if an earlier version made it. */
    labelKeys: boolean('label_keys').notNull().default(false),
  },
  (table) => [
    primaryKey({ columns: [table.last, table.cluster] }),
    index('digests_by_first_occurred').on(table.firstOccurred, table.last, table.cluster),
    index('digests_by_last_occurred').on(table.lastOccurred, table.last, table.cluster),
  ],
);

/**
 * The row groups: one Bloom filter over all block summaries of each, tested before theirs, and its
 * column chunks (see src/skip-index/columns/column-chunks.ts), by which events are counted. Row
 * groups that were written before there were column chunks have null in those columns.
 *
 * A custom migration stores all columns except the positions out of line. Since another one, a Bloom filter that
 * fits into a page, as most do, is in the row: a search tests all of them.
 */
export const rowGroups = tidings.table('digest_chapters', {
  last: position().primaryKey(),
  bloom: bytea('signature').notNull(),
  /** The position of its first event. */
  first: position(),
  occurred: bytea(),
  /**
   * The distinct event names, a JSON list of texts; `name_of` has the index of each event's name in
   * it.
   */
  names: text(),
  nameCodes: bytea('name_of'),
  /** The same for the ids of primary resources. */
  resources: text(),
  resourceCodes: bytea('resource_of'),
  /**
   * Whether chapter_columns has all its other columns; null in row groups that were written before.
   */
  hasAllColumns: boolean('complete'),
  /** As in the block summaries. */
  textNormalized: boolean('text_normalized').notNull().default(false),
  labelKeys: boolean('label_keys').notNull().default(false),
});

/**
 * Column chunks of row groups: the labels of primary resources, the roles of related ones, and
 * payload values (see src/skip-index/columns/column-ref.ts), by which events are counted. A row
 * without values: there were too many.
 */
export const columnChunks = tidings.table(
  'chapter_columns',
  {
    /** The last position of the row group. */
    rowGroup: position('chapter').notNull(),
    /** The kind of a ColumnRef, for example label, role or roles. */
    kind: text().notNull(),
    /** The label's key, the role, or the payload path. */
    name: text().notNull(),
    /** The distinct values; `value_of` has the index of each event's value in them, bit-packed. */
    values: bytea(),
    codes: bytea('value_of'),
  },
  (table) => [primaryKey({ columns: [table.rowGroup, table.kind, table.name] })],
);

/**
 * The resources that events mention, up to the end of the last row group. A trigger on
 * digest_chapters adds them, so that programs of two versions, which may share a database for a
 * while, both do. See src/store/queries/resource-ids.ts.
 *
 * The index holds prefixes of 640 characters, which are at most 2,560 bytes. Queries sort ids with
 * the same prefix.
 */
export const resources = tidings.table(
  'resources',
  {
    id: bytewise().notNull(),
    /**
     * The end of a row group: an event at or before this position, in that row group, mentions the
     * resource. Later events may mention it too, since the trigger does not update the row for each
     * of them.
     */
    mentioned: position().notNull(),
  },
  (table) => [index('resources_by_id').on(sql`"left"(${table.id}, 640)`)],
);

/**
 * Events that were rejected over a protocol that cannot report the error to the sender
 * (src/ingest/rejected-events.ts). Not part of the log; it has limits of its own.
 */
export const rejectedEvents = tidings.table('rejected_events', {
  position: position().generatedAlwaysAsIdentity().primaryKey(),
  received: instant().notNull(),
  /** The protocol by which it arrived, for example prefect. */
  protocol: text().notNull(),
  /** The API key of the sender; null: none. */
  keyId: text('key_id'),
  reason: text().notNull(),
  /**
   * The bytes as received, or the beginning of them. Not text, since they may not be valid text.
   */
  raw: bytea().notNull(),
  /** The number of bytes received. */
  bytes: integer().notNull(),
});

/** Secrets shared by the servers of this database, by purpose. See src/store/server-secret.ts. */
export const serverSecrets = tidings.table('server_secrets', {
  purpose: text().primaryKey(),
  secret: bytea().notNull(),
});

/**
 * The epochs of this log. A database that was restored or promoted elsewhere continues under a new
 * epoch from its head; cursors of an earlier epoch stay valid up to there.
 */
export const logEpochs = tidings.table('log_epochs', {
  /** 48 random bits as 12 hexadecimal digits. */
  epoch: text().primaryKey(),
  /** The head when this epoch began. */
  startsAfter: bigint('starts_after', { mode: 'number' }).notNull(),
  /** The identity of the database server, see src/store/epochs.ts. */
  database: text().notNull(),
  since: instant().notNull(),
});

/**
 * API keys and their permissions. A secret is stored as its SHA-256; it has 256 random bits, so a
 * dictionary attack cannot find it. Rows are never deleted: a server that ever had a key does not
 * become open when the last one is revoked.
 */
export const apiKeys = tidings.table('api_keys', {
  /** Also the plain part of the secret. */
  id: text().primaryKey(),
  name: text().notNull(),
  hash: bytea().notNull(),
  permissions: text().array().notNull(),
  /**
   * A GraphQL EventFilter as JSON that restricts everything the key reads; null: no restriction.
   */
  filter: text(),
  emitPrefix: text('emit_prefix'),
  created: instant().notNull(),
  expires: instant(),
  revoked: instant(),
});
