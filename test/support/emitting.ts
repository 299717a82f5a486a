import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino from 'pino';
import { anonymous } from '../../src/auth/caller.ts';
import type { StoredEvent, EventCandidate } from '../../src/event/event.ts';
import { withDefaults } from '../../src/ingest/defaults.ts';
import { createEmitter, type Emission } from '../../src/ingest/emitter.ts';
import { createGroupCommit, type IndexerState, type GroupCommitBounds, type GroupCommit } from '../../src/ingest/group-commit.ts';
import { startNotifications } from '../../src/log/notifications.ts';
import { startTail, type Tail } from '../../src/log/tail.ts';
import { createMetrics } from '../../src/metrics.ts';
import { readSettings } from '../../src/settings.ts';
import type { Database } from '../../src/store/database/database.ts';
import type { ConflictPolicy } from '../../src/store/log/append.ts';
import { createHeadReader } from '../../src/store/log/log-head.ts';
import { openStore } from '../../src/store/open-store.ts';

export interface Process extends AsyncDisposable {
  readonly database: Database;
  readonly groupCommit: GroupCommit;
  readonly tail: Tail;
  /** The events that the tail passed on, in order. */
  readonly passed: StoredEvent[];
  /** Number of SQL statements so far. */
  statements(): number;
  emit(events: readonly EventCandidate[], onError?: ConflictPolicy): Promise<Emission>;
}

interface ProcessOptions {
  /** The embedded database has one connection, which further processes share. */
  readonly opened?: Database;
  readonly bounds?: GroupCommitBounds;
  readonly indexer?: IndexerState;
}

/** Starts the emitter and the tail of a process on a database. */
export async function startProcess(
  environment: Readonly<Record<string, string>>,
  { opened, bounds, indexer }: ProcessOptions = {},
): Promise<Process> {
  const stack = new AsyncDisposableStack();
  const settings = readSettings(environment);
  const logger = pino({ level: 'silent' });
  const metrics = createMetrics();
  const connected = opened ?? stack.use(await openStore(settings)).database;
  let statements = 0;
  const database: Database = {
    ...connected,
    rows: (statement, planned) => {
      statements += 1;
      return connected.rows(statement, planned);
    },
  };
  const heads = createHeadReader(database);
  const notifications = stack.use(await startNotifications(database, logger));
  const tail = stack.use(startTail({ database, heads, notifications, metrics, logger }));
  const passed: StoredEvent[] = [];
  tail.observe(async ({ events }) => {
    passed.push(...events);
    return () => undefined;
  });
  const groupCommit = createGroupCommit(
    { database, heads, announce: () => notifications.announce(), tail, ...(indexer && { indexer }) },
    bounds,
  );
  const emitter = createEmitter({ database, groupCommit, heads, metrics, limits: settings });
  return {
    database: connected,
    groupCommit,
    tail,
    passed,
    statements: () => statements,
    emit: (events, onError = 'SKIP_REJECTED') =>
      emitter.emit(
        events.map((event) => ({ event: withDefaults(event), path: [] })),
        onError,
        anonymous,
      ),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}
