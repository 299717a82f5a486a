import { GraphQLError, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { ConnectionInitMessage, ServerOptions } from 'graphql-ws';
import type { Asker, Caller } from '../auth/caller.ts';
import type { GraphQLEndpoint } from './graphql.ts';
import type { Lane, Waiter } from './lane.ts';
import type { Encoded } from './shared-results.ts';
import type { Delivered, Outlet } from './subscribe.ts';

export interface OperationLimits {
  readonly subscriptionsPerConnection: number;
}

/** What belongs to one WebSocket. */
export interface Extra {
  readonly lane: Lane;
  readonly address: string;
  readonly requestId: string;
  /** The header of its HTTP request. */
  readonly authorization: string | undefined;
  /** Who opened it, once that is known. */
  caller: Caller | null;
  /** Closes it, when the caller's key has ended. */
  readonly onEnded: () => void;
}

export interface OperationParts {
  readonly graphql: GraphQLEndpoint;
  readonly limits: OperationLimits;
  /** Finds out who comes with this `authorization`, and whether they may come in. */
  readonly admit: (extra: Extra, authorization: string | undefined) => Promise<boolean>;
}

/** How operations that come over a WebSocket are prepared and executed: as those over HTTP, with the same plugins. */
export function operationsOver({ graphql, limits, admit }: OperationParts): ServerOptions<ConnectionInitMessage['payload'], Extra> {
  return {
    connectionInitWaitTimeout: initMs,
    /** False closes the socket with 4403. */
    async onConnect({ extra, connectionParams }) {
      const given = connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
      return admit(extra, typeof given === 'string' ? given : extra.authorization);
    },
    async onSubscribe(connection, id, payload) {
      if (Object.keys(connection.subscriptions).length > limits.subscriptionsPerConnection) {
        return [tooMany(limits.subscriptionsPerConnection)];
      }
      const { lane, caller, address, requestId } = connection.extra;
      if (caller === null) return [notAdmitted()]; // cannot be: graphql-ws takes none before connection_init is answered
      return prepare(graphql, payload, { caller, address, requestId, outlet: new OperationOutlet(lane, id) });
    },
    execute: (args) => (args.rootValue as Prepared).execute(args),
    async subscribe(args) {
      const result = await (args.rootValue as Prepared).subscribe(args);
      return 'delivered' in result ? result.delivered : result;
    },
    onOperation(...[, , payload, args]) {
      // A subscription may stay for months, and graphql-ws keeps these as long. They have served.
      Object.assign(payload, { query: '', variables: undefined });
      Object.assign(args, { contextValue: undefined, rootValue: undefined, variableValues: undefined });
    },
  };
}

/** How long a client has to send connection_init: it may be on a slow network, or a busy machine. */
const initMs = 10_000;

interface Payload {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

interface Prepared {
  readonly execute: (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;
  readonly subscribe: (args: ExecutionArgs) => Promise<AsyncIterableIterator<ExecutionResult> | Delivered | ExecutionResult>;
}

/** Parses and validates one operation. Its errors are the operation's: they leave the socket's others alone. */
async function prepare(
  graphql: GraphQLEndpoint,
  { query, operationName, variables }: Payload,
  asker: Asker & { readonly outlet: Outlet },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { schema, execute, subscribe, contextFactory, parse, validate } = graphql.getEnveloped({
    params: { query, operationName, variables },
    ...asker,
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
class OperationOutlet implements Outlet {
  private readonly before: string;

  constructor(
    private readonly lane: Lane,
    id: string,
  ) {
    this.before = `{"id":${JSON.stringify(id)},"type":"next","payload":`;
  }

  hasRoom(): boolean {
    return this.lane.hasRoom;
  }

  onRoom(waiter: Waiter): void {
    this.lane.onRoom(waiter);
  }

  send(encoded: Encoded): void {
    this.lane.send(this.before, encoded, '}');
  }
}

function tooMany(limit: number): GraphQLError {
  return new GraphQLError(`expected at most ${limit} operations under way on one WebSocket`, { extensions: { code: 'LIMIT_EXCEEDED' } });
}

function notAdmitted(): GraphQLError {
  return new GraphQLError('The connection was not acknowledged.', { extensions: { code: 'UNAUTHENTICATED' } });
}
