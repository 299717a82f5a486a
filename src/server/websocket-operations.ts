import type { Duplex } from 'node:stream';
import { getOperationAST, GraphQLError, type DocumentNode, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { ConnectionInitMessage, ServerOptions } from 'graphql-ws';
import type { Caller, Client } from '../auth/caller.ts';
import type { Metrics } from '../metrics.ts';
import type { DrainListener } from '../concurrency/wake-signal.ts';
import { rateLimitKeyOf } from '../transport/client.ts';
import { Envelope, type EncodedMessage, type SocketWriter } from '../transport/socket-writer.ts';
import { LimitError } from './graphql/limits/limit-error.ts';
import type { ErrorMask } from './graphql/mask-error.ts';
import type { PersistedQueries } from './graphql/persisted-queries.ts';
import type { Delivered, ResultSink } from './graphql/subscribe/subscribe.ts';
import type { GraphQLEndpoint } from './graphql/yoga.ts';
import type { ExactMessages } from './exact-messages.ts';
import { authorizationIn } from './connection-params.ts';
import { maxIdLength } from './invalid-message.ts';
import type { RunningOperation, RunningOperations } from './running-operations.ts';
import { hasErrors, unknownOperation, withoutStatus } from './operation-errors.ts';

export interface OperationLimits {
  readonly subscriptionsPerConnection: number;
}

/** The state of one WebSocket. */
export interface Extra {
  /** The connection below the WebSocket. */
  readonly connection: Duplex;
  readonly writer: SocketWriter;
  readonly exactMessages: ExactMessages;
  readonly address: string;
  readonly requestId: string;
  /** Bytes of the message that is being handled. */
  messageBytes: number;
  /** The `Authorization` header of its HTTP request. */
  readonly authorization: string | undefined;
  /** Null until connection_init is authenticated. */
  caller: Caller | null;
  /** Counts the socket among the connections of the caller's key. */
  connectionSlot: Disposable | null;
  isClosed: boolean;
  /** Whether no message was handled after connection_init. */
  isOpening: boolean;
  /** Whether it accepts operations, and none with this id is running. */
  canRun: (id: string) => boolean;
  readonly operations: RunningOperations;
  /** The budgets of running queries and mutations by their payload, to dispose them when their responses are sent. */
  readonly budgets: Map<object, Disposable>;
  /** Closes the socket when the caller's key ends. */
  readonly onEnded: () => void;
}

export interface OperationParts {
  readonly graphql: GraphQLEndpoint;
  readonly persisted: PersistedQueries;
  readonly limits: OperationLimits;
  readonly metrics: Pick<Metrics, 'rejectedRequests'>;
  readonly errors: ErrorMask;
  /** Identifies the caller, and returns whether the socket is accepted. */
  readonly authenticate: (extra: Extra, authorization: string | undefined) => Promise<boolean>;
}

/**
 * Options of graphql-ws that prepare and execute operations like those over HTTP, with the same
 * plugins.
 */
export function createOperationOptions({
  graphql,
  persisted,
  limits,
  metrics,
  errors,
  authenticate,
}: OperationParts): ServerOptions<ConnectionInitMessage['payload'], Extra> {
  /** Any other error would close the socket, and so end its other operations. */
  const isolated = async <T>(requestId: string, run: () => Promise<T> | T): Promise<T | readonly [GraphQLError]> => {
    try {
      return await run();
    } catch (error) {
      errors.report(error, requestId);
      return [errors.mask(error) as GraphQLError];
    }
  };
  const isolatedResult = async <T extends object>({ extra }: Prepared, run: () => Promise<T> | T): Promise<T | ExecutionResult> => {
    const result = await isolated(extra.requestId, run);
    if (Array.isArray(result)) return { errors: result as readonly [GraphQLError] };
    return hasErrors(result) ? { ...result, errors: result.errors.map(withoutStatus) } : (result as T);
  };
  return {
    connectionInitWaitTimeout: connectionInitTimeoutMs,
    /** False: the handshake is rejected. */
    async onConnect(connection) {
      const { extra, connectionParams } = connection;
      Object.assign(connection, { connectionParams: undefined }); // they contain the key, and can be large
      const isAccepted = await authenticate(extra, authorizationIn(connectionParams) ?? extra.authorization);
      if (isAccepted) extra.canRun = (id) => connection.acknowledged && !(id in connection.subscriptions);
      return isAccepted;
    },
    async onSubscribe(connection, id, payload) {
      const activeOperations = Object.keys(connection.subscriptions).length;
      const limitError = activeOperations > limits.subscriptionsPerConnection ? tooMany(limits.subscriptionsPerConnection) : tooLong(id);
      if (limitError !== null) {
        metrics.rejectedRequests.inc({ reason: 'LIMIT_EXCEEDED' });
        return [limitError];
      }
      const { writer, caller, address, requestId } = connection.extra;
      // Unreachable: graphql-ws accepts no operation before it has acknowledged the connection.
      if (caller === null) return [notAcknowledged()];
      const { extra } = connection;
      const operation = extra.operations.begin(id);
      const reader = { client: rateLimitKeyOf({ caller, address }), signal: operation.signal };
      const { messageBytes: requestBytes } = extra;
      const client = { caller, address, requestId, requestBytes, reader, extra, operation, sink: new OperationSink(writer, id) };
      const prepared = await isolated(requestId, () => prepare({ graphql, persisted }, payload, client));
      if (!('document' in prepared)) operation.end();
      return prepared;
    },
    async execute(args) {
      const prepared = args.rootValue as Prepared;
      const { budget } = args.contextValue as { readonly budget: Disposable };
      prepared.extra.budgets.set(prepared.payload, budget);
      const result = await isolatedResult(prepared, () => prepared.execute(args));
      prepared.operation.end();
      return result;
    },
    async subscribe(args) {
      const prepared = args.rootValue as Prepared;
      const { subscribe, operation } = prepared;
      const result = await isolatedResult(prepared, () => subscribe(args));
      if ('delivered' in result) {
        await operation.setUp(result.delivered);
        return result.delivered;
      }
      operation.end();
      return result;
    },
    onNext: (...[{ extra }, id, , , result]) => extra.exactMessages.payloadOf(id, result),
    onComplete({ extra }, _id, payload) {
      extra.budgets.get(payload)?.[Symbol.dispose]();
      extra.budgets.delete(payload);
    },
    onOperation(...[, , payload, args]) {
      // graphql-ws keeps these until the subscription ends, perhaps for months, but does not use
      // them again.
      Object.assign(payload, { query: '', variables: undefined, extensions: undefined });
      Object.assign(args, { document: undefined, contextValue: undefined, rootValue: undefined, variableValues: undefined });
    },
  };
}

/** For slow networks and busy machines: a client has this long to send connection_init. */
const connectionInitTimeoutMs = 10_000;

interface Payload {
  readonly query: string;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

interface Prepared {
  readonly extra: Extra;
  readonly operation: RunningOperation;
  readonly payload: Payload;
  readonly execute: (args: ExecutionArgs) => Promise<ExecutionResult> | ExecutionResult;
  readonly subscribe: (args: ExecutionArgs) => Promise<AsyncIterableIterator<ExecutionResult> | Delivered | ExecutionResult>;
}

/**
 * Parses and validates one operation. Returns its errors, which do not affect other operations of
 * the socket.
 */
async function prepare(
  { graphql, persisted }: Pick<OperationParts, 'graphql' | 'persisted'>,
  payload: Payload,
  { extra, operation, ...client }: Client & Pick<Prepared, 'extra' | 'operation'> & { readonly sink: ResultSink },
): Promise<ExecutionArgs | readonly GraphQLError[]> {
  const { operationName, variables, ...requested } = payload;
  let document: DocumentNode;
  let enveloped: ReturnType<GraphQLEndpoint['getEnveloped']>;
  try {
    const query = persisted.documentOf(requested) ?? '';
    enveloped = graphql.getEnveloped({ params: { query, operationName, variables }, ...client });
    document = enveloped.parse(query) as DocumentNode;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    return [withoutStatus(error)];
  }
  const { schema, execute, subscribe, contextFactory, validate } = enveloped;
  if (getOperationAST(document, operationName) == null) return [unknownOperation()];
  const errors = validate(schema, document) as readonly GraphQLError[];
  if (errors.length > 0) return errors.map(withoutStatus);
  return {
    schema: schema as ExecutionArgs['schema'],
    document,
    ...(operationName === undefined ? {} : { operationName }),
    ...(variables === undefined || variables === null ? {} : { variableValues: variables }),
    contextValue: await contextFactory(),
    rootValue: { execute, subscribe, extra, operation, payload } satisfies Prepared,
  };
}

/** Sends the results of one operation in frames of graphql-transport-ws. */
class OperationSink implements ResultSink {
  private readonly envelope: Envelope;

  constructor(
    private readonly writer: SocketWriter,
    id: string,
  ) {
    this.envelope = new Envelope(`{"id":${JSON.stringify(id)},"type":"next","payload":`, '}');
  }

  hasRoom(): boolean {
    return this.writer.room.hasRoom;
  }

  onDrain(listener: DrainListener): void {
    this.writer.room.onDrain(listener);
  }

  send(encoded: EncodedMessage): void {
    this.writer.send(this.envelope, encoded);
  }
}

function tooMany(limit: number): GraphQLError {
  return new LimitError(`expected at most ${limit} running operations on one WebSocket, got another one; complete some first`);
}

function tooLong({ length }: string): LimitError | null {
  if (length <= maxIdLength) return null;
  return new LimitError(`expected an operation id of at most ${maxIdLength} characters, got ${length}`);
}

function notAcknowledged(): GraphQLError {
  return new GraphQLError('The connection was not acknowledged.', { extensions: { code: 'UNAUTHENTICATED' } });
}
