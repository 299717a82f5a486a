import type { Socket } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { AsyncDisposableStack } from '@whatwg-node/disposablestack';
import pino, { type Logger } from 'pino';
import { metricsReader } from './cluster-metrics.ts';
import { retry } from './concurrency/retry.ts';
import { startEpochSession, type EpochSession } from './epoch-session.ts';
import { TidingsError } from './errors.ts';
import { createMetrics } from './metrics.ts';
import { trackRequests } from './server/graceful-shutdown.ts';
import type { DocumentLimits } from './server/graphql/limits/document-limit-defaults.ts';
import { PersistedQueries } from './server/graphql/persisted-queries.ts';
import { createHttpServer, listen } from './server/http-server.ts';
import { countBytes } from './server/network-metrics.ts';
import { watchOpenFiles } from './server/open-files.ts';
import { readWebPage } from './server/web-page.ts';
import type { Settings } from './settings.ts';
import { createReadBudgets } from './store/database/read-budget.ts';
import { SlowConsumers } from './transport/slow-consumers/slow-consumers.ts';
import type { ConnectionTimeouts } from './transport/socket-lifecycle.ts';
import { SubscriptionMemory, subscriptionMemoryBounds } from './subscriptions/subscription-memory.ts';
import { ConnectionLimit } from './transport/connection-limit.ts';
import { RateLimit } from './transport/rate-limit.ts';
import { UnauthenticatedConnections } from './transport/unauthenticated-connections.ts';

/** A running server. */
export interface Tidings extends AsyncDisposable {
  /** The address that it listens on, for example http://127.0.0.1:4000. */
  readonly url: string;
  readonly database: 'embedded' | 'postgres';
  /** Resolves with the reason when the server must stop: a newer program has migrated the database. */
  readonly outdated: Promise<TidingsError>;
}

/**
 * Starts a server: one session after another (epoch-session.ts) behind one listening port. The next
 * session starts when the address of the database leads to another primary.
 *
 *   session --server replaced--> every statement fails, while the next session starts
 *                                  '--> next session takes new requests; streams of the previous
 *                                       one are cut, its sockets closed with 1012; then it ends
 *
 * `settings` can replace the limits of GraphQL documents. Throws CANNOT_START.
 */
export async function startTidings(
  settings: Settings & Partial<DocumentLimits> & ConnectionTimeouts,
  logger: Logger = createLogger(settings),
): Promise<Tidings> {
  await using parts = new AsyncDisposableStack();
  const metrics = createMetrics();
  let stopOutdated: (reason: TidingsError) => void = noop;
  const outdated = new Promise<TidingsError>((resolve) => (stopOutdated = resolve));
  const { heap_size_limit: heapBytes } = getHeapStatistics();
  const memory = new SubscriptionMemory(subscriptionMemoryBounds(heapBytes), metrics);
  const processParts = {
    metrics,
    logger,
    rateLimit: new RateLimit(settings.costPerMinute),
    connections: new ConnectionLimit(settings.connectionsPerClient),
    budgets: createReadBudgets(settings.responseBytes, heapBytes),
    memory,
    slowConsumers: new SlowConsumers({ memory, metrics, logger }),
    persisted: new PersistedQueries(),
    webPage: settings.feed === 'on' ? readWebPage() : null,
    onOutdated: () => stopOutdated(outdatedError()),
    readMetrics: metricsReader(metrics.registry),
  };
  let session = await startEpochSession(processParts, settings);
  parts.defer(() => session[Symbol.asyncDispose]());

  const http = createHttpServer((request, response) => session.handleRequest(request, response));
  const requestTracker = trackRequests(http);
  countBytes(http, metrics);
  watchOpenFiles(http, logger);
  const unauthenticated = new UnauthenticatedConnections(settings.unauthenticatedConnections, metrics);
  http.on('connection', (connection: Socket) => unauthenticated.add(connection));
  const url = await listen(http, settings.port, settings.host);
  parts.defer(() => requestTracker.shutDown(settings.shutdownTimeout));
  http.on('upgrade', (request, connection, head) => {
    unauthenticated.add(request.socket); // through a proxy, its earlier requests can be those of another client
    session.handleUpgrade(request, connection, head);
  });
  parts.defer(() => session.closeSockets('SHUTDOWN'));

  const stopping = new AbortController();
  let ending = Promise.resolve();
  const end = async (previous: EpochSession): Promise<void> => {
    try {
      await previous.closeSockets('DATABASE_REPLACED');
      await previous[Symbol.asyncDispose]();
    } catch (error) {
      logger.error({ err: error }, 'the session of the previous database server did not end cleanly');
    }
  };
  const replaceSessions = async (): Promise<void> => {
    while (await isReplaced(session.serverReplaced, stopping.signal)) {
      logger.warn({ epoch: session.epoch }, 'the database is another server; changing to it');
      const lostEpoch = session.isLogLost() ? session.epoch : undefined;
      const next = await retry(() => startEpochSession(processParts, settings, lostEpoch), {
        backoff: startBackoff,
        signal: stopping.signal,
        onFirstFailure: (error) => logger.warn({ err: error }, 'the other database server cannot be used yet; retrying'),
      });
      if (next === 'CANCELLED') return;
      const previous = session;
      session = next;
      if (next.epoch !== previous.epoch) metrics.logEpochs.inc();
      logger.warn({ epoch: next.epoch }, 'the server has changed to another database server');
      requestTracker.cutStreams();
      ending = Promise.all([ending, end(previous)]).then(() => undefined);
    }
  };
  const replacing = replaceSessions();
  parts.defer(async () => {
    stopping.abort();
    await replacing;
    await ending;
  });

  const running = parts.move();
  return { url, database: session.database, outdated, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

/** Waits for either signal. Returns false if the process stops. */
async function isReplaced(replaced: AbortSignal, stopping: AbortSignal): Promise<boolean> {
  const either = AbortSignal.any([replaced, stopping]);
  if (!either.aborted) await new Promise((resolve) => either.addEventListener('abort', resolve));
  return !stopping.aborted;
}

const noop = (): void => undefined;

function outdatedError(): TidingsError {
  const message = 'A newer version of Tidings has migrated the database, so this process stops. Start that version or a later one.';
  return new TidingsError('CANNOT_START', message);
}

function createLogger({ logLevel }: Settings): Logger {
  return pino({ level: logLevel }, pino.destination(2));
}

/** Statements fail at once while no session can start, so a short delay costs little. */
const startBackoff = { initialDelayMs: 100, maxDelayMs: 2000 } as const;
