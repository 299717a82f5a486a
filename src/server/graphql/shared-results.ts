import { visibilityKeyOf } from '../../auth/visibility.ts';
import type { Caller } from '../../auth/caller.ts';
import { execute, getOperationAST, type DocumentNode, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Metrics } from '../../metrics.ts';
import { EncodedMessage } from '../../transport/socket-writer.ts';
import { resultVariables } from './result-variables.ts';

/** The results of one operation, for all subscriptions that share it. To be disposed of as often as it was asked for. */
export interface OperationResults extends Disposable {
  /** The result of the source's next value; values with the same identity have the same content. At once, where nothing is read for it. */
  resultOf(value: object, identity: string | number): EncodedMessage | Promise<EncodedMessage>;
}

export interface SharedResultsParts {
  /** What of an error its callers may see. */
  readonly maskError: (error: GraphQLError) => Error;
  readonly metrics: Metrics;
}

/**
 * Executes and encodes each message of a subscription once, for all that would get the same.
 *
 * Assumes: validated operations that got their source; results that depend on nothing but the document, the operation's
 * name, the variables used outside the root field's arguments, what the caller sees, and the value. Promises: what executing for each one
 * would give, to the letter: GraphQL executes, and what is shared is its whole result. A result for which the database is
 * read is shared by those who ask in the same turn of the event loop, so that nobody gets what was read before. Of the
 * others, which never change, it keeps `mostCharacters` of JSON, the latest.
 */
export function createSharedResults({ maskError, metrics }: SharedResultsParts): (args: ExecutionArgs) => OperationResults {
  const operations = new Map<string, Operation>();
  const cached: CachedResult[] = [];
  let characters = 0;

  /** Keeps a result under its identity, and lets go of the oldest. */
  const addToCache = (each: CachedResult): void => {
    cached.push(each);
    characters += each.characters;
    while (characters > maxCacheCharacters) {
      const oldest = cached.shift();
      if (oldest === undefined) return;
      characters -= oldest.characters;
      oldest.results.delete(oldest.identity);
    }
  };
  const encode = (result: ExecutionResult): EncodedMessage => {
    metrics.encoded.inc();
    const masked =
      result.errors === undefined ? result : { ...result, errors: result.errors.map((error) => maskError(error) as GraphQLError) };
    return new EncodedMessage(JSON.stringify(masked));
  };
  const open = (key: string, { schema, document, operationName, variableValues, contextValue }: ExecutionArgs): Operation => {
    const results = new Map<string | number, EncodedMessage | Promise<EncodedMessage>>();
    const evict = (identity: string | number): void => void results.delete(identity);
    const made: Operation = {
      users: 0,
      resultOf(value, identity) {
        const known = results.get(identity);
        if (known !== undefined) return known;
        // A context of its own, since resolvers keep in it what they have read.
        const executed = execute({
          schema,
          document,
          operationName,
          variableValues,
          rootValue: value,
          contextValue: Object.assign({}, contextValue),
        });
        if (executed instanceof Promise) {
          const encoded = executed.then(encode);
          results.set(identity, encoded);
          // Whoever asks later is to get what is stored by then.
          process.nextTick(evict, identity);
          return encoded;
        }
        const encoded = encode(executed);
        results.set(identity, encoded);
        addToCache({ results, identity, characters: encoded.json.length });
        return encoded;
      },
      [Symbol.dispose]() {
        made.users -= 1;
        if (made.users === 0) operations.delete(key);
      },
    };
    operations.set(key, made);
    return made;
  };

  return (args) => {
    const key = keyOf(args);
    const operation = operations.get(key) ?? open(key, args);
    operation.users += 1;
    return operation;
  };
}

interface Operation extends OperationResults {
  users: number;
}

interface CachedResult {
  readonly results: Map<string | number, unknown>;
  readonly identity: string | number;
  readonly characters: number;
}

/** The document's text, since errors tell places in it, and what its caller sees. */
function keyOf({ document, operationName, variableValues, contextValue }: ExecutionArgs): string {
  const { caller } = contextValue as { readonly caller: Caller };
  const names = resultVariableNames(document, operationName ?? null);
  const variables = names.map((name) => variableValues?.[name]).map((value) => (value === undefined ? null : [value]));
  return JSON.stringify([document.loc?.source.body, operationName ?? null, variables, visibilityKeyOf(caller)]);
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
