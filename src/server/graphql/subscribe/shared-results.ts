import { execute, getOperationAST, type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import { stringifyJson } from '../../../json/stringify-json.ts';
import type { Caller } from '../../../auth/caller.ts';
import { visibilityKeyOf } from '../../../auth/visibility.ts';
import type { Metrics } from '../../../metrics.ts';
import { EncodedMessage } from '../../../transport/socket-writer.ts';
import { isLargerThan } from '../limits/json-size.ts';
import { LimitError } from '../limits/limit-error.ts';
import { resultVariables } from './result-variables.ts';

/**
 * The results of one operation, for all subscriptions that share it. Each user disposes it once.
 */
export interface OperationResults extends Disposable {
  /**
   * The result for the source's next value. Assumes that values with the same identity have the
   * same content. Returns a promise only if the execution reads the database.
   */
  resultOf(value: object, identity: string | number): EncodedMessage | Promise<EncodedMessage>;
}

export interface SharedResultsParts {
  /** The error as clients see it. */
  readonly maskError: (error: GraphQLError) => Error;
  readonly metrics: Metrics;
  /** The limit of a message, which one event never exceeds unless its fields are selected several times. */
  readonly maxMessageBytes: number;
}

/**
 * Executes and encodes each message of a subscription once, for all subscriptions with the same
 * result.
 *
 * Assumes: validated operations whose source exists. Their results depend only on the document, the
 * operation's name, the value, what the caller sees, and the variables that `resultVariables`
 * returns.
 * Guarantees: exactly the result that an execution for each subscription would give, because
 * GraphQL executes and only whole results are shared. A result that needs the database is shared
 * only within one turn of the event loop, so that no subscription gets an older read. Other results
 * never change: the cache keeps the latest ones, up to `maxCacheCharacters` of JSON.
 */
export function createSharedResults({
  maskError,
  metrics,
  maxMessageBytes,
}: SharedResultsParts): (args: ExecutionArgs) => OperationResults {
  const operations = new Map<string, Operation>();
  /** Bounds the results of all operations together; evicting one removes it from its operation. */
  const cache = new LRUCache<CacheKey, number>({
    maxSize: maxCacheCharacters,
    sizeCalculation: (characters) => characters,
    dispose: (_characters, { results, identity }) => void results.delete(identity),
  });

  const encode = (result: ExecutionResult): EncodedMessage => {
    if (isLargerThan(result.data, maxMessageBytes)) return encode({ errors: [messageTooLarge(maxMessageBytes)] });
    metrics.encoded.inc();
    const masked =
      result.errors === undefined ? result : { ...result, errors: result.errors.map((error) => maskError(error) as GraphQLError) };
    return new EncodedMessage(stringifyJson(masked));
  };
  const open = (key: string, { schema, document, operationName, variableValues, contextValue }: ExecutionArgs): Operation => {
    const results = new Map<string | number, EncodedMessage | Promise<EncodedMessage>>();
    const evict = (identity: string | number): void => void results.delete(identity);
    const opened: Operation = {
      users: 0,
      resultOf(value, identity) {
        const known = results.get(identity);
        if (known !== undefined) return known;
        // A context of its own, because resolvers store loaders in it that remember what they read.
        const executed = execute({
          schema,
          document,
          operationName,
          variableValues,
          rootValue: value,
          contextValue: Object.assign({}, contextValue),
        });
        const encoded = executed instanceof Promise ? executed.then(encode) : encode(executed);
        results.set(identity, encoded);
        if (encoded instanceof EncodedMessage && encoded.json.length <= maxCacheCharacters) {
          cache.set({ results, identity }, encoded.json.length);
        } else {
          process.nextTick(evict, identity); // a later request reads again
        }
        return encoded;
      },
      [Symbol.dispose]() {
        opened.users -= 1;
        if (opened.users === 0) operations.delete(key);
      },
    };
    operations.set(key, opened);
    return opened;
  };

  return (args) => {
    const key = keyOf(args);
    const operation = operations.get(key) ?? open(key, args);
    operation.users += 1;
    return operation;
  };
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

/**
 * Includes the document's text, because errors contain locations in it, and what the caller sees.
 */
function keyOf({ document, operationName, variableValues, contextValue }: ExecutionArgs): string {
  const { caller } = contextValue as { readonly caller: Caller };
  const names = resultVariableNames(document, operationName ?? null);
  const variables = names.map((name) => variableValues?.[name]).map((value) => (value === undefined ? null : [value]));
  return stringifyJson([document.loc?.source.body, operationName ?? null, variables, visibilityKeyOf(caller)]);
}

function resultVariableNames(document: DocumentNode, operationName: string | null): readonly string[] {
  const known = resultVariablesByDocument.get(document)?.get(operationName);
  if (known !== undefined) return known;
  const operation = getOperationAST(document, operationName);
  const names = operation === null || operation === undefined ? [] : resultVariables(document, operation);
  resultVariablesByDocument.set(document, new Map(resultVariablesByDocument.get(document)).set(operationName, names));
  return names;
}

const resultVariablesByDocument = new WeakMap<DocumentNode, ReadonlyMap<string | null, readonly string[]>>();
const maxCacheCharacters = 4_000_000;
