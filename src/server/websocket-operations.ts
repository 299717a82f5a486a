import { GraphQLError, type DocumentNode, type ExecutionArgs } from 'graphql';
import type { ServerOptions } from 'graphql-ws';
import type { GraphQLEndpoint } from './graphql.ts';

export interface OperationLimits {
  readonly subscriptionsPerConnection: number;
}

/** How operations that come over a WebSocket are prepared and executed: as those over HTTP, with the same plugins. */
export function operationsOver(graphql: GraphQLEndpoint, limits: OperationLimits): ServerOptions {
  return {
    async onSubscribe(connection, _id, payload) {
      if (Object.keys(connection.subscriptions).length > limits.subscriptionsPerConnection) {
        return [tooMany(limits.subscriptionsPerConnection)];
      }
      return prepare(graphql, payload);
    },
    execute: (args) => (args.rootValue as Prepared).execute(args),
    subscribe: (args) => (args.rootValue as Prepared).subscribe(args),
  };
}

interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

type Prepared = Pick<ReturnType<GraphQLEndpoint['getEnveloped']>, 'execute' | 'subscribe'>;

/** Parses and validates one operation. Its errors are the operation's: they leave the socket's others alone. */
async function prepare(
  graphql: GraphQLEndpoint,
  { query, operationName, variables }: Payload,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
    params: { query, operationName, variables },
  });
  let document: DocumentNode;
  try {
    document = parse(query) as DocumentNode;
  } catch (error) {
    return [error instanceof GraphQLError ? error : new GraphQLError('The operation cannot be read.')];
  }
  const errors = validate(schema, document) as readonly GraphQLError[];
  if (errors.length > 0) return errors;
  return {
    schema: schema as ExecutionArgs['schema'],
    document,
    ...(operationName === undefined ? {} : { operationName }),
    ...(variables === undefined || variables === null ? {} : { variableValues: variables }),
    contextValue: await contextFactory(),
    rootValue: { execute, subscribe } satisfies Prepared,
  };
}

function tooMany(limit: number): GraphQLError {
  return new GraphQLError(`expected at most ${limit} operations under way on one WebSocket`, { extensions: { code: 'LIMIT_EXCEEDED' } });
}
