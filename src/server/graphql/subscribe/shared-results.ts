import { createHash } from 'node:crypto';
import {
  execute,
  getOperationAST,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { backoffDelayMs } from '../../../concurrency/retry.ts';
import { sleep } from '../../../concurrency/sleep.ts';
import { runInLaterSlices } from '../../../concurrency/time-slices.ts';
import { stringifyJsonInSteps } from '../../../json/stringify-in-steps.ts';
import { stringifyJson } from '../../../json/stringify-json.ts';
import type { Caller, Client } from '../../../auth/caller.ts';
import { visibilityKeyOf } from '../../../auth/visibility.ts';
import type { Metrics } from '../../../metrics.ts';
import { readBackoff } from '../../../subscriptions/source.ts';
import type { SubscriptionMemory } from '../../../subscriptions/subscription-memory.ts';
import { EncodedMessage } from '../../../transport/socket-writer.ts';
import { documentBytes } from '../limits/document-nodes.ts';
import { compileResults, type ResultWriter, type Written } from '../compiled/compiled-results.ts';
import { isLargerInSteps, isLargerThan } from '../../../json/json-size.ts';
import { maxBytesAtOnce } from '../limits/large-result.ts';
import { LimitError } from '../limits/limit-error.ts';
import { resultDocument, type ResultDocument } from '../compiled/result-document.ts';

/**
 * The results of one operation, for all subscriptions that share it. Each user disposes it once.
 */
export interface OperationResults extends Disposable {
  /**
   * The result for the source's next value. Assumes that values with the same identity have the
   * same content. Returns a promise only if the execution reads the database; it waits while the database cannot be
   * reached.
   */
  resultOf(value: object, identity: string | number): EncodedMessage | Promise<EncodedMessage>;
}

export interface SharedResultsParts {
  /** The error as clients see it. */
  readonly maskError: (error: GraphQLError) => Error;
  readonly metrics: Metrics;
  /** The limit of a message, which one event never exceeds unless its fields are selected several times. */
  readonly maxMessageBytes: number;
  readonly memory: SubscriptionMemory;
}

/**
 * Executes and encodes each message of a subscription once, for all subscriptions with the same
 * result.
 *
 * Assumes: validated operations whose source exists. Their results depend only on the document, the
 * operation's name, the value, what the caller sees, and the `resultVariables` of its document.
 * Guarantees: exactly the result that an execution for each subscription would give, because
 * GraphQL executes and only whole results are shared. A result that needs the database is shared
 * only within one turn of the event loop, so that no subscription gets an older read. Other results
 * never change: while several subscriptions share an operation, the cache keeps the latest ones, up to
 * `maxCacheBytes` of JSON. Of the request
 * only what results need is kept, and charged to the client; throws LIMIT_EXCEEDED beyond its bound.
 */
export function createSharedResults({
  maskError,
  metrics,
  maxMessageBytes,
  memory,
}: SharedResultsParts): (args: ExecutionArgs) => OperationResults {
  const operations = new Map<string, Operation>();
  /** Bounds the results of all operations together; evicting one removes it from its operation. */
  const cache = new LRUCache<CacheKey, number>({
    maxSize: maxCacheBytes,
    sizeCalculation: (characters) => characters,
    dispose: (_characters, { results, identity }) => void results.delete(identity),
  });

  const masked = (result: ExecutionResult): ExecutionResult =>
    result.errors === undefined ? result : { ...result, errors: result.errors.map((error) => maskError(error) as GraphQLError) };
  const maxWrittenBytes = Math.min(maxMessageBytes, maxBytesAtOnce);
  const encode = (result: ExecutionResult): EncodedMessage | Promise<EncodedMessage> => {
    if (isLargerThan(result.data, maxWrittenBytes)) return encodeLarge(result);
    metrics.encoded.inc();
    return new EncodedMessage(stringifyJson(masked(result)));
  };
  const encodeLarge = async (result: ExecutionResult): Promise<EncodedMessage> => {
    if (await runInLaterSlices(isLargerInSteps(result.data, maxMessageBytes)))
      return encode({ errors: [messageTooLarge(maxMessageBytes)] });
    metrics.encoded.inc();
    return new EncodedMessage(await runInLaterSlices(stringifyJsonInSteps(masked(result))));
  };
  const open = (key: string, { schema, contextValue, operationName }: ExecutionArgs, { document, variables }: KeptRequest): Operation => {
    const results = new Map<string | number, EncodedMessage | Promise<EncodedMessage>>();
    const keptContext = Object.assign({}, contextValue, { params: undefined, request: undefined });
    const evict = (identity: string | number): void => void results.delete(identity);
    const keep = (identity: string | number, message: EncodedMessage): void => {
      results.set(identity, message);
      if (message.byteLength <= maxCacheBytes) cache.set({ results, identity }, message.byteLength);
      else process.nextTick(evict, identity);
    };
    /** Compiled at the first result; null: GraphQL executes all. */
    let writer: ResultWriter | null | undefined;
    // A context of its own for each, because resolvers store loaders in it that remember what they read.
    const write = (rootValue: object): EncodedMessage | Exclude<Written, object> => {
      if (writer === undefined) writer = compileResults({ schema, document, operationName, variableValues: variables });
      const contextValue = Object.assign({}, keptContext);
      const written = writer?.writeAtOnce({ rootValue, contextValue, maxBytes: maxWrittenBytes }) ?? 'UNKNOWN';
      if (typeof written === 'string') return written;
      metrics.encoded.inc();
      return new EncodedMessage(written.json);
    };
    const run = (value: object): ExecutionResult | Promise<ExecutionResult> => {
      const contextValue = Object.assign({}, keptContext);
      return execute({ schema, document, operationName, variableValues: variables, rootValue: value, contextValue });
    };
    const closed = new AbortController();
    /** A message without the events that could not be read would be lost, since the next ones follow it. */
    const runUntilAvailable = async (value: object, executed: Promise<ExecutionResult>): Promise<ExecutionResult> => {
      let result = await executed;
      for (let failures = 0; isTemporary(result) && !closed.signal.aborted; failures += 1) {
        await sleep(backoffDelayMs(readBackoff, failures), closed.signal);
        result = await run(value);
      }
      return result;
    };
    const opened: Operation = {
      users: 0,
      resultOf(value, identity) {
        const known = results.size === 0 ? undefined : results.get(identity);
        if (known !== undefined) return known;
        const written = write(value);
        const executed = written instanceof EncodedMessage ? written : run(value);
        // Whether it is large is known, and takes long to find out.
        const encodeResult = written === 'TOO_LARGE' ? encodeLarge : encode;
        const encoded =
          executed instanceof EncodedMessage
            ? executed
            : executed instanceof Promise
              ? runUntilAvailable(value, executed).then(encodeResult)
              : encodeResult(executed);
        if (opened.users === 1) return encoded;
        results.set(identity, encoded);
        if (executed instanceof Promise) process.nextTick(evict, identity); // a later request reads again
        else if (encoded instanceof EncodedMessage) keep(identity, encoded);
        else encoded.then((message) => keep(identity, message)).catch(() => evict(identity));
        return encoded;
      },
      [Symbol.dispose]() {
        opened.users -= 1;
        if (opened.users > 0) return;
        operations.delete(key);
        closed.abort();
      },
    };
    operations.set(key, opened);
    return opened;
  };

  return (args) => {
    const request = keptRequestOf(args);
    const key = keyOf(args, request);
    const { reader } = args.contextValue as Pick<Client, 'reader'>;
    const kept = memory.keep(reader.client, { bytes: 0, shared: { key: `results ${key}`, bytes: request.bytes } });
    const operation = operations.get(key) ?? open(key, args, request);
    operation.users += 1;
    return new UsedOperation(operation, kept);
  };
}

/** The use of an operation by one subscription. */
class UsedOperation implements OperationResults {
  constructor(
    private readonly operation: Operation,
    private readonly kept: Disposable,
  ) {}

  resultOf(value: object, identity: string | number): EncodedMessage | Promise<EncodedMessage> {
    return this.operation.resultOf(value, identity);
  }

  [Symbol.dispose](): void {
    this.operation[Symbol.dispose]();
    this.kept[Symbol.dispose]();
  }
}

/** Whether some part of a message could not be read now, but can be later. */
function isTemporary({ errors = [] }: ExecutionResult): boolean {
  return errors.some(({ extensions }) => extensions['retryAfterMs'] !== undefined);
}

function messageTooLarge(maxBytes: number): LimitError {
  return new LimitError(
    `expected a message of at most ${maxBytes} bytes, got a larger one; select large fields once, or raise TIDINGS_MAX_RESPONSE_BYTES`,
  );
}

interface Operation extends OperationResults {
  users: number;
}

interface CacheKey {
  readonly results: Map<string | number, unknown>;
  readonly identity: string | number;
}

/** What is kept of a subscription's request. */
interface KeptRequest {
  readonly document: DocumentNode;
  /** All that the document has, and those on which results depend. */
  readonly variables: Variables;
  readonly resultVariables: Variables;
  /** About the memory that it takes. */
  readonly bytes: number;
}

type Variables = Readonly<Record<string, unknown>>;

function keptRequestOf({ schema, document, operationName, variableValues }: ExecutionArgs): KeptRequest {
  const kept = resultDocumentOf(schema, document, operationName ?? null);
  const valuesOf = (names: readonly string[]): Variables =>
    Object.fromEntries(names.flatMap((name) => (variableValues?.[name] === undefined ? [] : [[name, variableValues[name]]])));
  const variables = valuesOf(kept.variables);
  const bytes = kept.bytes + bytesPerCharacter * stringifyJson(variables).length;
  return { document: kept.document, variables, resultVariables: valuesOf(kept.resultVariables), bytes };
}

/**
 * Includes the document's text, because errors contain locations in it, and what the caller sees. A
 * hash, since the text can be long.
 */
function keyOf({ document, operationName, contextValue }: ExecutionArgs, { resultVariables }: KeptRequest): string {
  const { caller } = contextValue as { readonly caller: Caller };
  const identity = [document.loc?.source.body, operationName ?? null, resultVariables, visibilityKeyOf(caller)];
  return createHash('sha256').update(stringifyJson(identity)).digest('base64');
}

function resultDocumentOf(schema: GraphQLSchema, document: DocumentNode, operationName: string | null): KeptDocument {
  const known = keptDocuments.get(document)?.get(operationName);
  if (known !== undefined) return known;
  const operation = getOperationAST(document, operationName);
  const found = operation == null ? { document, variables: [], resultVariables: [] } : resultDocument(schema, document, operation);
  const kept = { ...found, bytes: documentBytes(found.document) };
  keptDocuments.set(document, new Map(keptDocuments.get(document)).set(operationName, kept));
  return kept;
}

type KeptDocument = ResultDocument & { readonly bytes: number };

const keptDocuments = new WeakMap<DocumentNode, ReadonlyMap<string | null, KeptDocument>>();
/** Of a variable's JSON, parsed. */
const bytesPerCharacter = 8;
const maxCacheBytes = 4_000_000;
