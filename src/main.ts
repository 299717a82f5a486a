import cluster from 'node:cluster';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino, { type Logger } from 'pino';
import { requireKeys } from './auth/require-keys.ts';
import { startApiKeyCache } from './auth/api-key-cache.ts';
import { createApiKeys } from './auth/api-keys.ts';
import type { Settings } from './settings.ts';
import { createCloudEvents } from './adapters/cloudevents/route.ts';
import { createPostEvents } from './adapters/post-events.ts';
import { createPrefectRoutes } from './adapters/prefect/http/routes.ts';
import { servePrefectSockets } from './adapters/prefect/socket/socket-server.ts';
import { rejectedEventLimits, startRejectedEventStore } from './ingest/rejected-events.ts';
import { startAuditLog } from './ingest/audit-log.ts';
import { createEmitter } from './ingest/emitter.ts';
import { createGroupCommit } from './ingest/group-commit.ts';
import { CountSubscriptions } from './subscriptions/counts/count-subscription.ts';
import { createSharedMatches } from './subscriptions/matching/shared-matches.ts';
import { startIndexer } from './maintenance/indexer.ts';
import { retentionRules, startRetention } from './maintenance/retention.ts';
import { startTail } from './log/tail.ts';
import { startNotifications } from './log/notifications.ts';
import { onCollect, createMetrics } from './metrics.ts';
import { version } from './package-info.ts';
import { createAuthenticator, type AuthenticatorParts } from './server/authenticate.ts';
import { RateLimit } from './transport/rate-limit.ts';
import { ConnectionLimit } from './transport/connection-limit.ts';
import { createHttpServer, listen } from './server/http-server.ts';
import { createOriginPolicy } from './transport/origin-policy.ts';
import { documentLimits, type DocumentLimits } from './server/graphql/document-limit-defaults.ts';
import { trackRequests } from './server/graceful-shutdown.ts';
import { countBytes } from './server/network-metrics.ts';
import { serveWebSocket } from './server/websocket-server.ts';
import { createHeadReader } from './store/log/log-head.ts';
import { openStore } from './store/open-store.ts';
import { createLogStartReader } from './store/retention/log-start.ts';
import { readClusterMetrics } from './cluster-metrics.ts';

/** A server that runs. */
export interface Tidings extends AsyncDisposable {
  /** Where it listens, for example http://127.0.0.1:4000. */
  readonly url: string;
  readonly database: 'embedded' | 'postgres';
}

/**
 * The server's door: starts the parts in order; disposing stops them in reverse. Documents may be
 * as large as `settings` say, where they do. Throws CANNOT_START.
 */
export async function startTidings(
  settings: Settings & Partial<DocumentLimits>,
  logger: Logger = createLogger(settings),
): Promise<Tidings> {
  await using starting = new AsyncDisposableStack();

  const metrics = createMetrics();
  // Loading GraphQL takes about as long as the embedded database takes to start on its own thread.
  // They run in parallel: the parts that need only the database start before the first use of
  // GraphQL below.
  const opening = openStore({ ...settings, onFailure: (kind) => metrics.databaseErrors.inc({ kind }) });
  const loading = Promise.all([import('../schema/index.ts'), import('./server/graphql/yoga.ts')]);
  loading.catch(() => undefined); // thrown below
  const { database, epochHistory } = starting.use(await opening);

  const apiKeyCache = starting.use(await startApiKeyCache({ database, logger }, { adminKey: settings.adminKey, limits: settings }));
  requireKeys(apiKeyCache, settings.host);
  const keys = createApiKeys({ database, cache: apiKeyCache, limits: settings });
  const heads = createHeadReader(database);
  const notifications = starting.use(await startNotifications(database, logger));
  const tail = starting.use(startTail({ database, heads, notifications, metrics, logger }));
  const indexer = starting.use(startIndexer({ database, heads, notifications, tail, metrics, logger }));
  const logStart = createLogStartReader(database);
  starting.use(startRetention({ database, logStart, tail, logger }, retentionRules(settings.retentionDays)));
  const groupCommit = createGroupCommit({ database, heads, announce: () => notifications.announce(), tail, indexer });
  onCollect(metrics.commitQueueEvents, () => metrics.commitQueueEvents.set(groupCommit.queued.events));
  onCollect(metrics.commitQueueBytes, () => metrics.commitQueueBytes.set(groupCommit.queued.bytes));
  const emitter = createEmitter({ database, groupCommit, heads, metrics, limits: settings });
  const audit = starting.use(startAuditLog({ emitter, logger }));

  const sharedMatches = createSharedMatches(tail, metrics);
  const liveCounts = new CountSubscriptions();
  const limits = { ...documentLimits, ...settings };
  const services = {
    database,
    heads,
    logStart,
    tail,
    sharedMatches,
    liveCounts,
    metrics,
    logger,
    emitter,
    keys,
    audit,
    epochHistory,
    limits,
    version,
  };
  const rateLimit = new RateLimit(settings.costPerMinute);
  const connections = new ConnectionLimit(settings.connectionsPerClient);
  const [{ createContext, schema }, { createGraphQL }] = await loading;
  const graphql = createGraphQL({
    schema,
    createContext: (client) => createContext(services, client),
    keys: apiKeyCache,
    metrics,
    logger,
    limits,
    rateLimit,
    settings,
  });
  const onRejected: AuthenticatorParts['onRejected'] = (rejection) => {
    metrics.rejectedRequests.inc({ reason: rejection.reason });
    audit.rejected(rejection);
  };
  const authenticator = createAuthenticator({ callers: apiKeyCache, onRejected });
  const originPolicy = createOriginPolicy(settings, apiKeyCache);
  const rejectedEvents = starting.use(startRejectedEventStore({ database, metrics, logger }, rejectedEventLimits(settings)));
  const adapters = { ...services, rejectedEvents, callers: apiKeyCache, rateLimit, connections };
  const checkReady = async (): Promise<void> => void (await heads.head());
  const readMetrics = cluster.isWorker ? readClusterMetrics(metrics.registry) : () => metrics.registry.metrics();
  const http = createHttpServer({
    graphql,
    authenticator,
    logger,
    originPolicy,
    connections,
    counters: metrics,
    metrics: { contentType: metrics.registry.contentType, read: readMetrics },
    checkReady,
    limits: settings,
    version,
    adapters: [createPostEvents(adapters), createCloudEvents(adapters), createPrefectRoutes(adapters)],
  });
  const requestTracker = trackRequests(http);
  countBytes(http, metrics);
  const url = await listen(http, settings.port, settings.host);
  starting.defer(() => requestTracker.shutDown(settings.shutdownTimeout));
  const prefect = starting.use(servePrefectSockets(adapters));
  const socketParts = { http, graphql, authenticator, originPolicy, connections, metrics, logger, limits: settings };
  starting.use(serveWebSocket({ ...socketParts, adapters: [prefect] }));

  const started = starting.move();
  return { url, database: database.kind, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
}

function createLogger({ logLevel }: Settings): Logger {
  return pino({ level: logLevel }, pino.destination(2));
}
