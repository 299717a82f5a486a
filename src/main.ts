import cluster from 'node:cluster';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino, { type Logger } from 'pino';
import { checkClosed } from './auth/require-keys.ts';
import { startKeyRing } from './auth/api-key-cache.ts';
import { createKeys } from './auth/api-keys.ts';
import type { Settings } from './settings.ts';
import { createCloudEvents } from './adapters/cloudevents/route.ts';
import { createPostEvents } from './adapters/post-events.ts';
import { createPrefectRoutes } from './adapters/prefect/http/routes.ts';
import { servePrefectSockets } from './adapters/prefect/socket/socket-server.ts';
import { quarantineRules, startQuarantine } from './ingest/rejected-events.ts';
import { startAudit } from './ingest/audit-log.ts';
import { createEmitter } from './ingest/emitter.ts';
import { createSharedBatches } from './ingest/group-commit.ts';
import { LiveCounts } from './subscriptions/counts/count-subscription.ts';
import { createWatches } from './subscriptions/matching/shared-matches.ts';
import { startDigesting } from './maintenance/indexer.ts';
import { rulesFor, startRetention } from './maintenance/retention.ts';
import { startTail } from './log/tail.ts';
import { startWakeups } from './log/notifications.ts';
import { atReading, createMetrics } from './metrics.ts';
import { version } from './package-info.ts';
import { createAdmission, type AdmissionParts } from './server/authenticate.ts';
import { Allowance } from './transport/rate-limit.ts';
import { Connections } from './transport/connection-limit.ts';
import { createHttp, listen } from './server/http-server.ts';
import { createPages } from './transport/origin-policy.ts';
import { documentLimits, type DocumentLimits } from './server/graphql/document-limit-defaults.ts';
import { trackRequests } from './server/graceful-shutdown.ts';
import { countBytes } from './server/network-metrics.ts';
import { serveWebSocket } from './server/websocket-server.ts';
import { createHeadReader } from './store/log/log-head.ts';
import { openStore } from './store/open-store.ts';
import { readRemoved } from './store/retention/log-start.ts';
import { readMetricsOfAll } from './cluster-metrics.ts';

/** A server that runs. */
export interface Tidings extends AsyncDisposable {
  /** Where it listens, for example http://127.0.0.1:4000. */
  readonly url: string;
  readonly database: 'embedded' | 'postgres';
}

/**
 * The server's door: starts the parts in order; disposing stops them in reverse. Documents may be as large as `settings`
 * say, where they do. Throws CANNOT_START.
 */
export async function startTidings(
  settings: Settings & Partial<DocumentLimits>,
  logger: Logger = createLogger(settings),
): Promise<Tidings> {
  await using starting = new AsyncDisposableStack();

  const metrics = createMetrics();
  // Loading GraphQL takes as long as the embedded database takes to start on its own thread: side by side.
  const opening = openStore({ ...settings, failed: (kind) => metrics.databaseErrors.inc({ kind }) });
  const loading = Promise.all([import('../schema/index.ts'), import('./server/graphql/yoga.ts')]);
  const { database, lineage } = starting.use(await opening);
  const [{ createContext, schema }, { createGraphQL }] = await loading;

  const ring = starting.use(await startKeyRing({ database, logger }, { adminKey: settings.adminKey, limits: settings }));
  checkClosed(ring, settings.host);
  const keys = createKeys({ database, ring, limits: settings });
  const heads = createHeadReader(database);
  const wakeups = starting.use(await startWakeups(database, logger));
  const tail = starting.use(startTail({ database, heads, wakeups, metrics, logger }));
  const digesting = starting.use(startDigesting({ database, heads, wakeups, tail, metrics, logger }));
  const removedUpTo = readRemoved(database);
  starting.use(startRetention({ database, removedUpTo, tail, logger }, rulesFor(settings.retentionDays)));
  const batches = createSharedBatches({ database, heads, announce: () => wakeups.announce(), tail, digesting });
  atReading(metrics.waitingEvents, () => metrics.waitingEvents.set(batches.waiting.events));
  atReading(metrics.waitingBytes, () => metrics.waitingBytes.set(batches.waiting.bytes));
  const emitter = createEmitter({ database, batches, heads, metrics, limits: settings });
  const audit = starting.use(startAudit({ emitter, logger }));

  const watches = createWatches(tail, metrics);
  const liveCounts = new LiveCounts();
  const limits = { ...documentLimits, ...settings };
  const services = {
    database,
    heads,
    removedUpTo,
    tail,
    watches,
    liveCounts,
    metrics,
    logger,
    emitter,
    keys,
    audit,
    lineage,
    limits,
    version,
  };
  const allowance = new Allowance(settings.costPerMinute);
  const connections = new Connections(settings.connectionsPerClient);
  const graphql = createGraphQL({
    schema,
    createContext: (asker) => createContext(services, asker),
    keys: ring,
    metrics,
    logger,
    limits,
    allowance,
    settings,
  });
  const onRefused: AdmissionParts['onRefused'] = (refusal) => {
    metrics.refused.inc({ reason: refusal.reason });
    audit.refused(refusal);
  };
  const admission = createAdmission({ callers: ring, onRefused });
  const pages = createPages(settings, ring);
  const quarantine = starting.use(startQuarantine({ database, metrics, logger }, quarantineRules(settings)));
  const doors = { ...services, quarantine, callers: ring, allowance, connections };
  const checkReady = async (): Promise<void> => void (await heads.head());
  const readMetrics = cluster.isWorker ? readMetricsOfAll(metrics.registry) : () => metrics.registry.metrics();
  const http = createHttp({
    graphql,
    admission,
    logger,
    pages,
    connections,
    counters: metrics,
    metrics: { contentType: metrics.registry.contentType, read: readMetrics },
    checkReady,
    limits: settings,
    version,
    doors: [createPostEvents(doors), createCloudEvents(doors), createPrefectRoutes(doors)],
  });
  const underWay = trackRequests(http);
  countBytes(http, metrics);
  const url = await listen(http, settings.port, settings.host);
  starting.defer(() => underWay.stop(settings.stopTimeout));
  const prefect = starting.use(servePrefectSockets(doors));
  const socketParts = { http, graphql, admission, pages, connections, metrics, logger, limits: settings };
  starting.use(serveWebSocket({ ...socketParts, doors: [prefect] }));

  const started = starting.move();
  return { url, database: database.kind, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
}

function createLogger({ logLevel }: Settings): Logger {
  return pino({ level: logLevel }, pino.destination(2));
}
