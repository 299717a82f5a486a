import { getHeapStatistics } from 'node:v8';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino, { type Logger } from 'pino';
import { createCloudEvents } from './adapters/cloudevents/route.ts';
import { createPostEvents } from './adapters/post-events.ts';
import { createPrefectRoutes } from './adapters/prefect/http/routes.ts';
import { servePrefectSockets } from './adapters/prefect/socket/socket-server.ts';
import { startApiKeyCache } from './auth/api-key-cache.ts';
import { createApiKeys } from './auth/api-keys.ts';
import { requireKeys } from './auth/require-keys.ts';
import { metricsReader } from './cluster-metrics.ts';
import { startAuditLog } from './ingest/audit-log.ts';
import { createEmitter } from './ingest/emitter.ts';
import { createGroupCommit } from './ingest/group-commit.ts';
import { rejectedEventLimits, startRejectedEventStore } from './ingest/rejected-events.ts';
import { startNotifications } from './log/notifications.ts';
import { startTail } from './log/tail.ts';
import { startIndexer } from './maintenance/indexer.ts';
import { retentionRules, startRetention } from './maintenance/retention.ts';
import { TidingsError } from './errors.ts';
import { createMetrics, onCollect } from './metrics.ts';
import { version } from './package-info.ts';
import { createAuthenticator } from './server/authenticate.ts';
import { trackRequests } from './server/graceful-shutdown.ts';
import { documentLimits, type DocumentLimits } from './server/graphql/limits/document-limit-defaults.ts';
import { PersistedQueries } from './server/graphql/persisted-queries.ts';
import { createHttpServer, listen } from './server/http-server.ts';
import { countBytes } from './server/network-metrics.ts';
import { serveWebSocket } from './server/websocket-server.ts';
import type { Settings } from './settings.ts';
import { createReadBudgets } from './store/database/read-budget.ts';
import { createHeadReader } from './store/log/log-head.ts';
import type { StatementFailure } from './store/database/database.ts';
import { openStore } from './store/open-store.ts';
import { createLogStartReader } from './store/retention/log-start.ts';
import { CountSubscriptions } from './subscriptions/counts/count-subscription.ts';
import { createSharedMatches } from './subscriptions/matching/shared-matches.ts';
import { ConnectionLimit } from './transport/connection-limit.ts';
import { createOriginPolicy } from './transport/origin-policy.ts';
import { formatCursor, type Position } from './event/cursor.ts';
import { RateLimit } from './transport/rate-limit.ts';

/** A running server. */
export interface Tidings extends AsyncDisposable {
  /** The address that it listens on, for example http://127.0.0.1:4000. */
  readonly url: string;
  readonly database: 'embedded' | 'postgres';
  /** Resolves with the reason when the server must stop: a newer program has migrated the database. */
  readonly outdated: Promise<TidingsError>;
}

/**
 * Starts a server: composes its parts from the store up to the endpoints. Disposing stops them in
 * reverse order. `settings` can replace the limits of GraphQL documents. Throws CANNOT_START.
 */
