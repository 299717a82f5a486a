import { createYoga, type YogaServerInstance } from 'graphql-yoga';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Asker } from '../auth/caller.ts';
import type { Metrics } from '../metrics.ts';
import { createErrorMask, reportFailures } from './mask-error.ts';
import { parsedBody } from './parsed-body.ts';
import { plainVariables } from './plain-variables.ts';
import { sharedSubscriptions } from './subscribe.ts';

export interface GraphQLParts {
  readonly schema: GraphQLSchema;
  /** Makes the context of one operation. */
  readonly createContext: (asker: Asker) => object;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export type GraphQLEndpoint = YogaServerInstance<Asker, object>;

export const graphqlPath = '/graphql';

/** GraphQL over HTTP and SSE, with GraphiQL for browsers; what it executes with also serves WebSocket. */
export function createGraphQL({ schema, createContext, metrics, logger }: GraphQLParts): GraphQLEndpoint {
  const errors = createErrorMask(metrics, logger);
  return createYoga<Asker, object>({
    schema,
    context: createContext,
    graphqlEndpoint: graphqlPath,
    landingPage: false,
    // Pages of other origins have no business here.
    cors: false,
    multipart: false,
    // The body was read, within the limit of the settings.
    maxRequestBodySize: false,
    // Loaded when the first browser asks: it is large, and a server starts faster without it.
    renderGraphiQL: async (options) => (await import('@graphql-yoga/render-graphiql')).renderGraphiQL(options),
    graphiql: { title: 'Tidings', subscriptionsProtocol: 'WS', defaultQuery },
    maskedErrors: { maskError: errors.mask },
    plugins: [parsedBody(), plainVariables(schema), reportFailures(errors), sharedSubscriptions({ maskError: errors.mask, metrics })],
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
    nodes { occurred event resource { id name } payload }
  }
}

subscription Listen {
  events { occurred event resource { id name } cursor }
}
`;
