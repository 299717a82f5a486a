import type { IncomingMessage, RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import type { Logger } from 'pino';
import { createCloudEvents } from './adapters/cloudevents/route.ts';
import { createPostEvents } from './adapters/post-events.ts';
import { createPrefectRoutes } from './adapters/prefect/http/routes.ts';
import { servePrefectSockets } from './adapters/prefect/socket/socket-server.ts';
import { startApiKeyCache } from './auth/api-key-cache.ts';
import { createApiKeys } from './auth/api-keys.ts';
import { requireKeys } from './auth/require-keys.ts';
import { PacedStarts } from './concurrency/paced-starts.ts';
import { TimeSlices } from './concurrency/time-slices.ts';
import { coalescedRead } from './concurrency/coalesce.ts';
import { formatCursor, type Epoch, type Position } from './event/cursor.ts';
import { startAuditLog } from './ingest/audit-log.ts';
import { createEmitter } from './ingest/emitter.ts';
import { createGroupCommit } from './ingest/group-commit.ts';
import { rejectedEventLimits, startRejectedEventStore } from './ingest/rejected-events.ts';
import { startNotifications } from './log/notifications.ts';
import { startTail } from './log/tail.ts';
import { startContentIndexBuilder } from './maintenance/content-index-builder.ts';
import { startIndexer } from './maintenance/indexer.ts';
import { retentionRules, startRetention } from './maintenance/retention.ts';
import { onCollect, type Metrics } from './metrics.ts';
import { version } from './package-info.ts';
import { createAuthenticator } from './server/authenticate.ts';
import { createGraphiQLPage } from './server/graphql/graphiql-page.ts';
import { documentLimits, type DocumentLimits } from './server/graphql/limits/document-limit-defaults.ts';
import type { PersistedQueries } from './server/graphql/persisted-queries.ts';
import { createRequestHandler } from './server/http-server.ts';
import type { WebPage } from './server/web-page.ts';
import { serveWebSocket } from './server/websocket-server.ts';
import type { Settings } from './settings.ts';
import type { ReadBudgets } from './store/database/read-budget.ts';
import { createHeadReader } from './store/log/log-head.ts';
import { openStore } from './store/open-store.ts';
import { createLogStartReader } from './store/log/log-start.ts';
import { CountSubscriptions } from './subscriptions/counts/count-subscription.ts';
import { createSharedMatches } from './subscriptions/matching/shared-matches.ts';
import type { SubscriptionMemory } from './subscriptions/subscription-memory.ts';
import type { ConnectionLimit } from './transport/connection-limit.ts';
import { createOriginPolicy } from './transport/origin-policy.ts';
import type { RateLimit } from './transport/rate-limit.ts';
import type { SlowConsumers } from './transport/slow-consumers/slow-consumers.ts';
import type { CloseReason, ConnectionTimeouts } from './transport/socket-lifecycle.ts';

/**
 * A session: every part of the process that knows positions of one epoch or data of one database
 * server, from the store up to the endpoints.
 *
 * Assumes: the store uses only connections to the server on which its epoch history was opened.
 *
 * Guarantees: no response and no part mixes two epochs. After `serverReplaced`, every statement of
 * the session fails with UNAVAILABLE; so an event is acknowledged only if the server of the
 * session's epoch stored it.
 *
 * Does not guarantee: that the server keeps what it acknowledged. That is for its replication.
 */
export interface EpochSession extends AsyncDisposable {
  readonly database: 'embedded' | 'postgres';
  readonly epoch: Epoch;
  /** Aborts when the address of the database leads to another primary, or the log has lost its end. */
  readonly serverReplaced: AbortSignal;
  /** Whether the log has lost its end: then the next session must begin another epoch. */
  isLogLost(): boolean;
  readonly handleRequest: RequestListener;
  handleUpgrade(request: IncomingMessage, connection: Duplex, head: Buffer): void;
  /** Closes every WebSocket so that clients reconnect. Call it before disposal ends their operations. */
  closeSockets(reason: CloseReason): Promise<void>;
}

/** The parts that outlive a session. */
export interface ProcessParts {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly rateLimit: RateLimit;
  readonly connections: ConnectionLimit;
  readonly budgets: ReadBudgets;
  readonly memory: SubscriptionMemory;
  readonly slowConsumers: SlowConsumers;
  readonly persisted: PersistedQueries;
  /** Called when a newer program has migrated the database, so this process must stop. */
  readonly onOutdated: () => void;
  /** The metrics as text, of all workers. */
  readonly readMetrics: () => Promise<string>;
  /** The event feed; null: it is off, or not built. */
  readonly webPage: WebPage | null;
}

/**
 * Starts a session on the current server of the database. `lostEpoch`: an epoch that has lost its
 * end. Throws CANNOT_START.
 */
export async function startEpochSession(
  { metrics, logger, rateLimit, connections, budgets, memory, slowConsumers, persisted, webPage, onOutdated, readMetrics }: ProcessParts,
  settings: Settings & Partial<DocumentLimits> & ConnectionTimeouts,
  lostEpoch?: Epoch,
): Promise<EpochSession> {
  await using parts = new AsyncDisposableStack();
  const limits = { ...documentLimits, ...settings };
  const replaced = new AbortController();
  let isLogLost = false;
  /** Logs which sessions keep writers from storing, if any do. */
  let checkLocks = unchecked;

  // In parallel: the embedded database starts in its own thread while this one loads GraphQL.
  // GraphQL is awaited where it is first used.
  const opening = openStore({
    ...settings,
    lostEpoch,
    logger,
    onFailure(kind) {
      metrics.databaseErrors.inc({ kind });
      if (kind === 'outdated') onOutdated();
      if (kind === 'timeout') checkLocks().catch(() => undefined);
    },
    onServerReplaced: () => replaced.abort(),
  });
  const loading = Promise.all([import('../schema/index.ts'), import('./server/graphql/yoga.ts')]);
  loading.catch(() => undefined); // an error is thrown where it is awaited
  const { database, epochHistory, connectAlone } = parts.use(await opening);

  const callers = parts.use(await startApiKeyCache({ database, logger }, { adminKey: settings.adminKey, limits }));
  requireKeys(callers, settings.host);
  const keys = createApiKeys({ database, cache: callers, limits });

  const heads = createHeadReader(database, {
    from: epochHistory.openedAt,
    onStuck: (locks) =>
      logger.error({ locks }, 'the log does not advance: these sessions hold advisory locks of writers; end those that are not Tidings'),
    onLost() {
      logger.error('the database has lost the end of the log; a new epoch begins');
      isLogLost = true;
      replaced.abort();
    },
  });
  checkLocks = coalescedRead(() => heads.checkProgress());
  const logStart = createLogStartReader(database);
  const notifications = parts.use(await startNotifications(database, logger));
  const tail = parts.use(startTail({ database, heads, notifications, metrics, logger }));
  const indexer = parts.use(startIndexer({ database, heads, notifications, tail, metrics, logger }));
  parts.use(await startContentIndexBuilder({ database, logger }, connectAlone));
  parts.use(startRetention({ database, logStart, tail, logger }, retentionRules(settings.retentionDays)));

  const groupCommit = createGroupCommit({ database, heads, announce: () => notifications.announce(), tail, indexer });
  onCollect(metrics.commitQueueEvents, () => metrics.commitQueueEvents.set(groupCommit.queued.events));
  onCollect(metrics.commitQueueBytes, () => metrics.commitQueueBytes.set(groupCommit.queued.bytes));
  const emitter = createEmitter({ database, groupCommit, heads, metrics, limits });
  const audit = parts.use(startAuditLog({ emitter, logger }));
  const rejectedEvents = parts.use(startRejectedEventStore({ database, metrics, logger }, rejectedEventLimits(settings)));

  const timeSlices = new TimeSlices();
  const pacedStarts = new PacedStarts();
  const sharedMatches = createSharedMatches({ tail, database, timeSlices, metrics });
  const liveCounts = new CountSubscriptions();

  const reads = { database, heads, budgets, logStart, tail, timeSlices, pacedStarts, sharedMatches, memory, liveCounts, epochHistory };
  const services = { ...reads, emitter, keys, audit, metrics, logger, limits, version };
  const adapterParts = { ...services, rejectedEvents, callers, rateLimit, connections, slowConsumers };
  const [{ createContext, schema }, { createGraphQL }] = await loading;
  const graphql = createGraphQL({
    schema,
    createContext: (client) => createContext(services, client),
    cursorAt: (position) => formatCursor({ epoch: epochHistory.epoch, position: position as Position }),
    metrics,
    logger,
    limits,
    rateLimit,
    timeSlices,
    memory,
    slowConsumers,
    persisted,
    settings,
  });

  const endpointParts = {
    graphql,
    persisted,
    authenticator: createAuthenticator({ callers, audit, pacedStarts }, settings),
    originPolicy: createOriginPolicy(settings, callers),
    connections,
    pacedStarts,
    slowConsumers,
    metrics,
    logger,
    limits,
  };
  const handleRequest = createRequestHandler({
    ...endpointParts,
    readMetrics,
    checkReady: () => heads.checkProgress(),
    webPage,
    graphiql: settings.graphiql === 'on' ? createGraphiQLPage(callers) : null,
    version,
    adapters: [createPostEvents(adapterParts), createCloudEvents(adapterParts), createPrefectRoutes(adapterParts)],
  });
  const prefectSockets = servePrefectSockets(adapterParts);
  const sockets = serveWebSocket({ ...endpointParts, adapters: [prefectSockets] });

  const running = parts.move();
  return {
    database: database.kind,
    epoch: epochHistory.epoch,
    serverReplaced: replaced.signal,
    isLogLost: () => isLogLost,
    handleRequest,
    handleUpgrade: sockets.upgrade,
    async closeSockets(reason) {
      await sockets.close(reason);
      await prefectSockets.close(reason);
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** Before there is a head reader. */
async function unchecked(): Promise<void> {}