export async function startTidings(
  settings: Settings & Partial<DocumentLimits>,
  logger: Logger = createLogger(settings),
): Promise<Tidings> {
  await using parts = new AsyncDisposableStack();
  const metrics = createMetrics();
  const limits = { ...documentLimits, ...settings };

  let stopOutdated: (reason: TidingsError) => void = noop;
  const outdated = new Promise<TidingsError>((resolve) => (stopOutdated = resolve));
  const onFailure = (kind: StatementFailure): void => {
    metrics.databaseErrors.inc({ kind });
    if (kind === 'outdated') stopOutdated(outdatedError());
  };

  // In parallel: the embedded database starts in its own thread while this one loads GraphQL.
  // GraphQL is awaited where it is first used.
  const opening = openStore({ ...settings, logger, onFailure });
  const loading = Promise.all([import('../schema/index.ts'), import('./server/graphql/yoga.ts')]);
  loading.catch(() => undefined); // an error is thrown where it is awaited
  const { database, epochHistory } = parts.use(await opening);

  const callers = parts.use(await startApiKeyCache({ database, logger }, { adminKey: settings.adminKey, limits }));
  requireKeys(callers, settings.host);
  const keys = createApiKeys({ database, cache: callers, limits });

  const heads = createHeadReader(database);
  const logStart = createLogStartReader(database);
  const notifications = parts.use(await startNotifications(database, logger));
  const tail = parts.use(startTail({ database, heads, notifications, metrics, logger }));
  const indexer = parts.use(startIndexer({ database, heads, notifications, tail, metrics, logger }));
  parts.use(startRetention({ database, logStart, tail, logger }, retentionRules(settings.retentionDays)));

  const groupCommit = createGroupCommit({ database, heads, announce: () => notifications.announce(), tail, indexer });
  onCollect(metrics.commitQueueEvents, () => metrics.commitQueueEvents.set(groupCommit.queued.events));
  onCollect(metrics.commitQueueBytes, () => metrics.commitQueueBytes.set(groupCommit.queued.bytes));
  const emitter = createEmitter({ database, groupCommit, heads, metrics, limits });
  const audit = parts.use(startAuditLog({ emitter, logger }));
  const rejectedEvents = parts.use(startRejectedEventStore({ database, metrics, logger }, rejectedEventLimits(settings)));

  const sharedMatches = createSharedMatches(tail, metrics);
  const liveCounts = new CountSubscriptions();

  const budgets = createReadBudgets(settings.responseBytes, getHeapStatistics().heap_size_limit);
  const reads = { database, heads, budgets, logStart, tail, sharedMatches, liveCounts, epochHistory };
  const services = { ...reads, emitter, keys, audit, metrics, logger, limits, version };
  const rateLimit = new RateLimit(settings.costPerMinute);
  const connections = new ConnectionLimit(settings.connectionsPerClient);
  const adapterParts = { ...services, rejectedEvents, callers, rateLimit, connections };
  const persisted = new PersistedQueries();
  const [{ createContext, schema }, { createGraphQL }] = await loading;
  const graphql = createGraphQL({
    schema,
    createContext: (client) => createContext(services, client),
    cursorAt: (position) => formatCursor({ epoch: epochHistory.epoch, position: position as Position }),
    keys: callers,
    metrics,
    logger,
    limits,
    rateLimit,
    persisted,
    settings,
  });

  const endpointParts = {
    graphql,
    persisted,
    authenticator: createAuthenticator({ callers, audit }),
    originPolicy: createOriginPolicy(settings, callers),
    connections,
    metrics,
    logger,
    limits,
  };
  const http = createHttpServer({
    ...endpointParts,
    readMetrics: metricsReader(metrics.registry),
    checkReady: () => heads.head(),
    servesGraphiQL: settings.graphiql === 'on',
    version,
    adapters: [createPostEvents(adapterParts), createCloudEvents(adapterParts), createPrefectRoutes(adapterParts)],
  });
  const requestTracker = trackRequests(http);
  countBytes(http, metrics);
  const url = await listen(http, settings.port, settings.host);
  parts.defer(() => requestTracker.shutDown(settings.shutdownTimeout));
  const prefectSockets = parts.use(servePrefectSockets(adapterParts));
  parts.use(serveWebSocket({ ...endpointParts, http, adapters: [prefectSockets] }));

  const running = parts.move();
  return { url, database: database.kind, outdated, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

const noop = (): void => undefined;

function outdatedError(): TidingsError {
  const message = 'A newer version of Tidings has migrated the database, so this process stops. Start that version or a later one.';
  return new TidingsError('CANNOT_START', message);
}

function createLogger({ logLevel }: Settings): Logger {
  return pino({ level: logLevel }, pino.destination(2));
}
