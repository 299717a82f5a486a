import { GraphQLError, type DocumentNode, type ExecutionArgs } from 'graphql';
import type { ConnectionInitMessage, ServerOptions } from 'graphql-ws';
import type { GraphQLEndpoint } from './graphql.ts';
import type { Lane } from './lane.ts';
import type { Outlet } from './subscribe.ts';

export interface OperationLimits {
  readonly subscriptionsPerConnection: number;
}

/** What belongs to one WebSocket. */
export interface Extra {
  readonly lane: Lane;
}

/** How operations that come over a WebSocket are prepared and executed: as those over HTTP, with the same plugins. */
export function operationsOver(graphql: GraphQLEndpoint, limits: OperationLimits): ServerOptions<ConnectionInitMessage['payload'], Extra> {
  return {
    async onSubscribe(connection, id, payload) {
      if (Object.keys(connection.subscriptions).length > limits.subscriptionsPerConnection) {
        return [tooMany(limits.subscriptionsPerConnection)];
      }
      return prepare(graphql, payload, outletOf(connection.extra.lane, id));
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
  outlet: Outlet,
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
    params: { query, operationName, variables },
    outlet,
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

/** Results of one operation, in the frames of graphql-transport-ws. */
function outletOf(lane: Lane, id: string): Outlet {
  const before = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  return {
    hasRoom: () => lane.hasRoom,
    onRoom: (resume) => lane.onRoom(resume),
    send: (json) => lane.send(`${before}${json}}`),
  };
}

function tooMany(limit: number): GraphQLError {
  return new GraphQLError(`expected at most ${limit} operations under way on one WebSocket`, { extensions: { code: 'LIMIT_EXCEEDED' } });
}
