import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Client } from '../../auth/caller.ts';
import type { RateLimit } from '../../transport/rate-limit.ts';
import type { Metrics } from '../../metrics.ts';
import { createErrorMask, reportFailures } from './mask-error.ts';
import { parsedBody } from './request-body.ts';
import { passThroughVariables } from './passthrough-variables.ts';
import { limitCost, type CostLimits } from './cost-limit.ts';
import { DocumentCache } from './document-cache.ts';
import { limitDocuments } from './document-limits.ts';
import { withoutIntrospection } from './introspection.ts';
import { measureOperations } from './operation-metrics.ts';
import type { DocumentLimits } from './document-limit-defaults.ts';
import { setRetryAfter } from './retry-after.ts';
import { sharedSubscriptions } from './subscribe.ts';
import { graphqlPath } from './path.ts';

export interface GraphQLParts {
  readonly schema: GraphQLSchema;
  /** Makes the context of one operation. */
  readonly createContext: (client: Client) => object;
  /** Whether it takes none to come in. */
  readonly keys: { readonly isOpen: boolean };
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly limits: DocumentLimits & CostLimits;
  readonly rateLimit: RateLimit;
  readonly settings: GraphQLSettings;
}

export interface GraphQLSettings {
  readonly introspection: 'on' | 'off';
  readonly graphiql: 'on' | 'off';
}

export type GraphQLEndpoint = YogaServerInstance<Client, object>;

/** GraphQL over HTTP and SSE, with GraphiQL for browsers; what it executes with also serves WebSocket. */
export function createGraphQL({
  schema,
  createContext,
  keys,
  metrics,
  logger,
  limits,
  rateLimit,
  settings,
}: GraphQLParts): GraphQLEndpoint {
  const errors = createErrorMask(metrics, logger);
  return createYoga<Client, object>({
    schema,
    context: createContext,
    graphqlEndpoint: graphqlPath,
    landingPage: false,
    // See pages.ts.
    cors: false,
    multipart: false,
    // The body was read, within the limit of the settings.
    maxRequestBodySize: false,
    // Loaded when the first browser asks: it is large, and a server starts faster without it.
    renderGraphiQL: async (options) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
    // It sends its headers, and so a key, along with streams over HTTP, but not with WebSockets.
    graphiql: settings.graphiql === 'on' && (() => ({ title: 'Tidings', subscriptionsProtocol: keys.isOpen ? 'WS' : 'SSE', defaultQuery })),
    maskedErrors: { maskError: errors.mask },
    // Yoga's own cache keeps a thousand documents, however large, also of those that cannot be parsed.
    parserAndValidationCache: { documentCache: new DocumentCache(), errorCache: { get: () => undefined, set: () => undefined } },
    plugins: [
      parsedBody(),
      measureOperations(metrics),
      limitDocuments(limits),
      ...(settings.introspection === 'on' ? [] : [withoutIntrospection()]),
      limitCost(limits, rateLimit),
      setRetryAfter(),
      passThroughVariables(schema),
      reportFailures(errors),
      sharedSubscriptions({ maskError: errors.mask, metrics }),
    ],
    // What Yoga calls errors went through maskError, which logs those that are bugs.
    logging: {
      debug: (...args) => logger.debug(args),
      info: (...args) => logger.debug(args),
      warn: (...args) => logger.warn(args),
      error: (...args) => logger.debug(args),
    },
  });
}

const defaultQuery = `# Welcome to Tidings. Tell it what happened, ask it what happened, listen to what happens next.

mutation Tell {
  emitEvent(input: {
    event: "acme.user.logged-in"
    resource: { id: "acme.user.kiki", name: "Kiki" }
    payload: { browser: "Firefox" }
  }) {
    status
    event { id cursor }
    userErrors { field message }
  }
}

query Ask {
  events(first: 10) {
    nodes { occurred event resource { resourceId name } payload }
  }
}

subscription Listen {
  events { occurred event resource { resourceId name } cursor }
}
`;
