import type { IncomingMessage, ServerResponse } from 'node:http';
import { createYoga, type FetchAPI, type YogaServerInstance } from 'graphql-yoga';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Client } from '../../auth/caller.ts';
import type { TimeSlices } from '../../concurrency/time-slices.ts';
import type { Metrics } from '../../metrics.ts';
import type { SubscriptionMemory } from '../../subscriptions/subscription-memory.ts';
import type { SlowConsumers } from '../../transport/slow-consumers/slow-consumers.ts';
import type { RateLimit } from '../../transport/rate-limit.ts';
import type { ConnectionTimeouts } from '../../transport/socket-lifecycle.ts';
import { limitCost, type CostLimits } from './limits/cost-limit.ts';
import { compressResponses } from './compress-responses.ts';
import { DocumentCache } from './document-cache.ts';
import type { DocumentLimits } from './limits/document-limit-defaults.ts';
import { limitResponses } from './limits/response-limit.ts';
import { limitDocuments } from './limits/document-limits.ts';
import { setErrorCodes } from './error-codes.ts';
import { PendingStreams } from './subscribe/event-stream.ts';
import { withoutIntrospection } from './limits/introspection.ts';
import { exactResults } from './exact-results.ts';
import { createOperationExecutor } from './execute-operation.ts';
import { createErrorMask, reportFailures } from './mask-error.ts';
import { measureOperations } from './operation-metrics.ts';
import { passThroughVariables } from './subscribe/passthrough-variables.ts';
import { graphqlPath } from './path.ts';
import { persistedQueries, type PersistedQueries } from './persisted-queries.ts';
import { createPostedOperations } from './posted-operations.ts';
import { parsedBody } from './request-body.ts';
import { setRetryAfter } from './retry-after.ts';
import { sharedSubscriptions, type CursorAt } from './subscribe/subscribe.ts';
import { rejectConditionalRoots } from './subscribe/subscription-root.ts';

export interface GraphQLParts {
  readonly schema: GraphQLSchema;
  /** Creates the context of one operation. */
  readonly createContext: (client: Client) => object;
  readonly cursorAt: CursorAt;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: DocumentLimits & CostLimits & { readonly responseBytes: number; readonly eventBytes: number } & ConnectionTimeouts;
  readonly rateLimit: RateLimit;
  readonly timeSlices: TimeSlices;
  readonly memory: SubscriptionMemory;
  readonly slowConsumers: SlowConsumers;
  readonly persisted: PersistedQueries;
  readonly settings: GraphQLSettings;
}

export interface GraphQLSettings {
  readonly introspection: 'on' | 'off';
}

export interface GraphQLEndpoint extends Pick<YogaServerInstance<Client, object>, 'getEnveloped'> {
  /** Serves a request whose body was read. Always sends a response. */
  handle(request: IncomingMessage, response: ServerResponse, client: Client): Promise<void>;
}

/**
 * Serves GraphQL over HTTP and SSE. The WebSocket server executes with its plugins.
 */
export function createGraphQL({
  schema,
  createContext,
  cursorAt,
  metrics,
  logger,
  limits,
  rateLimit,
  timeSlices,
  memory,
  slowConsumers,
  persisted,
  settings,
}: GraphQLParts): GraphQLEndpoint {
  const errors = createErrorMask(metrics, logger);
  const documents = new DocumentCache();
  const pendingStreams = new PendingStreams();
  const plugins = [
    parsedBody(),
    persistedQueries(persisted),
    measureOperations(metrics),
    setErrorCodes(),
    rejectConditionalRoots(),
    limitDocuments(limits),
    ...(settings.introspection === 'on' ? [] : [withoutIntrospection()]),
    limitCost(limits, rateLimit, errors.mask),
    limitResponses(schema),
    setRetryAfter(),
    passThroughVariables(schema),
    reportFailures(errors),
    sharedSubscriptions({
      maskError: errors.mask,
      metrics,
      cursorAt,
      timeSlices,
      memory,
      slowConsumers,
      pendingStreams,
      idleMs: limits.idleMs,
      maxMessageBytes: Math.max(limits.responseBytes, 2 * limits.eventBytes),
    }),
    pendingStreams.plugin(),
    exactResults(),
    compressResponses(),
    documents.plugin(),
  ];
  const executor = createOperationExecutor(plugins, errors);
  const yoga = createYoga<Client, object>({
    schema,
    context: createContext,
    graphqlEndpoint: graphqlPath,
    landingPage: false,
    cors: false, // transport/origin-policy.ts sets the headers
    multipart: false,
    maxRequestBodySize: false, // the body was read before, within the limit of the settings
    graphiql: false, // src/server/http-server.ts serves the page
    maskedErrors: { maskError: errors.mask },
    // Yoga's own caches keep a thousand documents of any size, also those that cannot be parsed.
    parserAndValidationCache: { documentCache: documents, errorCache: { get: () => undefined, set: () => undefined } },
    plugins: [executor.plugin, ...plugins],
    // Yoga's errors have passed maskError, which logs those that are bugs.
    logging: {
      debug: (...args) => logger.debug(args),
      info: (...args) => logger.debug(args),
      warn: (...args) => logger.warn(args),
      error: (...args) => logger.debug(args),
    },
  }) as YogaServerInstance<Client, object> & { readonly fetchAPI: FetchAPI };
  const posted = createPostedOperations({ fetchAPI: yoga.fetchAPI, schema, createContext, executor, documents, persisted, errors });
  return {
    getEnveloped: yoga.getEnveloped,
    async handle(request, response, client) {
      if (!(await posted.serve(request, response, client))) await yoga.handle(request, response, client);
    },
  };
}
